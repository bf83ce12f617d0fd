package bench

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"auto-consul/lib/scripttest"
)

// BenchmarkStart is a program's start and end with nothing done between, beside
// that of the smallest program there is.
func BenchmarkStart(b *testing.B) {
	env := scripttest.Environ(b.TempDir())
	for _, name := range []string{"ac-members", "ac-decide", "ac-exec", "ac-heartbeat"} {
		b.Run(name, func(b *testing.B) {
			info, err := os.Stat(filepath.Join(scripttest.Bin(), name))
			if err != nil {
				b.Fatal(err)
			}
			var own, least []time.Duration
			peak := 0.0
			for b.Loop() {
				least = append(least, run(b, env, "/bin/true").wall)
				m := run(b, env, name, "-h")
				own, peak = append(own, m.wall), max(peak, m.peak)
			}
			report(b, map[string]float64{
				"MB": float64(info.Size()) / 1e6, "ms": milliseconds(median(own)), "x-true": ratio(own, least), "peak-MB": peak,
			})
		})
	}
}
