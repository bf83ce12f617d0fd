package rule_test

import (
	"fmt"
	"math/bits"
	"slices"
	"strings"
)

// fault is everything that may go wrong next.
func (x *explorer) fault(w world) []after {
	w.faults--
	return slices.DeleteFunc(x.faultsOf(w), func(a after) bool {
		return x.only != "" && !strings.Contains(a.what, x.only)
	})
}

func (x *explorer) faultsOf(w world) []after {
	var out []after
	for i := range x.nodes {
		n := w.nodes[i]
		if n.phase == dead || n.phase == fenced || n.phase == off && n.inc == 0 {
			continue
		}
		if n.phase != off {
			v := w
			v.nodes[i].stop(off)
			out = append(out, after{v, nodeName(i) + " crashes", ""})
			if !n.paused {
				v = w
				v.nodes[i].paused = true
				out = append(out, after{v, nodeName(i) + " is paused", ""})
			}
		}
		v := w
		v.nodes[i].stop(dead)
		v.bury(x, w, i)
		out = append(out, after{v, nodeName(i) + " dies", ""})
		if n.inc%4 == 1 {
			v = w
			v.nodes[i].stop(off)
			v.bury(x, w, i)
			v.nodes[i] = xnode{inc: n.inc + 1}
			v.nodes[i].forget()
			out = append(out, after{v, nodeName(i) + " loses its disk", ""})
		}
		if n.phase == swapping && n.fresh && w.store == storeOK && !w.late.there {
			v = w
			v.late, v.lateOpen = n.want.aged(n.lag), true
			v.nodes[i].phase, v.nodes[i].want, v.nodes[i].fresh = swapped, xrec{}, false
			out = append(out, after{v, nodeName(i) + "'s write is delayed", ""})
		}
		if n.phase == attended && n.writes && n.fresh && w.store == storeOK && !w.late.there {
			v = w
			v.late, v.lateOpen = n.want.aged(n.lag), true
			m := &v.nodes[i] // its beat has failed
			m.phase, m.beaten, m.writes, m.want = up, true, false, xrec{}
			out = append(out, after{v, nodeName(i) + "'s write for its beat is delayed", ""})
		}
	}
	if w.store == storeOK {
		v := w
		v.store = storeReadOnly
		out = append(out, after{v, "store refuses writes", ""})
		v.store = storeDown
		out = append(out, after{v, "store goes away", ""})
	}
	if w.rec.there && x.deletes {
		v := w.write(xrec{})
		out = append(out, after{v, "record is deleted", ""})
	}
	return out
}

// bury takes a node that is gone for good out of its lineage where a leader is
// left to do so.
func (w *world) bury(x *explorer, before world, i int8) {
	lineage := before.nodes[i].raft
	if lineage == 0 {
		return
	}
	w.nodes[i].raft = 0
	if x.leader(*w, lineage) {
		w.size[lineage]--
	}
}

// broken is what must hold in every world.
func (x *explorer) broken(w world) string {
	if w.rec.there && w.rec.n > x.desired {
		return fmt.Sprintf("%d slots, %d desired", w.rec.n, x.desired)
	}
	if x.sleepy {
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
			if n := w.nodes[j]; group[i]&(1<<j) != 0 && n.serves() && n.raft != 0 {
				lineages |= 1 << n.raft
			}
		}
		if bits.OnesCount8(lineages) > 1 {
			return "raft data of two clusters meets"
		}
	}
	return ""
}

func (w world) joined(i, j int8) bool {
	a, b := w.nodes[i], w.nodes[j]
	return a.runs() && !a.paused && b.runs() && !b.paused && a.join&(1<<j) != 0
}
