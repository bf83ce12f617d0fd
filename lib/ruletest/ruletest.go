// Package ruletest makes the nodes and records of the tests of the rules and of the
// loop around them, and shows what comes of them in one line each. Its nodes are s1,
// s2, … with incarnations i1, i2, … at 192.0.2.1 and so on; the node that decides is
// s9, it is told to want one server, and the store's clock reads [Epoch].
package ruletest

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"auto-consul/lib/registry"
	"auto-consul/lib/rule"
)

// Expiry is the expiry of all tests.
const Expiry = 2 * time.Minute

// Epoch is the store's time.
var Epoch = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// Slot returns node n's slot, claimed so long ago.
func Slot(n int, age time.Duration) rule.Slot {
	return rule.Slot{
		Incarnation: fmt.Sprintf("i%d", n), Node: fmt.Sprintf("s%d", n), Address: fmt.Sprintf("192.0.2.%d", n),
		Since: Epoch.Add(-age),
	}
}

// Record returns a record of cluster c1 in term 1. The holder of the first slot
// bootstraps it, or has.
func Record(state rule.State, desired int, slots ...rule.Slot) *rule.Record {
	r := &rule.Record{
		Version: 1, Seq: 7, Write: "before", ClusterID: "c1", State: state, Birth: rule.First, Desired: desired,
		Bootstrap: rule.Bootstrap{Incarnation: "i1", Node: "s1", Address: "192.0.2.1", Term: 1, Since: Epoch.Add(-time.Hour)},
		Servers:   slots,
	}
	if len(slots) > 0 {
		s := slots[0]
		r.Bootstrap = rule.Bootstrap{Incarnation: s.Incarnation, Node: s.Node, Address: s.Address, Term: 1, Since: s.Since}
	}
	return r
}

// With changes a record and returns it.
func With(r *rule.Record, change func(*rule.Record)) *rule.Record {
	change(r)
	return r
}

// Member returns node n with heartbeats that are so old.
func Member(n int, ages ...time.Duration) registry.Member {
	s := Slot(n, 0)
	return registry.Member{
		Node: s.Node, Address: s.Address,
		Heartbeat: Epoch.Add(-slices.Min(ages)), Oldest: Epoch.Add(-slices.Max(ages)),
	}
}

// ShowDecision returns a decision in one line.
func ShowDecision(v rule.Decision) string {
	text := string(v.Mode)
	if v.Bootstrap {
		text += " bootstrap"
	}
	if v.Expect > 0 {
		text += fmt.Sprintf(" expect %d", v.Expect)
	}
	if v.Restore != "" {
		text += " from " + v.Restore
	}
	text += fmt.Sprintf(" join %v held %v of %d; %s", v.Join, v.Held, v.Desired, v.Reason)
	for _, note := range v.Notes {
		text += "; note: " + note
	}
	return text
}

// ShowRecord returns a record in one line. It marks the slots that were claimed just now
// with a star, those of clients that do not vote yet with an arrow, and names their zones.
func ShowRecord(r rule.Record) string {
	text := fmt.Sprintf("%s %s term %d by %s of %d:", r.ClusterID, r.State, r.Bootstrap.Term, who(r.Bootstrap.Incarnation, r.Bootstrap.Node, r.Bootstrap.Address), r.Desired)
	for _, s := range r.Servers {
		text += " " + who(s.Incarnation, s.Node, s.Address)
		if s.Since.Equal(Epoch) {
			text += "*"
		}
		if s.UnderWay() {
			text += "^"
		}
		if s.Zone != "" {
			text += "/" + s.Zone
		}
	}
	if r.Leaving != nil {
		text += " without " + r.Leaving.Node
	}
	if r.Restore != "" {
		text += " from " + r.Restore
	}
	return text
}

// who is an incarnation, with its node and address unless they are those of its
// number.
func who(incarnation, node, address string) string {
	switch n := strings.TrimPrefix(incarnation, "i"); {
	case incarnation == "" && node == "" && address == "":
		return "nobody"
	case node == "s"+n && address == "192.0.2."+n:
		return incarnation
	}
	return incarnation + "=" + node + "@" + address
}

// Told returns the note of a node that wants one server where there are to be others.
func Told(desired int) string {
	return fmt.Sprintf("; note: the cluster record says %d servers and this node was told 1: the record rules; -resize changes it once the cluster has a leader", desired)
}

// Promoted returns node n's slot, which a running client claimed so long ago.
func Promoted(n int, age, claimed time.Duration) rule.Slot {
	s := Slot(n, age)
	s.Promoted = Epoch.Add(-claimed)
	return s
}

// InZone returns node n's slot in a zone, claimed so long ago.
func InZone(n int, zone string, age time.Duration) rule.Slot {
	s := Slot(n, age)
	s.Zone = zone
	return s
}

// Leaving marks a server in a record as one that has been stepping down for so long.
func Leaving(r *rule.Record, n int, age time.Duration) *rule.Record {
	s := Slot(n, age)
	r.Version, r.Leaving = 2, &rule.Leaving{Incarnation: s.Incarnation, Node: s.Node, Since: s.Since}
	return r
}

// Elsewhere returns the slot of an incarnation in another node's name, at node n's
// address.
func Elsewhere(incarnation, node string, n int, age time.Duration) rule.Slot {
	s := Slot(n, age)
	s.Incarnation, s.Node = incarnation, node
	return s
}
