package bench

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"auto-consul/lib/wire"
)

// BenchmarkMembers is ac-members beside a bare listing of the same heartbeats,
// with five addresses a role read and with all. BENCH=full reads 100,000, too.
func BenchmarkMembers(b *testing.B) {
	for _, n := range []int{1_000, 10_000, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			s := newServer(b)
			s.fill(b, n)
			b.Run("five", func(b *testing.B) { benchMembers(b, s, n, "-limit=5") })
			if n < 100_000 || full() {
				b.Run("all", func(b *testing.B) { benchMembers(b, s, n, "-limit=0") })
			}
		})
	}
}

func benchMembers(b *testing.B, s *s3server, n int, limit string) {
	var own, bare []time.Duration
	peak, least := 0.0, 0.0
	s.Forget()
	for b.Loop() {
		for range 3 { // enough for a median where one takes longer than the benchmark
			l := runList(b, s, n)
			bare, least = append(bare, l.wall), max(least, l.peak)
			m := run(b, s.env, "ac-members", "-r", url, "-e", "24h", "-purge=false", "-timeout=10m", limit)
			var doc wire.Members
			if err := json.Unmarshal(m.out, &doc); err != nil || doc.AgentsTotal != n || doc.ServersTotal != 5 {
				b.Fatalf("got %d agents, %d servers, %v", doc.AgentsTotal, doc.ServersTotal, err)
			}
			own, peak = append(own, m.wall), max(peak, m.peak)
		}
	}
	pages := (n + 999) / 1000
	report(b, map[string]float64{
		"ms":        milliseconds(median(own)),
		"x-listing": float64(median(own)) / float64(median(bare)),
		"peak-MB":   peak,
		"x-peak":    peak / least,
		"requests":  float64(s.Count(nil))/float64(len(own)) - float64(pages),
	})
}
