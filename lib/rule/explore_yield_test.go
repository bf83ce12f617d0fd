package rule_test

import (
	"fmt"
	"slices"

	"auto-consul/lib/registry"
	"auto-consul/lib/rule"
)

// This file has a control: a rule that looks good and that the protocol does not have. A
// server that was replaced while it was off comes back, sees that all places are held by
// live servers of others, puts its raft data aside and starts as a client. It cannot know
// that the others' raft configuration counts it no longer.

// mayYield reports whether all places are held by others that beat as servers.
func mayYield(in rule.Input) bool {
	rec := in.Seen.Record
	return rec != nil && rec.State == rule.Established && rec.SlotOf(in.Self.Incarnation) == nil && len(rec.Servers) >= rec.Desired &&
		!slices.ContainsFunc(rec.Servers, func(s rule.Slot) bool { return !in.Seen.BeatsAsServer(s.Node) })
}

// yield makes a client of a server that has not started. What is bad is a quorum that it was
// needed for.
func (w world) yield(i int8) (world, string) {
	lineage := w.nodes[i].raft
	serving := 0
	for _, m := range w.nodes {
		if m.raft == lineage && m.serves() {
			serving++
		}
	}
	n := &w.nodes[i]
	n.raft = 0
	n.keep(rule.Decision{Mode: registry.Client, Membership: n.self(i).Membership})
	if voters := int(w.voters[lineage]); serving*2 <= voters && (serving+1)*2 > voters {
		return w, fmt.Sprintf("%s yields, and %d of %d voters are left", nodeName(i), serving, voters)
	}
	return w, ""
}
