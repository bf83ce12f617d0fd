package rule

import (
	"fmt"
	"slices"
	"time"

	"auto-consul/lib/registry"
)

// Candidacy is what a running client knows, beside what it has read in the registry, when
// it asks whether to take a vacant place (R48).
type Candidacy struct {
	Grace   time.Duration // how long a vacant place is left to nodes that start
	Servers []string      // names of the servers that its own gossip holds to be alive
	// FewFor is for how long its gossip has shown fewer of them than desired, without
	// interruption.
	FewFor time.Duration
}

// candidate decides for a running client that may become a server, and for a running
// server without a slot: either takes a vacant place, or stays what it is (R48). It never
// waits, because it is asked again.
//
// Registry and gossip must agree. A server whose heartbeats do not reach the store has not
// died, nor has one that the gossip cannot reach while it beats.
func (in Input) candidate() Action {
	rec, own, c := in.Seen.Record, in.ownSlot(), in.Candidate
	if action, ok := in.dateBack(); ok {
		return action // R53
	}
	server := in.Self.Mode == registry.Server
	switch {
	case rec == nil || rec.State != Established:
		return in.staysClient("there is no established cluster")
	case in.Self.Membership.takesNoPlace(in.Seen.Time, in.Policy.Expiry): // R51
		return in.staysClient(fmt.Sprintf("it has given a place back and takes none until %s", in.Self.Membership.CandidateFrom.UTC().Format(time.DateTime)))
	case own != nil && own.Node == in.Self.Node && !own.tooLate(in.Seen.Time, in.Policy.Expiry):
		return in.server("this node holds a slot")
	case own != nil && own.Node != in.Self.Node || in.nameConflict() != nil:
		return in.staysClient("a slot in its name is another's, or its own slot is in another name")
	case server:
		// It is one already, and takes the slot of a dead one (R48).
	case len(c.Servers) >= rec.Desired:
		return in.staysClient(fmt.Sprintf("its gossip knows %d servers, %d desired", len(c.Servers), rec.Desired))
	case c.FewFor < in.Policy.Expiry+c.Grace:
		return in.staysClient(fmt.Sprintf("its gossip has known too few servers for %v only", c.FewFor.Round(time.Second)))
	}
	if d := c.LeaveToZones(in.Self, rec, in.Policy.Expiry); d != nil && !server { // R52
		return Action{Decision: d}
	}
	switch {
	case !server && !in.knowsSlotsServer():
		return in.staysClient("its gossip knows none of the servers that hold slots")
	case rec.LeavingUnderWay(in.Seen.Time, in.Policy.Expiry):
		return in.staysClient(fmt.Sprintf("%s steps down", rec.Leaving.Node)) // R49
	case slices.ContainsFunc(rec.Servers, func(s Slot) bool { return s.Changes(in.Seen.Time, in.Policy.Expiry) && in.fresh(s) }):
		return in.staysClient("another client takes a place, and does not vote yet") // R49
	case in.Seen.RecordOnly:
		return Action{ReadHeartbeats: true}
	case !server && len(in.heldByOthers()) >= rec.Desired:
		return in.staysClient(fmt.Sprintf("%d servers held, %d desired", len(in.heldByOthers()), rec.Desired))
	}
	if s, ok := in.Seen.ChangeUnderWay(in.Policy.Expiry); ok {
		return in.staysClient(fmt.Sprintf("%s starts a server, or one that does not vote yet", s.Node)) // R49
	}
	return in.takePlace()
}

// staysClient returns the decision of a candidate to stay what it is. Its mode is client also
// for a server without a slot, which takes no place then.
func (in Input) staysClient(reason string) Action {
	d := in.decision(registry.Client, reason)
	return Action{Decision: &d}
}

// knowsSlotsServer reports whether the gossip of a candidate knows a living server that
// holds a slot, and so is of the cluster that the record names.
func (in Input) knowsSlotsServer() bool {
	return slices.ContainsFunc(in.slots(), func(s Slot) bool { return slices.Contains(in.Candidate.Servers, s.Node) })
}

// ChangeUnderWay returns a held slot whose server is on its way, which is the part of a change
// that needs the heartbeats: a client claimed it and
// does not vote yet, or its node does not beat as a server yet. While there is one, no
// client takes a place (R49). The observation must have the heartbeats.
func (o Observation) ChangeUnderWay(expiry time.Duration) (Slot, bool) {
	for _, s := range o.Slots() {
		if o.Held(s, expiry) && (s.Changes(o.Time, expiry) || !s.UnderWay() && !o.BeatsAsServer(s.Node)) {
			return s, true
		}
	}
	return Slot{}, false
}

// takePlace claims a free slot, or that of a server which is proved dead and for which
// the grace has passed (R48). A server that the gossip knows lives.
func (in Input) takePlace() Action {
	rec, c := in.Seen.Record, in.Candidate
	next := rec.next(in.New.Write)
	slot := in.newSlot()
	if in.Self.Mode != registry.Server {
		slot.Promoted = in.Seen.Time
	}
	if own := in.ownSlot(); own != nil { // it was given back, and nobody has taken it (R51)
		*next.SlotOf(own.Incarnation) = slot
		return Action{Swap: &next, Why: "this node tries again for the place that it gave back"}
	}
	next.Servers = append(next.Servers, slot)
	why := fmt.Sprintf("%d servers held, %d desired, and no node that starts has taken the place", len(in.heldByOthers()), rec.Desired)
	if len(rec.Servers) < rec.Desired {
		return Action{Swap: &next, Why: why}
	}
	reason := "no slot is vacant"
	var pending Action
	for _, s := range in.silentSlots() {
		due := in.vacantSince(s).Add(c.Grace)
		switch {
		case slices.Contains(c.Servers, s.Node):
			reason = fmt.Sprintf("%s sends no heartbeats and its agent lives", s.Node)
			continue
		case in.Seen.Time.Before(due):
			reason = fmt.Sprintf("the place of %s is left to nodes that start until %s", s.Node, due.UTC().Format(time.TimeOnly))
			continue
		}
		proof, action, dead := in.proveDead(s)
		if dead {
			next.remove(s.Incarnation)
			return Action{Swap: &next, Why: why + ": in place of " + s.Node, Proof: proof}
		}
		if action.Wait != "" {
			reason = "waiting " + action.Wait
		}
		pending = pending.mergeWith(action)
	}
	if pending.Probe != nil {
		return Action{Probe: pending.Probe}
	}
	return in.staysClient(reason)
}

// vacantSince returns since when a slot is not held, as far as the registry still shows
// it: until then its claim was fresh or a heartbeat of its server was live (R8). One that
// is dated in the future has had its time, or its slot would be held (R53).
func (in Input) vacantSince(s Slot) time.Time {
	since := s.FreshUntil(in.Policy.Expiry)
	for _, key := range in.Seen.Expired {
		h, err := registry.ParseKey(key)
		if err != nil || h.Role != registry.Servers || h.Node != s.Node || h.Time.After(in.Seen.Time) {
			continue
		}
		if expired := h.Time.Add(in.Policy.Expiry); expired.After(since) {
			since = expired
		}
	}
	return since
}
