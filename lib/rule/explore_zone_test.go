package rule_test

import "fmt"

// zoneName returns what a zone is called; empty for none.
func zoneName(zone int8) string {
	if zone == 0 {
		return ""
	}
	return fmt.Sprintf("z%d", zone)
}

// quartersLeft reports whether the time in which nodes of a gathering leave places to
// those of other zones is not over (R52). It is told apart where there are zones alone.
func (x *explorer) quartersLeft(r modelRecord) bool {
	return x.zones != "" && r.gathering && !r.timeUp && !r.gathersTomorrow && r.quarters < 2
}

// passQuarter lets a quarter of a gathering pass, after which those who wait read the
// record again. ok is false where there is nothing to tell apart, or as long as somebody
// who is not paused has something to do first.
func (x *explorer) passQuarter(w world) (_ world, ok bool) {
	if !x.quartersLeft(w.record) {
		return w, false
	}
	later := func(r *modelRecord) {
		if x.quartersLeft(*r) {
			r.quarters++
		}
	}
	later(&w.record)
	later(&w.lateWrite)
	for i := range x.nodes {
		n := &w.nodes[i]
		if w.busy(i) && !n.paused {
			return w, false
		}
		later(&n.seen)
		later(&n.toWrite)
		if n.phase == polling && !n.paused {
			n.phase = readingRecord
		}
	}
	return w, true
}
