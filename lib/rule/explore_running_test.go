package rule_test

import (
	"errors"
	"fmt"
	"time"

	"auto-consul/lib/rule"
)

// startAgent starts the agent. A bootstrap without raft data founds a lineage of it.
func (x *explorer) startAgent(w world, i int8) (world, string) {
	n := &w.nodes[i]
	n.hasSlot = false
	if n.mode == clientMode {
		n.phase = clientUp
		return w, ""
	}
	n.phase = serverUp
	if x.gone != 0 {
		n.join = 1<<x.nodes - 1&^(1<<i) // who has run before knows the others by gossip
	}
	if n.soleVoter {
		n.soleVoter, n.made = false, true
		return w.foundLineage(i)
	}
	if !n.bootstrap || n.raft != 0 {
		return w, ""
	}
	content := n.restore
	v, bad := w.foundLineage(i)
	v.content[v.lineages] = content
	if overtaken := w.record.exists && (w.record.cluster != n.keptCluster || w.record.term != n.keptTerm); overtaken && !x.pausesBeforeStart && bad == "" {
		bad = nodeName(i) + " bootstraps although another has taken over"
	}
	return v, bad
}

// foundLineage gives nodes raft data of a new lineage.
func (w world) foundLineage(founders ...int8) (world, string) {
	w.lineages++
	lineage := w.lineages
	for _, i := range founders {
		w.nodes[i].raft = lineage
		w.voters[lineage]++
	}
	first := w.nodes[founders[0]]
	birth := [2]int8{first.keptCluster, first.keptTerm}
	for l := int8(1); l < lineage; l++ {
		if w.births[l] == birth {
			return w, fmt.Sprintf("two bootstraps of cluster %d in term %d", birth[0], birth[1])
		}
	}
	w.births[lineage] = birth
	return w, ""
}

// runServer returns what may happen next to a server that runs: it finds its raft
// peers, or it asks the rule for its beat.
func (x *explorer) runServer(w world, i int8) []successor {
	n := w.nodes[i]
	var out []successor
	if n.raft == 0 && !(x.gone != 0 && w.overtaken(i)) {
		for j := range x.nodes {
			m := w.nodes[j]
			if n.join&(1<<j) != 0 && m.serves() && m.raft != 0 && w.hasLeader(m.raft) {
				v := w
				v.nodes[i].raft = m.raft
				v.voters[m.raft]++
				out = append(out, successor{v, "joins the raft of " + nodeName(j), ""})
			}
		}
		if v, bad, ok := x.formQuorum(w, i); ok {
			out = append(out, successor{v, "forms a quorum", bad})
		}
	}
	if n.toRestore != 0 && n.raft != 0 && x.afterStart {
		v, bad := x.restoresLate(w, i)
		out = append(out, successor{v, "restores into its cluster", bad})
	}
	if !n.beatTried || w.mustEstablish(i) {
		out = append(out, successor{x.serve(w, i), "reads the record for a beat", ""})
	}
	return out
}

// overtaken reports whether the record names a later term than a server without raft data
// was decided in. It reads the record every second, and is quicker than the server of the
// later term with its start and its election.
func (w world) overtaken(i int8) bool {
	return w.store == storeOK && w.record.term > w.nodes[i].keptTerm
}

// mustEstablish reports whether a node has raft data of a birth that the record still
// shows as under way. It reads the record every second then, so it is quicker than
// anything that takes a unit of time.
func (w world) mustEstablish(i int8) bool {
	n := w.nodes[i]
	return n.raft != 0 && w.record.exists && !w.record.established && n.keptCluster == w.record.cluster && n.keptTerm == w.record.term
}

// formQuorum is Consul's -bootstrap-expect: enough servers that expect each other
// found a lineage together, unless one of them knows of one.
func (x *explorer) formQuorum(w world, i int8) (world, string, bool) {
	n := w.nodes[i]
	if n.expect == 0 {
		return w, "", false
	}
	var founders []int8
	for j := range x.nodes {
		m := w.nodes[j]
		near := j == i || n.join&(1<<j) != 0 || m.join&(1<<i) != 0
		switch {
		case near && m.serves() && m.raft != 0:
			return w, "", false
		case near && m.serves() && m.expect == n.expect:
			founders = append(founders, j)
		}
	}
	if len(founders) < int(n.expect) {
		return w, "", false
	}
	v, bad := w.foundLineage(founders...)
	return v, bad, true
}

