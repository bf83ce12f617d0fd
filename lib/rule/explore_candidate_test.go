package rule_test

import (
	"fmt"
	"time"

	"auto-consul/lib/registry"
	"auto-consul/lib/rule"
)

// gossip returns the servers that a running client knows to be alive: those of the
// cluster that it has joined, and those on their way to it. ok is false where it has
// joined none with a leader.
func (w world) gossip(i int8) (servers uint8, ok bool) {
	var lineage int8
	for j := range int8(maxNodes) {
		if w.joined(i, j) && w.hasLeader(w.nodes[j].raft) {
			lineage = w.nodes[j].raft
		}
	}
	for j, n := range w.nodes {
		if n.serves() && (n.raft == lineage || n.raft == 0 && w.joinsLineage(int8(j), lineage)) {
			servers |= 1 << j
		}
	}
	return servers, lineage != 0
}

// joinsLineage reports whether a server is joined to one of a lineage.
func (w world) joinsLineage(i, lineage int8) bool {
	for j := range int8(maxNodes) {
		if m := w.nodes[j]; m.raft == lineage && m.serves() && (w.joined(i, j) || w.joined(j, i)) {
			return true
		}
	}
	return false
}

// seesFewServers reports whether a running client may become a server and knows fewer of
// them than desired (R48).
func (x *explorer) seesFewServers(w world, i int8) bool {
	n := w.nodes[i]
	if !x.candidates || n.paused || n.phase != clientUp {
		return false
	}
	servers, ok := w.gossip(i)
	return ok && (count(servers) < x.desired || x.registryAlone)
}

func count(set uint8) (n int8) {
	for ; set != 0; set &= set - 1 {
		n++
	}
	return n
}

// candidacy returns what a client that looks for a place knows by gossip.
func (x *explorer) candidacy(w world, i int8) *rule.Candidacy {
	servers, _ := w.gossip(i)
	if x.registryAlone {
		servers &= 1
	}
	c := &rule.Candidacy{Grace: grace, FewFor: expiry + grace}
	if !x.zonesForEver { // a unit of time for each quarter of the grace
		c.FewFor += time.Duration(w.nodes[i].fewFor-old) * grace / 4
	}
	for j := range x.nodes {
		if servers&(1<<j) != 0 {
			c.Servers = append(c.Servers, nodeName(j))
		}
	}
	return c
}

// count counts for how long a client's gossip has shown too few servers. Where there are
// zones, a client may leave a place to others for two units of time more (R52).
func (n *modelNode) count(few bool) {
	n.looked = false
	switch {
	case few && n.zone != 0:
		n.fewFor = min(old+2, n.fewFor+1)
	case few:
		n.fewFor = grown(n.fewFor, 1)
	case !n.paused:
		n.fewFor = 0
	}
}

// lookForPlace lets a running client ask whether to take a place.
func (x *explorer) lookForPlace(w world, i int8) world {
	n := &w.nodes[i]
	n.candidate, n.looked, n.phase = true, true, readingRecord
	return w
}

// endCandidacy ends a client's decision: it stays what it is, or stops to decide again
// and become a server. That it has no place then is bad, for it would have stopped for
// nothing.
func (x *explorer) endCandidacy(w world, i int8, action rule.Action) (world, string) {
	n := &w.nodes[i]
	if action.Decision != nil && action.Decision.Mode == registry.Client {
		n.giveUp(clientUp)
		return w, ""
	}
	bad := ""
	if !n.seen.holds(n.incarnation) {
		bad = nodeName(i) + " stops its agent and has no place"
	}
	n.stop(off) // with 75
	return w, bad
}

// takesBesides returns, in words, who takes a place in the record while another's change
// of role is under way (R49); empty if nobody does.
func (w world) takesBesides(next modelRecord) string {
	for _, s := range next.slots[:next.count] {
		if !s.promoted || w.record.holds(s.incarnation) {
			continue
		}
		for _, o := range w.record.slots[:w.record.count] {
			if o.promoted && (o.age < old || w.serverBeats[nodeOf(o.incarnation)] != 0) {
				return fmt.Sprintf("%s takes a place while %s does", nodeName(nodeOf(s.incarnation)), nodeName(nodeOf(o.incarnation)))
			}
		}
	}
	return ""
}

