package rule_test

import (
	"slices"
	"strings"
)

// fault returns everything that may go wrong next.
func (x *explorer) fault(w world) []successor {
	w.faults--
	var out []successor
	for i := range x.nodes {
		n := w.nodes[i]
		if n.phase == dead || n.phase == fenced || n.phase == off && n.incarnation == 0 {
			continue
		}
		for _, s := range x.nodeFaults(w, i) {
			s.what = nodeName(i) + s.what
			out = append(out, s)
		}
	}
	if w.store == storeOK {
		v := w
		v.store = storeReadOnly
		out = append(out, successor{v, "store refuses writes", ""})
		v.store = storeDown
		out = append(out, successor{v, "store goes away", ""})
	}
	if w.record.exists && x.deletesRecord {
		out = append(out, successor{w.write(modelRecord{}), "record is deleted", ""})
	}
	return slices.DeleteFunc(out, func(s successor) bool { return !x.explores(s.what) })
}

// explores reports whether a fault is of the kinds that are explored.
func (x *explorer) explores(what string) bool {
	return slices.ContainsFunc(strings.Split(x.only, "|"), func(kind string) bool { return strings.Contains(what, kind) })
}

// nodeFaults returns what may happen to one node.
func (x *explorer) nodeFaults(w world, i int8) []successor {
	var out []successor
	n := w.nodes[i]
	if n.phase != off {
		v := w
		v.nodes[i].stop(off)
		out = append(out, successor{v, " crashes", ""})
		if !n.paused {
			v = w
			v.nodes[i].paused = true
			out = append(out, successor{v, " is paused", ""})
		}
	}
	out = append(out, x.restoreFaults(w, i)...)
	v := w
	v.nodes[i].stop(dead)
	v.removeVoter(w, i)
	out = append(out, successor{v, " dies", ""})
	if n.incarnation%4 == 1 {
		v = w
		v.nodes[i].stop(off)
		v.removeVoter(w, i)
		v.nodes[i] = modelNode{incarnation: n.incarnation + 1, zone: n.zone}
		v.nodes[i].clearMemory()
		out = append(out, successor{v, " loses its disk", ""})
	}
	if !n.unchanged || w.store != storeOK || w.lateWrite.exists {
		return out
	}
	if n.phase == swapping {
		v = w.delay(i)
		v.nodes[i].phase, v.nodes[i].unchanged = swapped, false
		out = append(out, successor{v, "'s write is delayed", ""})
	}
	if n.phase == beforeBeat && n.writes {
		v = w.delay(i)
		m := &v.nodes[i] // its beat has failed
		m.phase, m.beatTried, m.writes = serverUp, true, false
		out = append(out, successor{v, "'s write for its beat is delayed", ""})
	}
	return out
}

// delay lets the write of a node land later.
func (w world) delay(i int8) world {
	n := &w.nodes[i]
	w.lateWrite, w.lateWriteLands = n.toWrite.aged(n.recordAge), true
	n.toWrite = modelRecord{}
	return w
}

// removeVoter takes a node that is gone for good out of its lineage, if there is still
// a leader to do so.
func (w *world) removeVoter(before world, i int8) {
	lineage := before.nodes[i].raft
	if lineage == 0 {
		return
	}
	w.nodes[i].raft = 0
	if w.hasLeader(lineage) {
		w.voters[lineage]--
	}
}
