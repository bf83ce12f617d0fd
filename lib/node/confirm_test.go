package node_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"auto-consul/lib/node"
	"auto-consul/lib/registry"
	"auto-consul/lib/rule"
)

// A server's start is confirmed with the record as it is now (R27). Where that cannot be
// read no server starts (R28), but for one that the operator lets (R58).
func TestConfirm(t *testing.T) {
	t.Parallel()
	away := errors.New("the store is away")
	now := time.Now().UTC()
	claim := func(bootstrap bool) rule.Claim {
		return rule.Claim{
			Bootstrap: bootstrap, HasSlot: true, ClusterID: "c1", Term: 1,
			Incarnation: "i1", Node: "s1", Address: "192.0.2.1", Expiry: 2 * time.Minute,
		}
	}
	offline := claim(false)
	offline.Offline = true
	for name, tt := range map[string]struct {
		claim rule.Claim
		rec   *rule.Record
		err   error // of the reading
		want  error
		asked int
	}{
		"no claim":                      {rule.Claim{}, nil, away, nil, 0},
		"a bootstrap":                   {claim(true), birthOf(1), nil, nil, 1},
		"a server":                      {claim(false), birthOf(1), nil, nil, 1},
		"a bootstrap, another's now":    {claim(true), taken(), nil, rule.ErrUndecided, 1},
		"a server, its slot another's":  {claim(false), taken(), nil, rule.ErrUndecided, 1},
		"a bootstrap, no record":        {claim(true), nil, nil, rule.ErrUndecided, 1},
		"a server, no record":           {claim(false), nil, nil, nil, 1},
		"a bootstrap, nobody knows":     {claim(true), nil, away, away, 1},
		"a server, and nobody knows":    {claim(false), nil, away, away, 1},
		"a server without the store":    {offline, nil, away, nil, 1},
		"and it is back":                {offline, taken(), nil, rule.ErrUndecided, 1},
		"a server, and nobody may know": {claim(false), nil, registry.ErrDenied, registry.ErrDenied, 1},
	} {
		asked := 0
		record := func(context.Context) (*rule.Record, time.Time, error) {
			asked++
			return tt.rec, now, tt.err
		}
		if err := node.Confirm(t.Context(), tt.claim, record, quiet{}); !errors.Is(err, tt.want) {
			t.Errorf("%s: got %v, want %v", name, err, tt.want)
		}
		if asked != tt.asked {
			t.Errorf("%s: got asked %d times, want %d", name, asked, tt.asked)
		}
	}
}

// taken returns the record of [birthOf] after another node has taken the birth over.
func taken() *rule.Record {
	r := birthOf(1)
	r.Bootstrap.Incarnation, r.Bootstrap.Term = "i2", 2
	r.Servers = []rule.Slot{{Incarnation: "i2", Node: "s2", Address: "192.0.2.2", Since: time.Now().UTC()}}
	return r
}

// A mode that is set is not decided again, and the cluster stays (R22). The membership
// is written before the mode, and only where it changes.
func TestSetMode(t *testing.T) {
	t.Parallel()
	tied := rule.Membership{ClusterID: "c1", Term: 1, Desired: 2, Birth: rule.First}
	open := tied
	open.Open = true
	for name, tt := range map[string]struct {
		before, after rule.Membership
		wrote         []string
	}{
		"blank":            {rule.Membership{}, rule.Membership{}, []string{"mode"}},
		"of a cluster":     {tied, tied, []string{"mode"}},
		"open":             {open, tied, []string{"membership", "mode"}},
		"open, no cluster": {rule.Membership{Open: true}, rule.Membership{}, []string{"membership", "mode"}},
	} {
		for _, mode := range []registry.Mode{registry.Server, registry.Client} {
			disk := &memoryDisk{mode: registry.Client, membership: tt.before}
			if err := node.SetMode(disk, mode); err != nil {
				t.Fatal(err)
			}
			if disk.mode != mode || disk.membership != tt.after || !slices.Equal(disk.wrote, tt.wrote) {
				t.Errorf("%s: got %s, %+v, written %q; want %s, %+v, %q", name, disk.mode, disk.membership, disk.wrote, mode, tt.after, tt.wrote)
			}
		}
	}
}

// Where a mode must be kept and is not, nothing is asked and nothing is written.
func TestPrepareWithoutTheModeThatMustBeKept(t *testing.T) {
	t.Parallel()
	for kept, want := range map[registry.Mode]error{"": node.ErrNoMode, registry.Server: nil} {
		r := newKeepRig(t, memoryDisk{mode: kept}, birthOf(2))
		r.MustKeep = true
		if _, err := r.Prepare(t.Context(), nil); !errors.Is(err, want) {
			t.Errorf("kept %q: got %v, want %v", kept, err, want)
		}
		if wrote := len(r.disk.wrote) > 0; wrote != (want == nil) {
			t.Errorf("kept %q: got %q written", kept, r.disk.wrote)
		}
	}
}