// serve lets a running server read the record and ask the rule. What the rule wants
// written, and the heartbeat, come after that, as a step of their own.
func (x *explorer) serve(w world, i int8) world {
	n := &w.nodes[i]
	if w.store == storeDown {
		n.beatTried = true // in vain; the next tick tries again
		return w
	}
	n.unchanged, n.recordAge, n.phase, n.readTomorrow, n.offline = true, 0, beforeBeat, false, false
	x.remember(n, i, w.record)
	if x.plainRule {
		return w
	}
	var lastBeat time.Time
	if n.hasBeaten > 0 && w.serverBeats[i] != 0 {
		lastBeat = epoch
	}
	rec := w.record.forRule(0)
	x.spoil(rec, i)
	running := rule.Running{
		LastBeat: lastBeat, WithheldFor: time.Duration(n.sinceReading) * unit, NamedBefore: n.namedBefore,
		Self: n.self(i), Expiry: expiry, Time: epoch, Horizon: x.horizon(), Record: rec,
		Found: w.hasLeader(n.raft), Voter: n.raft != 0, Eligible: x.candidates, Write: "w",
	}
	order, err := rule.Serve(running)
	n.namedBefore = x.deletesRecord && rule.Observation{Record: rec}.Names(n.self(i).Membership)
	switch {
	case errors.Is(err, rule.ErrFenced):
		if order.Leave && !x.neverLeaves {
			w.voters[n.raft]--
		}
		n.stop(fenced)
	case err != nil && n.typed:
		x.startRecovery(&w.nodes[i])
	case err != nil:
		n.stop(off)
	case order.Swap != nil:
		n.writes, n.toWrite = true, fromRule(order.Swap)
	case order.StepDown != "" && x.mayLeave(w, i):
		if mark := rule.MarkLeaving(running); mark != nil {
			n.writes, n.toWrite = true, fromRule(mark)
		} else {
			n.leaves = w.record.leaving == n.incarnation
		}
	case order.Withhold:
		n.phase, n.beatTried = serverUp, true
		w = w.writeBeats(i, order, 0)
	}
	return w
}

// beat writes what the rule wanted written or, if that was nothing, the heartbeat. It
// is stamped with the time of the reading.
func (x *explorer) beat(w world, i int8) (world, string) {
	n := &w.nodes[i]
	if n.writes {
		next := n.toWrite.aged(n.recordAge)
		n.writes, n.toWrite, n.phase = false, modelRecord{}, serverUp // and reads again
		n.beatTried = w.store != storeOK
		bad := ""
		if w.store == storeOK && n.unchanged {
			if !x.afterStart {
				bad = w.establishesEmpty(i, next)
			}
			w = w.write(next)
		}
		return w, bad
	}
	age := n.recordAge
	n.phase, n.beatTried, n.recordAge = serverUp, true, 0
	if w.store != storeOK || age >= old {
		return w, ""
	}
	n.hasBeaten = max(n.hasBeaten, 1)
	w = w.writeBeats(i, rule.Order{}, age)
	w.nodes[i].readTomorrow = false
	for j, mask := range w.serverBeats {
		if m := w.nodes[j]; !x.deletesRecord && mask != 0 && m.raft != 0 && n.raft != 0 && m.raft != n.raft && m.phase != fenced && m.phase != dead {
			return w, fmt.Sprintf("two clusters are advertised, by %s and %s", nodeName(i), nodeName(int8(j)))
		}
	}
	return w, ""
}

// beatAsClient lets a running client read the record and ask the rule, which may have
// it decide again, and then beat.
func (x *explorer) beatAsClient(w world, i int8) world {
	n := &w.nodes[i]
	if w.store == storeDown {
		return w
	}
	x.remember(n, i, w.record)
	order, err := rule.Serve(rule.Running{
		Self: n.self(i), Expiry: expiry, Time: epoch, Horizon: x.horizon(), Record: w.record.forRule(0), Found: w.knowsServers(i), Eligible: x.candidates,
	})
	if err != nil {
		n.stop(off)
		return w
	}
	if order.Swap != nil { // it mends the record, and then beats
		if w.store != storeOK {
			return w
		}
		return x.beatAsClient(w.write(fromRule(order.Swap)), i)
	}
	return w.writeBeats(i, order, 0)
}

// knowsServers reports whether a client is joined to a server that has a leader.
func (w world) knowsServers(i int8) bool {
	for j := range int8(maxNodes) {
		if w.joined(i, j) && w.hasLeader(w.nodes[j].raft) {
			return true
		}
	}
	return false
}
