package bench

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"testing"
	"time"

	"auto-consul/lib/scripttest"
)

// BenchmarkVacancy is what the store is asked, beside the heartbeats, when one of three
// servers dies and a thousand clients notice, until a client has its place, and how many
// clients are started again for it. The clients are lib/node's, with agents that are
// models, in virtual time: a test there that also runs by itself.
func BenchmarkVacancy(b *testing.B) {
	const rounds = 12
	cmd := exec.Command("go", "test", "-v", fmt.Sprint("-count=", rounds), "-run=^TestThousandClientsFillOnePlace$", "./lib/node")
	cmd.Dir = filepath.Dir(scripttest.Bin())
	out, err := cmd.CombinedOutput()
	if err != nil {
		b.Fatalf("%v: %s", err, out)
	}
	for _, name := range []string{"requests", "restarts"} {
		var figures []float64
		for _, found := range regexp.MustCompile(`(?m)^=== ATTR +\S+ `+name+` (\d+)$`).FindAllSubmatch(out, -1) {
			figure, err := strconv.ParseFloat(string(found[1]), 64)
			if err != nil {
				b.Fatal(err)
			}
			figures = append(figures, figure)
		}
		if len(figures) != rounds {
			b.Fatalf("got %d figures of %s, want %d: %s", len(figures), name, rounds, out)
		}
		reportSpread(b, name, "", figures)
	}
}

// BenchmarkReplacement is one server of three after the other that is killed for good,
// until a client in its place votes: with Consul's own settings, an expiry of 12 s and a
// grace of 1 s. What is left of that time beside the two is reported, too. BENCH_DEATHS is
// the number of rounds.
func BenchmarkReplacement(b *testing.B) {
	const expiry, grace = 12 * time.Second, time.Second
	rounds := 10
	if text := os.Getenv("BENCH_DEATHS"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			b.Fatalf("bad BENCH_DEATHS %q: want a number of rounds", text)
		}
		rounds = n
	}
	f := newFleet(b, expiry, grace)
	for range 5 {
		f.add()
	}
	await(b, "three voters and two clients", func() error { return f.settled(3, 2) })
	var all, beside []float64
	for range rounds {
		gone := f.anyServer()
		begin := time.Now()
		f.kill(gone)
		await(b, "a client's vote", func() error { return f.settled(3, 1) })
		took := time.Since(begin)
		all, beside = append(all, took.Seconds()), append(beside, (took-expiry-grace).Seconds())
		f.add() // a client for the next round
		await(b, "another client", func() error { return f.settled(3, 2) })
	}
	reportSpread(b, "all", "-s", all)
	reportSpread(b, "beside-expiry-and-grace", "-s", beside)
}

// reportSpread prints a line with the median, the least and the most of figures.
func reportSpread(b *testing.B, name, unit string, figures []float64) {
	b.Run(name, func(b *testing.B) {
		sorted := slices.Sorted(slices.Values(figures))
		report(b, map[string]float64{
			"rounds": float64(len(sorted)), "median" + unit: (sorted[(len(sorted)-1)/2] + sorted[len(sorted)/2]) / 2,
			"min" + unit: sorted[0], "max" + unit: sorted[len(sorted)-1],
		})
	})
}
