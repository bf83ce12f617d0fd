package sim

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// tally counts what happened.
type tally map[string]int

// most begins the name of what is not added up: the most of it that a run had.
const most = "most "

// count takes note that something happened once more. w.mu is held.
func (w *world) count(what string) { w.tally[what]++ }

// peak takes note of how much there was of something. w.mu is held.
func (w *world) peak(what string, n int) { w.tally[most+what] = max(n, w.tally[most+what]) }

func (t tally) add(other tally) {
	for what, n := range other {
		if strings.HasPrefix(what, most) {
			t[what] = max(t[what], n)
		} else {
			t[what] += n
		}
	}
}

func (t tally) String() string {
	var b strings.Builder
	for _, what := range slices.Sorted(maps.Keys(t)) {
		fmt.Fprintf(&b, "%10d %s\n", t[what], what)
	}
	return b.String()
}
