package rule_test

import (
	"fmt"
	"math/bits"

	"auto-consul/lib/rule"
)

// violation returns which of the properties that hold in every world does not, in
// words; empty if all do.
func (x *explorer) violation(w world) string {
	if w.record.exists && w.record.count > x.desired {
		return fmt.Sprintf("%d slots, %d desired", w.record.count, x.desired)
	}
	if x.pausesBeforeStart {
		return ""
	}
	// Raft data of two lineages meets where a chain of joins connects them.
	var group [maxNodes]uint8
	for i := range group {
		group[i] = 1 << i
	}
	for range x.nodes {
		for i := range x.nodes {
			for j := range x.nodes {
				if w.joined(i, j) {
					both := group[i] | group[j]
					group[i], group[j] = both, both
				}
			}
		}
	}
	for i := range x.nodes {
		var lineages uint8
		for j := range x.nodes {
			if n := w.nodes[j]; group[i]&(1<<j) != 0 && n.serves() && n.raft != 0 && !n.offline {
				lineages |= 1 << n.raft
			}
		}
		if bits.OnesCount8(lineages) > 1 {
			return "raft data of two clusters meets"
		}
	}
	return ""
}

// replacesRunning returns, in words, whose slot a write takes although its server runs
// and has beaten; empty if it takes none. A server that slept between its decision and
// its start until its slot was old has not beaten: it is replaced, and its first beat
// fences it.
func (x *explorer) replacesRunning(w world, next modelRecord) string {
	if !w.record.exists || w.record.cluster != next.cluster {
		return ""
	}
	for _, s := range w.record.slots[:w.record.count] {
		n := w.nodes[nodeOf(s.incarnation)]
		if n.incarnation == s.incarnation && !next.holds(s.incarnation) && n.answers() && n.hasBeaten == 2 {
			return fmt.Sprintf("the slot of %s was taken, which runs", nodeName(nodeOf(s.incarnation)))
		}
	}
	return ""
}

// bootstrapsWithout returns, in words, who waits for servers of other zones when somebody
// ends the gathering alone (R52); empty if nobody does. Who was paused may wait longer
// than it should.
func (x *explorer) bootstrapsWithout(w world, next modelRecord) string {
	if !w.record.gathering || next.gathering || next.quorum || w.faults < x.faults {
		return ""
	}
	for i := range x.nodes {
		if n := w.nodes[i]; n.phase == polling && !next.holds(n.incarnation) {
			return nodeName(i) + " waits for servers of other zones, and the cluster is born without it"
		}
	}
	return ""
}

// good reports whether a world is one that the protocol is to reach: there is one
// cluster with a leader, which the record names as established, with as many servers
// as there should and can be. A documented wait is good, too: for a lost cluster to
// come back, for machines enough for a birth by quorum, for a quorum that is gone.
func (x *explorer) good(w world) bool {
	if w.store != storeOK {
		return false
	}
	if x.gone != 0 {
		return x.goodRecovery(w)
	}
	var alive, serving, clients, lineage int8
	for i := range x.nodes {
		n := w.nodes[i]
		switch {
		case n.phase == dead || n.phase == fenced:
			continue
		case n.phase == waiting && n.waitsForLost:
			return len(x.removals(w)) == 0
		case n.paused || n.phase != serverUp && n.phase != clientUp:
			return false
		}
		alive++
		if n.phase == clientUp {
			clients++
		}
		if n.phase == serverUp && n.raft != 0 {
			lineage = n.raft
			serving++
		}
	}
	if alive == 0 || x.birth == rule.Quorum && alive < x.desired {
		return true
	}
	if lineage != 0 && !w.hasLeader(lineage) {
		return true
	}
	if x.candidates && serving > 0 {
		clients = 0 // each of them may become a server
		if serving > x.desired {
			return false
		}
	}
	// Otherwise a client stays one: only a node that starts takes a dead server's place.
	return w.record.exists && w.record.established && serving >= min(alive-clients, x.desired)
}
