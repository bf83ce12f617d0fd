package rule_test

import (
	"fmt"

	"auto-consul/lib/rule"
)

// recoveries returns the explorations of lost quorums, by size. Servers 1 and 2 of three are
// lost, or 2 and 3 of four, of whose survivors the second has the newer log. Where not all
// of them are dead they may come back at any time, with their data.
func recoveries(size string) (out []explorer) {
	three := explorer{nodes: 3, desired: 3, servers: 3, gone: 6, dead: 6, logs: [maxNodes]int8{1, 1, 1}, byName: true}
	comesBack, both, four := three, three, three
	comesBack.dead, both.dead = 4, 0
	four.nodes, four.desired, four.servers, four.gone, four.dead, four.logs = 4, 4, 4, 12, 12, [maxNodes]int8{1, 2, 1, 1}
	fresh := three
	fresh.nodes = 4
	add := func(x explorer, faults int8, only ...string) {
		x.faults = faults
		for _, x.only = range only {
			out = append(out, x)
		}
	}
	all := []string{"crashes", "is paused", "dies", "loses its disk", "is delayed", "store"}
	add(three, 1, "")
	switch size {
	case "more":
		add(three, 2, "")
		add(comesBack, 0, "")
		add(four, 0, "")
		add(four, 1, "dies", "loses its disk")
		add(fresh, 0, "")
	case "full":
		add(three, 2, "")
		add(comesBack, 1, all...)
		add(both, 0, "")
		add(four, 1, all...)
		add(fresh, 1, all...)
	}
	return out
}

// recover returns what a server knows that recovers a lost quorum. The operator names as
// gone those that were off at the beginning, and those that have died or lost their data
// since.
func (x *explorer) recover(w world, i int8) *rule.Recover {
	n := w.nodes[i]
	r := &rule.Recover{Entry: n.entered}
	log := rule.Log{ID: voterID(i), Term: 1, Index: uint64(x.logs[i])}
	for j := range x.nodes {
		if m := w.nodes[j]; x.gone&(1<<j) != 0 || m.phase == dead || m.phase == fenced || j < x.servers && m.raft == 0 {
			r.Gone = append(r.Gone, nodeName(j), address(j))
		}
		if j < x.servers && !x.asksSlots {
			log.Voters = append(log.Voters, rule.Voter{ID: voterID(j), Address: address(j)})
		}
	}
	if n.logRead {
		r.Log = &log
	}
	return r
}

// typeRecover lets the operator type that the quorum is to be recovered, on a server with
// the data that lost it: one whose agent runs without a leader, or that waits for another
// to go ahead. Where the agent runs, the entry is written in the same step.
func (x *explorer) typeRecover(w world, i int8) (world, bool) {
	n := &w.nodes[i]
	if x.gone == 0 || n.paused || n.typed || n.recovers || n.raft != 1 || w.store != storeOK {
		return w, false
	}
	switch n.phase {
	case waiting, polling:
		x.startRecovery(n)
		n.entered = false
		return w, true
	case serverUp:
	default:
		return w, false
	}
	if w.hasLeader(n.raft) {
		return w, false
	}
	typed := world(w)
	m := &typed.nodes[i]
	m.recovers, m.seen, m.recordAge, m.beatsAge = true, w.record, 0, 0
	m.serverBeats, m.agentBeats = w.serverBeats, w.agentBeats
	for j := range x.nodes {
		m.asked |= 1 << j
		if j != i && w.nodes[j].answers() {
			m.answered |= 1 << j
		}
	}
	m.phase = probing // what was asked counts
	action := rule.Decide(x.input(typed, i, false))
	if action.Swap == nil {
		return w, false
	}
	n.typed = true
	return w.write(fromRule(action.Swap)), true
}

// startRecovery lets the command go on once no agent runs.
func (x *explorer) startRecovery(n *modelNode) {
	n.stop(reading)
	n.recovers, n.entered = true, true
}

// endRecovery ends the command, and takes its entry out of the record if it is still there.
func (x *explorer) endRecovery(w world, i int8) world {
	w.nodes[i].stop(off)
	if w.store == storeOK && w.record.entries[i].incarnation != 0 {
		next := w.record
		next.entries[i] = modelEntry{}
		w = w.write(next)
	}
	return w
}

// goAheadUnfenced starts a server as the sole voter without a word in the record.
func (x *explorer) goAheadUnfenced(w world, i int8) (world, string) {
	w.nodes[i].stop(serverUp)
	w.nodes[i].join = 1<<x.nodes - 1&^(1<<i)
	w.lineages++
	w.nodes[i].raft, w.voters[w.lineages] = w.lineages, 1
	return w, ""
}

// goesAhead returns, in words, what is wrong with a write by which a server goes ahead;
// empty if nothing is.
func (w world) goesAhead(i int8, next modelRecord) string {
	if !next.recovering || w.record.recovering && w.record.term == next.term {
		return ""
	}
	for j, e := range w.record.entries {
		if e.log > w.record.entries[i].log {
			return fmt.Sprintf("%s goes ahead, and the log of n%d is newer", nodeName(i), j)
		}
	}
	if w.hasLeader(w.nodes[i].raft) {
		return nodeName(i) + " goes ahead although there is a leader"
	}
	return ""
}

// goodRecovery reports whether a cluster runs that the record names, or nobody is left with
// whom it could be recovered.
func (x *explorer) goodRecovery(w world) bool {
	left := false
	for i := range x.nodes {
		n := w.nodes[i]
		if n.raft > 1 && !w.record.recovering && w.record.established && !w.hasLeader(n.raft) && n.phase != fenced {
			return true // a quorum was lost once more, that of the recovered cluster
		}
		left = left || n.raft != 0 && n.phase != dead && n.phase != fenced
		if !n.paused && n.phase == serverUp && w.hasLeader(n.raft) && n.keptTerm == w.record.term && w.record.established && !w.record.recovering {
			return true
		}
	}
	return !left
}

// observes reports whether a node reads or probes next.
func (n modelNode) observes() bool {
	switch n.phase {
	case reading, readingAgain, needHeartbeats, needRecord, probing, swapped, readingRecord:
		return true
	case polling:
		return !n.unchanged
	}
	return false
}

// observe lets a node that decides read and probe in one step. Where a quorum is recovered
// the worlds would be too many otherwise.
func (x *explorer) observe(w world, i int8) (_ world, bad string) {
	for w.nodes[i].observes() && bad == "" {
		switch w.nodes[i].phase {
		case probing:
			w, bad = x.probe(w, i)
		case needHeartbeats:
			w = x.readBeats(w, i)
		default:
			w, bad = x.readRecord(w, i)
		}
	}
	return w, bad
}
