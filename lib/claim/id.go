package claim

import (
	"crypto/rand"
	"encoding/hex"
)

// NewID is a new random name of 128 bits: for a cluster, an incarnation, a write.
func NewID() string {
	b := make([]byte, 16)
	_, _ = rand.Read(b) // never fails
	return hex.EncodeToString(b)
}
