package claim_test

import (
	"testing"
	"time"

	"auto-consul/lib/claim"
	"auto-consul/lib/registry"
	"auto-consul/lib/wire"
)

// namesakes is a record in which two incarnations of n1 hold slots.
func namesakes(now time.Time) *claim.Record {
	slot := func(incarnation, node, address string) claim.Slot {
		return claim.Slot{Incarnation: incarnation, Node: node, Address: address, Since: now.Add(-time.Hour)}
	}
	return &claim.Record{
		Version: 1, ClusterID: "c", State: claim.Established, Birth: claim.First, Desired: 3,
		Bootstrap: claim.Bootstrap{Incarnation: "a", Term: 1},
		Servers:   []claim.Slot{slot("a", "n0", "192.0.2.1"), slot("b", "n1", "192.0.2.2"), slot("c", "n1", "192.0.2.3")},
	}
}

// Two slots of one name leave no silent one to be replaced, and the rule must
// say so rather than wait for nothing.
func TestDecideSlotsOfOneName(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	live := func(node string) registry.Member {
		return registry.Member{Node: node, Address: "192.0.2.9", Heartbeat: now, Oldest: now}
	}
	for mode, want := range map[string]string{"": wire.Agent, wire.Server: wire.Server} {
		c := claim.Case{
			Self:   claim.Self{Node: "n9", Address: "192.0.2.10", Incarnation: "x", Mode: mode},
			Policy: claim.Policy{Desired: 3, Birth: claim.First, Lost: claim.LostAuto, Expiry: 2 * time.Minute},
			Look:   claim.Look{Record: namesakes(now), BeatsLater: true},
		}
		c.Look.Time = now
		c.Look.Live = map[registry.Role][]registry.Member{registry.Servers: {live("n0"), live("n1")}}
		step := claim.Decide(c)
		if step.Verdict == nil || step.Verdict.Mode != want || step.Verdict.Bootstrap {
			t.Errorf("mode %q: got %+v, want mode %s", mode, step, want)
		}
	}
}

// A server without a slot takes none beside another incarnation of its name.
func TestAttendTakesNoSecondSlotOfItsName(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for node, want := range map[string]bool{"n1": false, "n2": true} {
		rec := namesakes(now)
		rec.Servers = rec.Servers[:2]
		got, err := claim.Attend(claim.Attendance{
			Self:   claim.Self{Node: node, Address: "192.0.2.3", Incarnation: "x", Kept: claim.Kept{ClusterID: "c", Term: 1}},
			Expiry: 2 * time.Minute, Time: now, Record: rec, Leader: true, Raft: true, Write: "w", LastBeat: now,
		})
		if err != nil || (got.Swap != nil) != want {
			t.Errorf("%s: got %+v, %v, want a slot taken: %v", node, got, err, want)
		}
	}
}
