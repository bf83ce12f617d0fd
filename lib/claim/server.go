package claim

import (
	"fmt"
	"slices"

	"auto-consul/lib/registry"
	"auto-consul/lib/wire"
)

// returning is the decision of a node that holds raft state: it is the server
// that it was, and never bootstraps, whatever the registry says.
func (c Case) returning() Step {
	rec := c.Look.Record
	if rec == nil {
		return c.server("the data directory holds raft state, and there is no cluster record")
	}
	const reason = "the data directory holds raft state of this cluster"
	if rec.State == Bootstrapping {
		// The birth has succeeded, and nobody may start another.
		next := rec.next(c.Random.Write)
		next.State = Established
		return Step{Swap: &next, Why: reason}
	}
	if own := c.own(); own != nil {
		if step, ok := c.copied(*own); ok {
			return step
		}
		if step, ok := c.renew(*own); ok {
			return step
		}
		return c.server(reason)
	}
	if len(c.heldOthers()) < rec.Desired {
		// A slot if one is to be had now; waiting for one would help nobody.
		if step := c.claim(); step.Swap != nil || step.Probe != nil {
			return step
		}
	}
	return c.server(reason + "; all slots are taken")
}

// moved: the own slot names another node or address than this node's.
func (c Case) moved(own Slot) bool { return own.Node != c.Self.Node || own.Address != c.Self.Address }

// copied finds out whether a node that seems to have moved is a copy of one that
// lives, or that is about to: an image made of a data directory starts in many
// places at once. One that lives answers at its address. One that has not started
// yet holds its slot, as long as it is young; raft data under the same name is past
// that, and all servers may come back at new addresses at once.
func (c Case) copied(own Slot) (Step, bool) {
	if !c.moved(own) {
		return Step{}, false
	}
	switch answers, asked := c.Answers[own.Address]; {
	case c.heir(own) != "" || c.exchanged(own):
		return Step{}, false
	case !asked:
		return Step{Probe: []string{own.Address}}, true
	case answers && own.Address == c.Self.Address:
		return Step{Wait: fmt.Sprintf("for the agent of node %s, which this data directory was last decided for, to end", own.Node)}, true
	case answers:
		return Step{Err: fmt.Errorf("%w: this data directory is a copy: its incarnation is node %s, and somebody answers at %s: start with an empty data directory",
			ErrFenced, own.Node, own.Address)}, true
	case c.held(own) && own.Address != c.Self.Address && !(c.Self.Raft && own.Node == c.Self.Node):
		return Step{Wait: fmt.Sprintf("to see whether this data directory is a copy: its incarnation is node %s, at %s, which may be about to start", own.Node, own.Address)}, true
	}
	return Step{}, false
}

// renew keeps an own slot: where it was claimed long ago it is claimed anew, so
// that this node has its time to start; where the node has moved, its new
// address is written down.
func (c Case) renew(own Slot) (Step, bool) {
	if !c.moved(own) && c.age(own.Since) < c.Policy.Expiry/2 {
		return Step{}, false
	}
	next := c.Look.Record.next(c.Random.Write)
	*next.slot(own.Incarnation) = c.slot()
	if next.Bootstrap.Incarnation == own.Incarnation {
		next.Bootstrap.Node, next.Bootstrap.Address = c.Self.Node, c.Self.Address
	}
	return Step{Swap: &next, Why: "this node holds a slot"}, true
}

// server is the verdict of one that is to be a server.
func (c Case) server(reason string) Step {
	rec := c.Look.Record
	v := c.verdict(wire.Server, reason)
	v.Kept = c.Self.Kept
	if rec != nil {
		v.Kept = keptOf(*rec)
		if c.Self.Raft && c.Self.Kept.ClusterID == "" {
			v.Notes = append(v.Notes, "the data directory holds raft state of no known cluster and is taken to belong to "+rec.ClusterID)
		}
	}
	v.Slot = c.own() != nil
	if c.mayBootstrap() {
		alone := rec.Birth == First || rec.Desired == 1
		v.Bootstrap = alone && rec.Bootstrap.Incarnation == c.Self.Incarnation
		if !alone {
			v.Expect = rec.Desired
		}
	}
	if v.Bootstrap {
		v.Join = []string{} // the others join it
	}
	return Step{Verdict: &v}
}

func keptOf(rec Record) Kept {
	return Kept{
		ClusterID: rec.ClusterID, Term: rec.Bootstrap.Term, Desired: rec.Desired, Birth: rec.Birth,
		Adopted: rec.Bootstrap.Incarnation == "",
	}
}

// mayBootstrap: this node takes part in a birth that is under way. It may be
// asked to do so again after a crash, as long as its raft state is empty.
func (c Case) mayBootstrap() bool {
	return c.Look.Record != nil && c.Look.Record.State == Bootstrapping && c.own() != nil && !c.Self.Raft
}

// agent is the verdict of one that is to be an agent.
func (c Case) agent(reason string) Step {
	v := c.verdict(wire.Agent, reason)
	if c.Self.Mode == "" && !c.Self.Raft {
		if rec := c.Look.Record; rec != nil {
			v.Kept = keptOf(*rec)
		}
		v.Kept.Open = true
	}
	return Step{Verdict: &v}
}

func (c Case) verdict(mode, reason string) Verdict {
	v := Verdict{Mode: mode, Reason: reason, Held: append([]string{}, c.heldOthers()...), Desired: c.desired()}
	if mode == wire.Server && c.own() != nil {
		v.Held = append(v.Held, c.Self.Node)
		slices.Sort(v.Held)
	}
	if c.Look.Record != nil && c.Policy.Desired != v.Desired {
		v.Notes = append(v.Notes, fmt.Sprintf("the cluster record says %d servers and this node was told %d: the record rules; -resize changes it once the cluster has a leader", v.Desired, c.Policy.Desired))
	}
	v.Join = targets(mode, c.Self, c.Look.Snapshot, c.heldSlots())
	if len(v.Join) == 0 {
		// Silent servers may come back at the addresses last known.
		v.Join = targets(mode, c.Self, registry.Snapshot{}, c.slots())
	}
	return v
}
