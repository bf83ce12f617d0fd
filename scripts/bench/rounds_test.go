package bench

import (
	"testing"
	"time"

	"auto-consul/lib/storetest"
)

// BenchmarkRounds is a decision whose every request takes 50 ms: how much longer
// than without, in requests that had to wait for each other.
func BenchmarkRounds(b *testing.B) {
	const delay = 50 * time.Millisecond
	for _, d := range decisions {
		b.Run(d.name, func(b *testing.B) {
			var quick, slow []time.Duration
			for b.Loop() {
				_, argv, env := d.prep(b)
				quick = append(quick, run(b, env, argv...).wall)
				s, argv, env := d.prep(b)
				s.SetFault(func(storetest.Request) storetest.Fault { return storetest.Fault{Delay: delay} })
				slow = append(slow, run(b, env, argv...).wall)
			}
			report(b, map[string]float64{
				"quick-ms": milliseconds(median(quick)), "slow-ms": milliseconds(median(slow)),
				"rounds": float64(median(slow)-median(quick)) / float64(delay),
			})
		})
	}
}
