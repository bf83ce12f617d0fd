package rule_test

import (
	"fmt"

	"auto-consul/lib/rule"
)

func (x *explorer) probe(w world, i int8) (world, string) {
	n := &w.nodes[i]
	for j := range x.nodes {
		switch {
		case n.asked&(1<<j) == 0:
		case w.nodes[j].runs():
			n.answered |= 1 << j
			n.unanswered[j] = -1
		case n.unanswered[j] < 0:
			n.unanswered[j] = 0
		}
	}
	return x.decide(w, i, false)
}

// runs: something accepts connections at the node's address, frozen or not.
func (n xnode) runs() bool { return n.phase == up || n.phase == attended || n.phase == agentUp }

// serves: a Consul server that is not frozen.
func (n xnode) serves() bool { return !n.paused && (n.phase == up || n.phase == attended) }

func (x *explorer) swap(w world, i int8) (world, string) {
	n := &w.nodes[i]
	n.phase = swapped
	want := n.want.aged(n.lag)
	n.want = xrec{}
	if w.store != storeOK || !n.fresh && !x.ignoresConditions {
		n.fresh = false
		return w, ""
	}
	bad := x.replaced(w, want)
	w = w.write(want)
	w.nodes[i].fresh = true
	return w, bad
}

// write makes a record the current one.
func (w world) write(rec xrec) world {
	w.rec, w.lateOpen = rec, false
	w.clusters = max(w.clusters, rec.cluster)
	for i := range w.nodes {
		w.nodes[i].fresh = false
	}
	return w
}

// replaced: no write takes the slot of a server that runs and has beaten. One
// that slept through its grace period between its decision and its start is
// replaced, and fenced by its first beat.
func (x *explorer) replaced(w world, next xrec) string {
	if !w.rec.there || w.rec.cluster != next.cluster {
		return ""
	}
	for _, s := range w.rec.slots[:w.rec.n] {
		if n := w.nodes[nodeOf(s.inc)]; n.inc == s.inc && !next.holds(s.inc) && n.runs() && n.known == 2 {
			return fmt.Sprintf("the slot of %s was taken, which runs", nodeName(nodeOf(s.inc)))
		}
	}
	return ""
}

func (x *explorer) confirm(w world, i int8) world {
	n := &w.nodes[i]
	n.phase = confirmed
	claim := n.decision(i).Claim(n.self(i), expiry)
	if x.plainRule || x.noConfirm || claim == (rule.Claim{}) || !claim.Bootstrap && w.store == storeDown {
		return w
	}
	err := rule.Confirm(w.rec.record(0), epoch, claim)
	if w.store == storeDown || err != nil {
		n.stop(off)
	}
	return w
}

// exec starts the agent. A bootstrap on an empty disk founds a raft lineage.
func (x *explorer) exec(w world, i int8) (world, string) {
	n := &w.nodes[i]
	n.slot = false
	if n.mode == 2 {
		n.phase = agentUp
		return w, ""
	}
	n.phase = up
	if !n.boot || n.raft != 0 {
		return w, ""
	}
	v, bad := x.found(w, i)
	if overtaken := w.rec.there && (w.rec.cluster != n.keptCluster || w.rec.term != n.keptTerm); overtaken && !x.sleepy && bad == "" {
		bad = nodeName(i) + " bootstraps although another has taken over"
	}
	return v, bad
}

func (x *explorer) found(w world, founders ...int8) (world, string) {
	w.lineages++
	lineage := w.lineages
	for _, i := range founders {
		w.nodes[i].raft = lineage
		w.size[lineage]++
	}
	first := w.nodes[founders[0]]
	birth := [2]int8{first.keptCluster, first.keptTerm}
	for l := int8(1); l < lineage; l++ {
		if w.founder[l] == birth {
			return w, fmt.Sprintf("two bootstraps of cluster %d in term %d", birth[0], birth[1])
		}
	}
	w.founder[lineage] = birth
	return w, ""
}

// advance lets a unit of time pass. Nobody dawdles: whoever is not paused has
// done what it can, and every running server has tried to beat.
func (x *explorer) advance(w world) (world, bool) {
	for i := range x.nodes {
		if n := w.nodes[i]; n.phase == agentUp && !n.paused {
			w = x.beatAsAgent(w, i)
		}
	}
	for i := range x.nodes {
		n := &w.nodes[i]
		busy := n.phase == up && !n.beaten || n.phase == up && w.store == storeOK && w.bearing(i)
		for _, p := range []int8{looking, relooking, needBeats, needRec, probing, swapping, swapped, decided, confirmed, attended} {
			busy = busy || n.phase == p
		}
		if busy && !n.paused {
			return w, false
		}
		if n.known == 1 {
			n.known = 2
		}
		n.beaten, n.gap = false, older(n.gap, 1)
		if n.paused {
			n.lag, n.beatLag = older(n.lag, 1), older(n.beatLag, 1)
		}
		for k := range n.watch {
			if n.watch[k] >= 0 {
				n.watch[k] = older(n.watch[k], 1)
			}
		}
		for k := range n.unanswered {
			if n.unanswered[k] >= 0 {
				n.unanswered[k] = older(n.unanswered[k], 1)
			}
		}
		if n.phase == waiting && !n.paused {
			n.phase = relooking
		}
	}
	w.rec, w.late = w.rec.aged(1), w.late.aged(1)
	for i := range w.sb {
		w.expired = w.expired || w.sb[i]&2 != 0 || w.ab[i]&2 != 0
		w.sb[i], w.ab[i] = w.sb[i]<<1&3, w.ab[i]<<1&3
	}
	return w, true
}

// trim takes out of a world what has no influence on what follows, so that
// equal worlds are found equal.
func (x *explorer) trim(w *world) {
	if w.rec.there && !x.deletes {
		w.expired = false
	}
	for i := range x.nodes {
		n := &w.nodes[i]
		if n.phase == waiting || n.phase == relooking {
			n.fresh, n.later, n.lag, n.beatLag, n.asked, n.answered = false, false, 0, 0, 0, 0
			n.sb, n.ab, n.look = [maxNodes]uint8{}, [maxNodes]uint8{}, xrec{there: n.look.there}
		}
		if n.phase == off {
			n.gap = 0
		}
	}
}
