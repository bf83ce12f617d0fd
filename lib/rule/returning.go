package rule

import (
	"fmt"
	"slices"

	"auto-consul/lib/registry"
)

// withRaftState decides for a node that holds raft data. It is the server that it was
// and never bootstraps, whatever the registry says (R13).
func (in Input) withRaftState() Action {
	rec := in.Seen.Record
	if rec == nil {
		return in.server("the data directory holds raft data, and there is no cluster record")
	}
	reason := "the data directory holds raft data of this cluster"
	if rec.Recovers(in.Self.Incarnation) {
		reason = "the lost quorum is recovered with this node's data"
	}
	if rec.State != Established {
		// The birth has succeeded, and nobody may start another.
		next := rec.next(in.New.Write)
		next.establish()
		return Action{Swap: &next, Why: reason}
	}
	if own := in.ownSlot(); own != nil {
		if action, ok := in.checkCopy(*own); ok {
			return action
		}
		if action, ok := in.renewSlot(*own); ok {
			return action
		}
		return in.server(reason)
	}
	if len(in.heldByOthers()) < rec.Desired {
		// It takes a slot if one is to be had at once (R18). To wait would help nobody.
		if action := in.claimSlot(); action.Swap != nil || action.Probe != nil {
			return action
		}
	}
	return in.server(reason + "; all slots are taken")
}

// checkCopy finds out whether a node whose slot names another node or address is a copy
// of a node that runs, or that is about to start (R23): an image of a machine starts
// many times at once. A node that runs answers at its address. One that has not started
// yet holds its slot as long as that is fresh. A node with raft data under the slot's
// name has moved: all servers may come back at new addresses at once. ok is false where
// this node is no copy.
func (in Input) checkCopy(own Slot) (action Action, ok bool) {
	if own.IsAt(in.Self.Node, in.Self.Address) {
		return Action{}, false
	}
	switch answers, asked := in.Answers[own.Address]; {
	case in.addressAnnouncedBy(own) != "" || in.addressClaimedSince(own):
		return Action{}, false
	case !asked:
		return Action{Probe: []string{own.Address}}, true
	case answers && own.Address == in.Self.Address:
		return Action{Wait: fmt.Sprintf("for the agent of node %s, which this data directory was last decided for, to end", own.Node)}, true
	case answers:
		return Action{Err: fmt.Errorf("%w: this data directory is a copy: its incarnation is node %s, and somebody answers at %s: start with an empty data directory",
			ErrFenced, own.Node, own.Address)}, true
	case in.held(own) && own.Address != in.Self.Address && !(in.Self.Raft && own.Node == in.Self.Node):
		return Action{Wait: fmt.Sprintf("to see whether this data directory is a copy: its incarnation is node %s, at %s, which may be about to start", own.Node, own.Address)}, true
	}
	return Action{}, false
}

// server returns the decision to be a server, and whether it bootstraps (R25).
func (in Input) server(reason string) Action {
	rec := in.Seen.Record
	d := in.decision(registry.Server, reason)
	d.Membership = in.Self.Membership
	if rec != nil {
		d.Membership = rec.membership(in.Self.Membership)
		d.Membership.Open = in.Self.Mode == "" || in.Self.Membership.Open
		if in.Self.Raft && in.Self.Membership.ClusterID == "" {
			d.Notes = append(d.Notes, "the data directory holds raft data of no known cluster and is taken to belong to "+rec.ClusterID)
		}
	}
	d.HasSlot = in.ownSlot() != nil
	d.Recover = in.Self.Raft && rec != nil && rec.Recovers(in.Self.Incarnation) && !d.Membership.Recovered
	if in.mayBootstrap() {
		alone := rec.Birth == First || rec.Desired == 1
		d.Bootstrap = alone && rec.Bootstrap.Incarnation == in.Self.Incarnation
		if !alone {
			d.Expect = rec.Desired
		}
	}
	if d.Bootstrap {
		d.Join = []string{} // the others join it
		d.Restore = rec.Restore
	}
	if survivors := in.survivors(); !d.HasSlot && len(survivors) > 0 {
		// Nothing that it writes shows the others that it is about to start (R56).
		return Action{Wait: fmt.Sprintf("for the recovery that was typed on %s", survivors[0].Node)}
	}
	return Action{Decision: &d}
}

// mayBootstrap reports whether this node takes part in a birth that is under way (R25).
// After a crash it does so again, as long as it has no raft data.
func (in Input) mayBootstrap() bool {
	return in.Seen.Record != nil && in.Seen.Record.State == Bootstrapping && in.ownSlot() != nil && !in.Self.Raft
}

// client returns the decision to be a client. It stays open unless a mode was kept or
// set (R22).
func (in Input) client(reason string) Action {
	d := in.decision(registry.Client, reason)
	if !in.Self.Raft && (in.Self.Mode == "" || in.Self.Mode == registry.Server && in.Self.Membership.Open) {
		if rec := in.Seen.Record; rec != nil {
			d.Membership = rec.membership(in.Self.Membership)
		}
		d.Membership.Open = true
	}
	return Action{Decision: &d}
}

// decision returns what all decisions have in common: who is held (R8), whose number
// rules (R24), and whom to join (R26).
func (in Input) decision(mode registry.Mode, reason string) Decision {
	d := Decision{Mode: mode, Reason: reason, Held: append([]string{}, in.heldByOthers()...), Desired: in.desired()}
	if mode == registry.Server && in.ownSlot() != nil {
		d.Held = append(d.Held, in.Self.Node)
		slices.Sort(d.Held)
	}
	if in.Seen.Record != nil && in.Policy.Desired != d.Desired {
		d.Notes = append(d.Notes, fmt.Sprintf("the cluster record says %d servers and this node was told %d: the record rules; -resize changes it once the cluster has a leader", d.Desired, in.Policy.Desired))
	}
	d.Join = joinTargets(mode, in.Self, in.Seen.Snapshot, in.heldSlots())
	if len(d.Join) == 0 {
		// Silent servers may come back at the addresses last known.
		d.Join = joinTargets(mode, in.Self, registry.Snapshot{}, in.slots())
	}
	return d
}
