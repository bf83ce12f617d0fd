//go:build !race

package sim

import (
	"slices"
	"strings"
	"testing"
)

// TestControls takes something away each time, and wants the judge to find out: one that cannot
// condemn shows nothing. Taken away are the record (R42), conditions on writes (R1), the proof
// that a silence is real (R9), the confirmation (R27), the rules of a running node (R30, R36),
// an operator who gives up only what is lost (R20), true answers to probes (R10), the bound on
// the slots (R18), the doubt in what lies in the future (R53), the list of what is kept (R54),
// what data directories remember (R58), and the restore before the start (R55).
func TestControls(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		v    variant
		want []string // each begins a verdict
		slow bool     // it takes many runs
	}{
		"plain rule":          {variant{plain: true, calm: true}, []string{"born twice", "advertised", "met"}, false},
		"deaf store":          {variant{deaf: true, calm: true}, []string{"lost"}, false},
		"one look":            {variant{oneLook: true, calm: true}, []string{"alive"}, false},
		"nobody confirms":     {variant{unconfirmed: true, calm: true}, []string{"unconfirmed"}, true},
		"nobody attends":      {variant{unattended: true, calm: true}, []string{"advertised", "gone", "stuck"}, true},
		"a reckless operator": {variant{reckless: true, calm: true}, []string{"lost"}, true},
		"everybody answers":   {variant{haunted: true, calm: true}, []string{"stuck"}, true},
		"forgetful":           {variant{forgetful: true, calm: true}, []string{"snapshot", "snapshot twice"}, true},
		"nobody remembers":    {variant{strangers: true, calm: true}, []string{"away"}, true},
		"restores nothing":    {variant{hollow: true}, []string{"restored"}, true},
		"recovered by hand":   {variant{rash: true, calm: true}, []string{"recovered beside others"}, false},
		"greedy":              {variant{greedy: true, calm: true}, []string{"slots"}, false},
		"credulous":           {variant{credulous: true, calm: true}, []string{"stuck"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			if tt.slow && testing.Short() {
				t.Skip("left out because of -short")
			}
			t.Parallel()
			missing := slices.Clone(tt.want)
			total := many(t, 200, tt.v, func(w *world) bool {
				missing = slices.DeleteFunc(missing, func(begin string) bool {
					return slices.ContainsFunc(w.verdicts, func(v string) bool { return strings.HasPrefix(v, begin+":") })
				})
				return len(missing) == 0
			})
			if len(missing) > 0 {
				t.Errorf("got no verdict that begins with %q in %d runs", missing, total["runs"])
			}
			t.Logf("found out after %d runs", total["runs"])
		})
	}
}