// giveUp ends a decision that came to nothing. A client that runs stays one.
func (n *modelNode) giveUp(phase int8) {
	join, looked, few, tomorrow := n.join, n.looked, n.fewFor, n.tomorrowFor
	if !n.candidate {
		n.stop(phase)
		return
	}
	n.stop(clientUp)
	n.join, n.looked, n.fewFor, n.tomorrowFor = join, looked, few, tomorrow
}

// first returns the world in which the exploration begins: blank machines, or a cluster
// that has its servers, the other nodes being its clients.
func (x *explorer) first() world {
	var w world
	for i := range w.nodes {
		w.nodes[i].clearMemory()
		if i < len(x.zones) {
			w.nodes[i].zone = int8(x.zones[i] - 'a' + 1)
		}
	}
	if x.servers > 0 {
		w = x.establishedWorld(w)
	}
	if x.snapshots != 0 {
		w = x.lostWorld(w)
	}
	w.faults, w.clockBack = x.faults, x.setsBack
	return w
}

func (x *explorer) establishedWorld(w world) world {
	w.record = modelRecord{exists: true, established: true, cluster: 1, desired: x.desired, term: 1, bootstrapper: 1}
	w.clusters, w.lineages, w.voters[1], w.births[1] = 1, 1, x.servers, [2]int8{1, 1}
	for i := range x.nodes {
		n := &w.nodes[i]
		if x.gone != 0 && i >= x.servers {
			continue // a blank machine
		}
		n.incarnation, n.keptCluster, n.keptTerm = i*4+1, 1, 1
		n.phase, n.mode, n.join = clientUp, clientMode, 1<<x.servers-1
		w.agentBeats[i] = 3
		if i >= x.servers {
			continue
		}
		n.phase, n.mode, n.raft, n.hasBeaten = serverUp, serverMode, 1, 2
		n.join &^= 1 << i
		w.serverBeats[i] = 3
		if x.gone&(1<<i) != 0 {
			n.stop(off)
			if x.dead&(1<<i) != 0 {
				n.stop(dead)
			}
			w.serverBeats[i], w.agentBeats[i] = 0, 0
		}
		if i < x.desired {
			w.record.slots[i] = modelSlot{incarnation: n.incarnation, age: old, zone: n.zone}
			w.record.count++
		}
	}
	return w
}

// mayLeave reports whether the cluster can spare a server, as it sees itself.
func (x *explorer) mayLeave(w world, i int8) bool {
	voters := map[string]bool{}
	for j := range x.nodes {
		if m := w.nodes[j]; m.raft == w.nodes[i].raft {
			voters[nodeName(j)] = m.serves()
		}
	}
	return x.neverCounts || rule.WhyNotLeave(*w.record.forRule(0), nodeName(i), voters) == ""
}

// stepDown lets a server leave its cluster and put its raft data aside. What is bad is a
// cluster without a leader, or with fewer living voters than desired, that had them.
func (x *explorer) stepDown(w world, i int8) (world, string) {
	n := &w.nodes[i]
	n.leaves = false
	if !x.mayLeave(w, i) || !w.hasLeader(n.raft) {
		n.phase, n.beatTried = serverUp, true
		return w, ""
	}
	lineage := n.raft
	n.raft, n.mode = 0, clientMode
	n.stop(off)
	w.voters[lineage]--
	serving := int8(0)
	for _, m := range w.nodes {
		if m.raft == lineage && m.serves() {
			serving++
		}
	}
	if serving < x.desired || !w.hasLeader(lineage) {
		return w, fmt.Sprintf("%s steps down, and %d servers are left", nodeName(i), serving)
	}
	return w, ""
}
