package rule_test

import (
	"cmp"
	"errors"

	"auto-consul/lib/registry"
	"auto-consul/lib/rule"
)

// start lets a node begin to decide.
func (x *explorer) start(w world, i int8) world {
	n := &w.nodes[i]
	if n.incarnation == 0 {
		n.incarnation = i*4 + 1
	}
	n.phase = reading
	n.clearMemory()
	return w
}

// clearMemory leaves of a node its phase and its data directory.
func (n *modelNode) clearMemory() {
	*n = modelNode{
		phase: n.phase, paused: n.paused, zone: n.zone, incarnation: n.incarnation, mode: n.mode, raft: n.raft, keptCluster: n.keptCluster, keptTerm: n.keptTerm,
		known: n.known, made: n.made, keptEstablished: n.keptEstablished,
		keptRestore: n.keptRestore, tries: n.tries,
	}
	for k := range n.silentFor {
		n.silentFor[k] = -1
	}
	for k := range n.unansweredFor {
		n.unansweredFor[k] = -1
	}
	n.tomorrowFor = -1
}

// stop ends the agent or the decision.
func (n *modelNode) stop(phase int8) {
	n.clearMemory()
	n.phase, n.paused = phase, false
}

// readRecord lets a node that decides read the record, and decide if it has what that
// takes.
func (x *explorer) readRecord(w world, i int8) (world, string) {
	n := &w.nodes[i]
	if w.store == storeDown {
		n.giveUp(off) // with 69; whoever started it starts it again
		return w, ""
	}
	before, had, won := n.phase, n.seen.exists, n.unchanged
	n.seen, n.unchanged, n.beatsLater, n.recordAge, n.readTomorrow = w.record, true, false, 0, false
	if had && !n.seen.exists {
		n.giveUp(off) // with 75, as the record has vanished
		return w, ""
	}
	switch before {
	case swapped:
		// Heartbeats that are too old to go on with are read again.
		return x.decide(w, i, !won && n.beatsAge > 0)
	case needRecord:
		return x.decide(w, i, false)
	case reading, polling, readingRecord:
		if v, bad := x.decide(w, i, true); v.nodes[i].phase != needHeartbeats {
			return v, bad
		}
	}
	n.phase = needHeartbeats
	return w, ""
}

// readBeats lets a node that decides read the heartbeats.
func (x *explorer) readBeats(w world, i int8) world {
	n := &w.nodes[i]
	if w.store == storeDown {
		n.giveUp(off)
		return w
	}
	n.serverBeats, n.agentBeats, n.beatsAge, n.asked, n.answered = w.serverBeats, w.agentBeats, 0, 0, 0
	w = x.listTomorrow(w, i)
	n = &w.nodes[i]
	if n.phase != needHeartbeats {
		n.phase = needRecord
		return w
	}
	n.beatsLater = true
	v, _ := x.decide(w, i, false)
	return v
}

// decide asks the rule and puts the node into the phase that the answer asks for.
func (x *explorer) decide(w world, i int8, recordOnly bool) (world, string) {
	n := &w.nodes[i]
	in := x.input(w, i, recordOnly)
	if !recordOnly && n.phase != probing && !n.candidate {
		n.watch(in)
		in = x.input(w, i, recordOnly)
	}
	if x.yields && in.Self.Raft && !recordOnly && mayYield(in) {
		return w.yield(i)
	}
	var action rule.Action
	switch {
	case !x.plainRule:
		action = rule.Decide(in)
	case recordOnly:
		action.ReadHeartbeats = true
	default:
		d := rule.Plain(in.Self, int(x.desired), in.Seen.Snapshot)
		action.Decision = &d
	}
	switch {
	case n.recovers && (action.Err != nil || action.Decision != nil):
		return x.endRecovery(w, i), ""
	case action.ReadLog:
		n.logRead = true
		return x.decide(w, i, recordOnly)
	case action.SetAside != "":
		n.raft = 0
		return x.decide(w, i, recordOnly)
	case n.recovers && action.Swap != nil && action.Swap.Recovery != nil && x.noFence:
		return x.goAheadUnfenced(w, i)
	case errors.Is(action.Err, rule.ErrFenced):
		n.giveUp(fenced)
	case action.Err != nil:
		n.giveUp(off)
	case n.candidate && (action.Decision != nil || x.stopsFirst && action.Swap != nil):
		return x.endCandidacy(w, i, action)
	case action.Decision != nil:
		seen := n.seen
		n.keep(*action.Decision)
		x.remember(n, i, seen)
	case action.Swap != nil:
		n.phase, n.toWrite = swapping, fromRule(action.Swap)
		if n.readTomorrow {
			n.toWrite = n.toWrite.tomorrow()
		}
	case action.Probe != nil:
		n.phase = probing
		for _, a := range action.Probe {
			n.asked |= 1 << nodeAt(a)
		}
	case action.ReadHeartbeats:
		n.phase = needHeartbeats
	case action.ByRecord:
		n.phase = polling
	default:
		n.phase, n.waitsForLost = waiting, waitsForOperator(action.Wait)
	}
	return w, ""
}

