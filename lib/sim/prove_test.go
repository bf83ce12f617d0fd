package sim

import (
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

// full is how many seeds PROVE=full has.
const full = 10_000

// TestProve runs many seeds and wants nothing that must never be. PROVE=full
// runs very many, PROVE=n so many, PROVE_SEED=n one, with its story.
func TestProve(t *testing.T) {
	if text := os.Getenv("PROVE_SEED"); text != "" {
		tell(t, text)
		return
	}
	runs := wanted(t, os.Getenv("PROVE"))
	total := runSeeds(t, runs, variant{}, func(w *world) bool {
		if len(w.verdicts) > 0 {
			t.Errorf("PROVE_SEED=%d shows:\n%s", w.seed, strings.Join(w.verdicts, "\n"))
		}
		return false
	})
	t.Logf("what happened:\n%s", total)
	for _, k := range allKinds() {
		if runs >= 100 && total["fault: "+k.name] == 0 {
			t.Errorf("no run had %s", k.name)
		}
	}
	if runs >= 100 && total["promotions"] == 0 {
		t.Error("no client took a place")
	}
	if runs >= 100 && total["records mended"] == 0 { // (R53)
		t.Error("no time of a record lay in the future and was mended")
	}
	if runs >= 100 && total["clusters restarted while the store was away"] == 0 {
		t.Error("no cluster was restarted while the store was away")
	}
	if runs >= 100 && total["step-downs"] == 0 {
		t.Error("no server stepped down")
	}
	for what, least := range map[string]uint64{zonesGone: 100, zoneTaken: 1000, zoneBorn: 1000} { // (R52)
		if runs >= least && total[what] == 0 {
			t.Errorf("no run had %s", what)
		}
	}
	if runs >= 100 && (total["snapshots"] == 0 || total["end: looked for a snapshot"] == 0) { // (R54)
		t.Error("no leader kept a snapshot")
	}
	if runs >= 100 && total["restores"] == 0 { // (R55)
		t.Error("no cluster was restored")
	}
	if runs >= 100 && total[quorumRecovered] == 0 { // (R56, R57)
		t.Error("no lost quorum was recovered")
	}
	ticks, beats := total["ticks of clients of a sample"], total["heartbeats of clients of a sample"]
	if runs >= 100 && (beats == 0 || 2*beats > ticks) { // (R47)
		t.Errorf("got %d heartbeats at %d ticks of clients that leave them out, want fewer than half", beats, ticks)
	}
}

// seeds returns how many seeds of a number are run: with -short a tenth of them.
func seeds(number uint64) uint64 {
	if testing.Short() {
		return number / 10
	}
	return number
}

func wanted(t *testing.T, text string) (runs uint64) {
	switch text {
	case "":
		return seeds(defaultSeeds)
	case "full":
		return full
	}
	runs, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("bad PROVE: %v", err)
	}
	return runs
}

func tell(t *testing.T, text string) {
	seed, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("bad PROVE_SEED: %v", err)
	}
	w := runSeed(t, seed, variant{}, true)
	t.Logf("seed %d, %+v\n%s\n%s", seed, w.plan.policy, strings.Join(w.lines, "\n"), w.tally)
	if len(w.verdicts) > 0 {
		t.Errorf("got:\n%s\nwant nothing of that", strings.Join(w.verdicts, "\n"))
	}
}

// TestReplay wants a seed to tell one story, also where the nodes' clocks are years away
// from the store's: nothing may rest on them (R4).
func TestReplay(t *testing.T) {
	t.Parallel()
	for seed := range max(1, seeds(defaultSeeds/20)) {
		want := runSeed(t, seed, variant{}, true)
		for _, ahead := range []time.Duration{0, 7 * years, -13 * years} {
			got := runSeed(t, seed, variant{ahead: ahead}, true)
			if got.sum == want.sum {
				continue
			}
			i := 0
			for i < min(len(got.lines), len(want.lines)) && got.lines[i] == want.lines[i] {
				i++
			}
			t.Errorf("seed %d, clocks %v off: got\n%s\nwant\n%s", seed, ahead, line(got, i), line(want, i))
		}
	}
}

func line(w *world, i int) string {
	if i < len(w.lines) {
		return w.lines[i]
	}
	return "the end"
}
