package claim

import (
	"crypto/rand"
	"encoding/hex"
	mathrand "math/rand/v2"
	"time"
)

// Dice are where random names and pauses come from.
type Dice struct {
	ID   func() string  // a new random name, as of [NewID]
	Draw func() float64 // a random number in [0, 1)
}

// NewDice are the ones of every program.
func NewDice() Dice { return Dice{NewID, mathrand.Float64} }

// NewID is a random name: 32 hexadecimal digits.
func NewID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

// pause is drawn anew each time and grows with the tries that were lost.
func (d Dice) pause(tries int) time.Duration {
	most := min(25*time.Millisecond<<min(tries, 6), time.Second)
	return time.Duration(d.Draw() * float64(most))
}
