package node_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"auto-consul/lib/registry"
	"auto-consul/lib/rule"
)

// A mode that the operator sets decides and is not open any more, also on the data
// directory of a client that would decide again because a birth has stalled (R22).
func TestModeThatIsSetDecides(t *testing.T) {
	t.Parallel()
	tied := rule.Membership{ClusterID: "c1", Term: 1, Desired: 2, Birth: rule.First, Open: true}
	closed := tied
	closed.Open = false
	decided := tied // a server whose mode was decided may step down again (R50)
	tests := []struct {
		name   string
		set    registry.Mode
		claims bool
		before rule.Membership
		rec    *rule.Record
		want   registry.Mode
		after  rule.Membership
	}{
		{"not set: it decides again, as one slot is free", "", true, tied, birthOf(2), registry.Server, decided},
		{"agent beside a stalled birth", registry.Client, true, tied, birthOf(2), registry.Client, closed},
		{"agent beside a birth in time", registry.Client, true, tied, birthOf(1), registry.Client, closed},
		{"agent where there was no record", registry.Client, true, rule.Membership{Open: true}, nil, registry.Client, rule.Membership{}},
		{"server beside a stalled birth", registry.Server, true, tied, birthOf(2), registry.Server, closed},
		{"agent by the plain rule", registry.Client, false, tied, nil, registry.Client, rule.Membership{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := newKeepRig(t, memoryDisk{mode: registry.Client, membership: tt.before}, tt.rec)
			r.Mode, r.Claims = tt.set, tt.claims
			got := r.prepare(t)
			if got.Mode != tt.want || r.disk.mode != tt.want {
				t.Errorf("got %s decided, %s kept, want %s", got.Mode, r.disk.mode, tt.want)
			}
			if r.disk.membership != tt.after {
				t.Errorf("got membership %+v kept, want %+v", r.disk.membership, tt.after)
			}
		})
	}
}

// The incarnation is kept before the first write to the record, and the membership
// before the mode (R37).
func TestKeepOrder(t *testing.T) {
	t.Parallel()
	for name, set := range map[string]registry.Mode{"decided": "", "set": registry.Server} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newKeepRig(t, memoryDisk{}, birthOf(2))
			r.Mode = set
			r.prepare(t)
			got := strings.Join(slices.Compact(r.disk.wrote), " ")
			if want := "incarnation record incarnation membership mode addresses"; got != want {
				t.Errorf("got written: %s; want %s", got, want)
			}
		})
	}
}

// A node that only asks, and one whose decision fails, keep nothing (R37).
func TestNothingIsKeptBeforeADecision(t *testing.T) {
	t.Parallel()
	undecided := birthOf(1)
	undecided.Servers[0].Node = "s9" // another incarnation of the node's own name
	for name, change := range map[string]func(r *keepRig){
		"dry run":    func(r *keepRig) { r.DryRun = true },
		"no success": func(r *keepRig) { r.Wait = 0 },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newKeepRig(t, memoryDisk{}, undecided)
			change(r)
			if decided, err := r.Prepare(t.Context(), nil); err == nil {
				t.Errorf("got %s decided, want it to wait", decided.Mode)
			}
			if len(r.disk.wrote) > 0 || r.disk.incarnation != "" {
				t.Errorf("got %q written, want nothing", r.disk.wrote)
			}
		})
	}
}

// A server that Consul would not start any more claims nothing, also where it was
// decided to be a client before (R37, R22). A client is not asked.
func TestWhoMayNotServeClaimsNothing(t *testing.T) {
	t.Parallel()
	tooOld := errors.New("off for too long")
	open := memoryDisk{mode: registry.Client, membership: rule.Membership{ClusterID: "c1", Term: 1, Desired: 2, Birth: rule.First, Open: true}}
	for name, tt := range map[string]struct {
		disk    memoryDisk
		desired int // of the birth, in which one slot is taken
		want    error
	}{
		"a blank node":        {memoryDisk{}, 2, tooOld},
		"a kept server":       {memoryDisk{mode: registry.Server}, 2, tooOld},
		"an open client":      {open, 2, tooOld},
		"a client for good":   {memoryDisk{mode: registry.Client}, 2, nil},
		"enough servers held": {memoryDisk{}, 1, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newKeepRig(t, tt.disk, birthOf(tt.desired))
			r.MayServe = func() error { return tooOld }
			if _, err := r.Prepare(t.Context(), nil); !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
			if tt.want != nil && len(r.disk.wrote) > 0 {
				t.Errorf("got %q written, want nothing", r.disk.wrote)
			}
		})
	}
}

// A directory that the plain rule decides for is untied from its cluster, unless it
// holds raft data: that belongs to its cluster for good (R42).
func TestPlainUnties(t *testing.T) {
	t.Parallel()
	tied := rule.Membership{ClusterID: "c1", Term: 1, Desired: 1, Birth: rule.First}
	for raft, want := range map[bool]rule.Membership{false: {}, true: tied} {
		t.Run(fmt.Sprintf("raft data %t", raft), func(t *testing.T) {
			t.Parallel()
			r := newKeepRig(t, memoryDisk{incarnation: "i9", membership: tied, raft: raft}, nil)
			r.Claims = false
			if decided := r.prepare(t); decided.Mode != registry.Server || decided.Bootstrap == raft {
				t.Errorf("got %s, bootstrap %t, want a server that bootstraps only without raft data", decided.Mode, decided.Bootstrap)
			}
			if r.disk.membership != want {
				t.Errorf("got membership %+v kept, want %+v", r.disk.membership, want)
			}
		})
	}
}