// keep writes the decision to the data directory.
func (n *modelNode) keep(d rule.Decision) {
	n.clearMemory()
	n.phase, n.bootstrap, n.expect, n.hasSlot, n.soleVoter = decided, d.Bootstrap, int8(d.Expect), d.HasSlot, d.Recover
	n.made = d.Membership.Recovered
	n.toRestore, n.mode = snapshotNumber(d.Restore), clientMode
	if d.Mode == registry.Server {
		n.mode = serverMode
	}
	if d.Membership.ClusterID != "" {
		n.keptCluster, n.keptTerm = number(d.Membership.ClusterID), int8(d.Membership.Term)
		n.keptRestore = snapshotNumber(d.Membership.Restore)
	}
	for _, a := range d.Join {
		n.join |= 1 << nodeAt(a)
	}
}

// probe finds out who answers at the addresses that the rule has asked for.
func (x *explorer) probe(w world, i int8) (world, string) {
	n := &w.nodes[i]
	for j := range x.nodes {
		switch {
		case n.asked&(1<<j) == 0:
		case w.nodes[j].answers():
			n.answered |= 1 << j
			n.unansweredFor[j] = -1
		case n.unansweredFor[j] < 0:
			n.unansweredFor[j] = 0
		}
	}
	return x.decide(w, i, false)
}

// swap lets a node that decides try to write the record.
func (x *explorer) swap(w world, i int8) (world, string) {
	n := &w.nodes[i]
	n.phase = swapped
	next := n.toWrite.aged(n.recordAge)
	n.toWrite = modelRecord{}
	if w.store != storeOK || !n.unchanged && !x.ignoresConditions {
		n.unchanged = false
		return w, ""
	}
	bad := cmp.Or(x.replacesRunning(w, next), w.takesBesides(next), x.bootstrapsWithout(w, next), x.emptied(w, next), w.goesAhead(i, next))
	n.entered = n.recovers
	w = w.write(next)
	w.nodes[i].unchanged = true
	return w, bad
}

// confirm asks once more before the agent starts, as node.Confirm does.
func (x *explorer) confirm(w world, i int8) world {
	n := &w.nodes[i]
	n.phase = confirmed
	claim := n.decision(i).Claim(n.self(i), expiry)
	if x.plainRule || x.noConfirm || claim == (rule.Claim{}) || claim.Offline && w.store == storeDown {
		return w
	}
	if err := rule.Confirm(w.record.forRule(0), epoch, claim); w.store == storeDown || err != nil {
		n.stop(off)
	}
	return w
}

// decision returns what the node was decided to be, as far as the model keeps it.
func (n modelNode) decision(i int8) rule.Decision {
	self := n.self(i)
	return rule.Decision{Mode: self.Mode, Bootstrap: n.bootstrap, Expect: int(n.expect), HasSlot: n.hasSlot, Recover: n.soleVoter, Offline: n.offline, Membership: self.Membership}
}
