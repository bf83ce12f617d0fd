package sim

import (
	"runtime"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
)

// runSeed runs one seed.
func runSeed(t *testing.T, seed uint64, v variant, keep bool) (out *world) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		out = newWorld(t, newPlan(seed, v), v)
		out.trace.keep = keep
		out.run()
	})
	return out
}

// runSeeds runs the seeds from 1 to n on all processors, until see says stop. It returns
// what happened in all of them together.
func runSeeds(t *testing.T, n uint64, v variant, see func(w *world) (stop bool)) tally {
	t.Helper()
	var mu sync.Mutex
	var last uint64
	stop, total := false, tally{}
	draw := func() (seed uint64, ok bool) {
		mu.Lock()
		defer mu.Unlock()
		last++
		return last, last <= n && !stop
	}
	t.Run("seeds", func(t *testing.T) {
		for i := range runtime.GOMAXPROCS(0) {
			t.Run(strconv.Itoa(i), func(t *testing.T) {
				t.Parallel()
				for seed, ok := draw(); ok; seed, ok = draw() {
					w := runSeed(t, seed, v, false)
					mu.Lock()
					total.add(w.tally)
					stop = see(w) || stop
					mu.Unlock()
				}
			})
		}
	})
	return total
}
