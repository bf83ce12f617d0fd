package sim

import (
	"fmt"
	"math/rand/v2"
	"time"

	"auto-consul/lib/claim"
)

// mix is a random number that depends on its arguments alone. What happens to a
// request is drawn with it: requests that one node sends side by side come in no
// order, so that a sequence of numbers would be dealt out differently each time.
func mix(words ...uint64) uint64 {
	h := uint64(0x9e3779b97f4a7c15)
	for _, w := range words {
		h ^= w
		h += 0x9e3779b97f4a7c15
		h = (h ^ h>>30) * 0xbf58476d1ce4e5b9
		h = (h ^ h>>27) * 0x94d049bb133111eb
		h ^= h >> 31
	}
	return h
}

// name is a string's number for mix.
func name(parts ...string) uint64 {
	h := uint64(14695981039346656037)
	for _, s := range parts {
		for i := range len(s) {
			h = (h ^ uint64(s[i])) * 1099511628211
		}
		h *= 31
	}
	return h
}

// chance is a random number from mix in [0, 1).
func chance(h uint64) float64 { return float64(h>>11) / (1 << 53) }

// span is a random duration from mix in [from, to). It has nanoseconds, so that
// no two things happen at one moment and a run can be replayed.
func span(h uint64, from, to time.Duration) time.Duration {
	return from + time.Duration(chance(h)*float64(to-from))
}

// random is one goroutine's sequence of random numbers.
type random struct{ *rand.Rand }

func newRandom(words ...uint64) random { return random{rand.New(rand.NewPCG(mix(words...), 1))} }

func (d random) span(from, to time.Duration) time.Duration { return span(d.Uint64(), from, to) }

func (d random) hit(probability float64) bool { return d.Float64() < probability }

func (d random) id() string { return fmt.Sprintf("%016x%016x", d.Uint64(), d.Uint64()) }

// claimRandom is the randomness that the code under test is given.
func (d random) claimRandom() claim.Random { return claim.Random{ID: d.id, Draw: d.Float64} }

// pick draws one of several things.
func pick[T any](d random, of ...T) T { return of[d.IntN(len(of))] }

// pickBy picks by a number from mix.
func pickBy[T any](h uint64, of ...T) T { return of[h%uint64(len(of))] }
