package rule_test

import (
	"testing"
	"time"

	"auto-consul/lib/registry"
	"auto-consul/lib/rule"
)

// namesakes returns a record in which two incarnations of n1 hold slots.
func namesakes(now time.Time) *rule.Record {
	slot := func(incarnation, node, address string) rule.Slot {
		return rule.Slot{Incarnation: incarnation, Node: node, Address: address, Since: now.Add(-time.Hour)}
	}
	return &rule.Record{
		Version: 1, ClusterID: "c", State: rule.Established, Birth: rule.First, Desired: 3,
		Bootstrap: rule.Bootstrap{Incarnation: "a", Term: 1},
		Servers:   []rule.Slot{slot("a", "n0", "192.0.2.1"), slot("b", "n1", "192.0.2.2"), slot("c", "n1", "192.0.2.3")},
	}
}

// Two slots of one name leave none that is silent, although too few names are held. The
// node becomes a client, or the server that it was told to be, and does not wait for
// nothing (R18).
func TestDecideSlotsOfOneName(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	live := func(node string) registry.Member {
		return registry.Member{Node: node, Address: "192.0.2.9", Heartbeat: now, Oldest: now}
	}
	for mode, want := range map[registry.Mode]registry.Mode{"": registry.Client, registry.Server: registry.Server} {
		in := rule.Input{
			Self:   rule.Self{Node: "n9", Address: "192.0.2.10", Incarnation: "x", Mode: mode},
			Policy: rule.Policy{Desired: 3, Birth: rule.First, Lost: rule.LostAuto, Expiry: 2 * time.Minute},
			Seen:   rule.Observation{Record: namesakes(now), HeartbeatsLater: true},
		}
		in.Seen.Time = now
		in.Seen.Live = map[registry.Role][]registry.Member{registry.Servers: {live("n0"), live("n1")}}
		action := rule.Decide(in)
		if action.Decision == nil || action.Decision.Mode != want || action.Decision.Bootstrap {
			t.Errorf("mode %q: got %+v, want mode %s", mode, action, want)
		}
	}
}

// A server without a slot takes none beside another incarnation of its name (R34).
func TestServeTakesNoSecondSlotOfItsName(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for node, want := range map[string]bool{"n1": false, "n2": true} {
		rec := namesakes(now)
		rec.Servers = rec.Servers[:2]
		got, err := rule.Serve(rule.Running{
			Self:   rule.Self{Node: node, Address: "192.0.2.3", Incarnation: "x", Mode: registry.Server, Raft: true, Membership: rule.Membership{ClusterID: "c", Term: 1}},
			Expiry: 2 * time.Minute, Time: now, Record: rec, Found: true, Write: "w", LastBeat: now,
		})
		if err != nil || (got.Swap != nil) != want {
			t.Errorf("%s: got %+v, %v, want a slot taken: %v", node, got, err, want)
		}
	}
}
