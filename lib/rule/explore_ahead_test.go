package rule_test

import (
	"time"

	"auto-consul/lib/registry"
	"auto-consul/lib/rule"
)

// This file has the fault of a store whose clock was a day ahead and is set back (R53). All
// that was written until then lies in the future, and so does what rests on a reading that
// was made until then. In the model no day passes, so it lies there until it is mended.

// setBack sets the store's clock back.
func (w world) setBack() world {
	w.clockBack = false
	w.record, w.lateWrite = w.record.tomorrow(), w.lateWrite.tomorrow()
	for i := range w.nodes {
		for k, masks := range []*[maxNodes]uint8{&w.serverBeats, &w.agentBeats} {
			if masks[i] != 0 {
				w.beatsTomorrow[k] |= 1 << i
				masks[i] = 0
			}
		}
		n := &w.nodes[i]
		n.readTomorrow = n.phase != off && n.phase != dead && n.phase != fenced && n.phase != serverUp && n.phase != clientUp
		n.toWrite = n.toWrite.tomorrow()
	}
	return w
}

// tomorrow returns the record with all its times in the future.
func (r modelRecord) tomorrow() modelRecord {
	for i := range r.slots[:r.count] {
		r.slots[i].age = tomorrow
	}
	if r.leaving != 0 {
		r.leavingAge = tomorrow
	}
	if r.gathering {
		r.gathersTomorrow, r.quarters = true, 0
	}
	return r
}

// folder returns which of modelNode.beatsTomorrow a role's are.
func folder(role registry.Role) int {
	if role == registry.Servers {
		return 0
	}
	return 1
}

// listTomorrow lets an observer see the heartbeats that lie in the future. Those that it
// has seen for an expiry have had their time, and it removes those of servers.
func (x *explorer) listTomorrow(w world, i int8) world {
	n := &w.nodes[i]
	if n.tomorrowFor >= old && !x.trustsFuture {
		w.beatsTomorrow[0], n.beatsTomorrow = 0, [2]uint8{}
		return w
	}
	n.beatsTomorrow = w.beatsTomorrow
	if n.tomorrowFor < 0 && w.beatsTomorrow != [2]uint8{} {
		n.tomorrowFor = 0
	}
	return w
}

// fromTomorrow returns the live members of a role with those of which all heartbeats lie in
// the future.
func fromTomorrow(live []registry.Member, nodes uint8) []registry.Member {
	for i := range int8(maxNodes) {
		m := registry.Member{Node: nodeName(i), Address: address(i), Heartbeat: timeOf(tomorrow), Oldest: timeOf(tomorrow), Ahead: true}
		if nodes&(1<<i) != 0 && !beatsToday(live, m.Node) {
			live = append(live, m)
		}
	}
	registry.SortMembers(live)
	return live
}

func beatsToday(live []registry.Member, node string) bool {
	return rule.Observation{Snapshot: registry.Snapshot{Live: map[registry.Role][]registry.Member{registry.Servers: live}}}.BeatsAsServer(node)
}

// horizon returns what all observations have: an answer is that of now.
func (x *explorer) horizon() time.Time {
	if x.trustsFuture {
		return time.Time{}
	}
	return new(registry.Registry).Horizon(epoch)
}
