package claim

import (
	"crypto/rand"
	"encoding/hex"
	mathrand "math/rand/v2"
	"time"
)

// Random is where random names and the lengths of pauses come from.
type Random struct {
	ID   func() string  // returns a new random name, as [NewID] does
	Draw func() float64 // returns a random number in [0, 1)
}

// NewRandom returns the source that every program uses.
func NewRandom() Random { return Random{NewID, mathrand.Float64} }

// NewID returns a random name of 32 hexadecimal digits.
func NewID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

// pause returns how long to wait after so many swaps were lost: a random time of up to
// 50 ms after the first, which doubles with each, and a second at most (R2).
func (r Random) pause(tries int) time.Duration {
	most := min(25*time.Millisecond<<min(tries, 6), time.Second)
	return time.Duration(r.Draw() * float64(most))
}
