//go:build !race

package sim

import (
	"slices"
	"strings"
	"testing"
)

// TestControls takes one safeguard away each time, and wants the judge to find out: a judge
// that cannot condemn shows nothing. Taken away are the record (R42), conditions on writes (R1),
// the proof that a silence is real (R9), the confirmation (R27), the rules of a running node
// (R30, R36), the policy that gives up only what is lost (R20), true answers to probes (R10),
// the bound on the slots (R18), the bound on what is dated in the future (R53), the list of
// snapshots (R54), the addresses that data directories keep (R58), the agreement of those that
// survive (R57), and the restore before the start (R55).
func TestControls(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		v    variant
		want []string // each begins a verdict
		slow bool     // it takes many runs
	}{
		"the plain rule":                                         {variant{plainRule: true, calm: true}, []string{"born twice", "advertised", "met"}, false},
		"a store that ignores conditions":                        {variant{ignoresConditions: true, calm: true}, []string{"lost"}, false},
		"expiry judged from one reading":                         {variant{oneReading: true, calm: true}, []string{"alive"}, false},
		"no confirmation":                                        {variant{noConfirm: true, calm: true}, []string{"unconfirmed"}, true},
		"servers do not read the record":                         {variant{noServe: true, calm: true}, []string{"advertised", "gone", "stuck"}, true},
		"nodes start another cluster untold":                     {variant{startsOverUntold: true, calm: true}, []string{"lost"}, true},
		"every address answers":                                  {variant{answersAlways: true, calm: true}, []string{"stuck"}, true},
		"a list without snapshots":                               {variant{listsNoSnapshots: true, calm: true}, []string{"snapshot", "snapshot twice"}, true},
		"a data directory without addresses":                     {variant{keepsNoAddresses: true, calm: true}, []string{"away"}, true},
		"a restore that is left out":                             {variant{ignoresRestore: true}, []string{"restored"}, true},
		"a quorum recovered by hand":                             {variant{recoversByHand: true, calm: true}, []string{"recovered beside others"}, false},
		"a judge that allows one slot fewer":                     {variant{allowsOneFewer: true, calm: true}, []string{"slots"}, false},
		"what lies in the future counts until its time has come": {variant{trustsFuture: true, calm: true}, []string{"stuck"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			if tt.slow && testing.Short() {
				t.Skip("left out because of -short")
			}
			t.Parallel()
			missing := slices.Clone(tt.want)
			total := runSeeds(t, 200, tt.v, func(w *world) bool {
				missing = slices.DeleteFunc(missing, func(begin string) bool {
					return slices.ContainsFunc(w.verdicts, func(v string) bool { return strings.HasPrefix(v, begin+":") })
				})
				return len(missing) == 0
			})
			if len(missing) > 0 {
				t.Errorf("got no verdict that begins with %q in %d runs", missing, total["runs"])
			}
			t.Logf("the judge found out after %d runs", total["runs"])
		})
	}
}
