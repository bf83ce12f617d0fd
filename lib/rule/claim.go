package rule

import (
	"fmt"
	"time"

	"auto-consul/lib/registry"
)

// settleTime is how long the other servers of a birth must not have answered before the
// birth is taken over (R19). If the first server bootstrapped just before it died, the
// servers that have joined it write so into the record within a second (R31).
const settleTime = 3 * time.Second

// takeOverBirth takes the right to bootstrap over from a node that died before there
// was a leader, in the next term (R19). ok is false where there is nothing to take
// over.
func (in Input) takeOverBirth() (action Action, ok bool) {
	rec := in.Seen.Record
	if rec.gathered() {
		return in.gatherAgain()
	}
	bootstrapper := rec.SlotOf(rec.Bootstrap.Incarnation)
	if rec.State != Bootstrapping || bootstrapper.Incarnation == in.Self.Incarnation || in.held(*bootstrapper) {
		return Action{}, false
	}
	if in.ownSlot() == nil && in.Self.Mode == "" && len(in.heldByOthers()) >= rec.Desired {
		return Action{}, false // the holders of the other slots do it
	}
	proof, action, dead := in.proveDead(*bootstrapper)
	if !dead {
		return action, true
	}
	if action, settled := in.birthSettled(); !settled {
		return action, true
	}
	snapshot, action, ok := in.snapshotOfBirth()
	if !ok {
		return action, true
	}
	for _, s := range in.slotsOfOthers() {
		if s.Incarnation != bootstrapper.Incarnation {
			proof = append(proof, in.absence(s))
		}
	}
	next := rec.next(in.New.Write)
	next.remove(bootstrapper.Incarnation)
	if other := in.nameConflict(); other != nil && other.Incarnation != bootstrapper.Incarnation { // R21
		also, action, dead := in.proveDead(*other)
		if !dead {
			return action, true
		}
		proof = append(proof, also[0])
		next.remove(other.Incarnation)
	}
	if in.ownSlot() == nil {
		next.Servers = append(next.Servers, in.newSlot())
	}
	next.Restore, next.Bootstrap = snapshot, in.bootstrapHere(rec.Bootstrap.Term+1)
	return Action{
		Swap: &next, Proof: proof,
		Why: fmt.Sprintf("%s died before it had bootstrapped: term %d", bootstrapper.Node, next.Bootstrap.Term),
	}, true
}

// birthSettled reports whether nobody has answered at the other slots' addresses for a
// while (R19). Any of these nodes may hold raft data of the birth that failed: one that
// is frozen writes so when it goes on. Those that found no cluster stop by themselves
// and decide again (R33). Until the birth is settled, the action is what to do next.
func (in Input) birthSettled() (Action, bool) {
	var pending Action
	for _, s := range in.slotsOfOthers() {
		if action, ok := in.nobodyAnswers(s); !ok {
			pending = pending.mergeWith(action)
		} else if in.addressTakenBy(s) == "" && in.UnansweredFor[s.Address] < settleTime {
			pending = pending.mergeWith(Action{Wait: fmt.Sprintf("to see that %s, which took part in a birth that failed, has left nothing behind", s.Node), Watch: []string{s.Incarnation}})
		}
	}
	return pending, !pending.undecided()
}

// claimSlot takes a free slot, or the slot of a dead server (R18).
func (in Input) claimSlot() Action {
	rec := in.Seen.Record
	next := rec.next(in.New.Write)
	next.Servers = append(next.Servers, in.newSlot())
	why := fmt.Sprintf("%d servers held, %d desired", len(in.heldByOthers()), rec.Desired)
	other := in.nameConflict()
	if len(rec.Servers) < rec.Desired && other == nil {
		return in.claimed(next, why, nil)
	}
	silent := in.silentSlots()
	switch {
	case other != nil && in.held(*other):
		return waitForNamesake(*other)
	case other != nil:
		// Two slots of one name could not be told apart by their heartbeats (R21).
		silent = []Slot{*other}
	}
	var pending Action
	for _, s := range silent {
		proof, action, dead := in.proveDead(s)
		if dead {
			next.remove(s.Incarnation)
			return in.claimed(next, why+": in place of "+s.Node, proof)
		}
		pending = pending.mergeWith(action)
	}
	if len(silent) > 0 {
		return pending
	}
	reason := fmt.Sprintf("%d slots, none of them silent, %d desired", len(rec.Servers), rec.Desired)
	if in.Self.Mode == registry.Server {
		return in.server(reason)
	}
	return in.client(reason)
}

// claimed returns the action that writes a claim. Who claims the last slot of a
// gathering writes at once that its servers bootstrap together (R44).
func (in Input) claimed(next Record, why string, proof []string) Action {
	if next.State == Gathering && next.allHere(in.Seen.Time, in.Policy.Expiry) {
		in.bootstrapTogether(&next)
		why += fmt.Sprintf("; all %d are here and bootstrap together", next.Desired)
	}
	return Action{Swap: &next, Proof: proof, Why: why}
}

// renewSlot renews an own slot that is due for renewal, so that this node has its time
// to start (R16), and writes a changed name, address or zone into it (R23, R52). ok is false
// where there is nothing to write. A node without raft data whose time to vote is over has
// given its slot back before (R51).
func (in Input) renewSlot(own Slot) (action Action, ok bool) {
	asItIs := own.IsAt(in.Self.Node, in.Self.Address) && own.Zone == in.Self.Zone && !own.DueForRenewal(in.Seen.Time, in.Policy.Expiry)
	if asItIs {
		return Action{}, false
	}
	next := in.Seen.Record.next(in.New.Write)
	renewed := in.newSlot()
	renewed.Promoted = own.Promoted // R49
	*next.SlotOf(own.Incarnation) = renewed
	if next.Bootstrap.Incarnation == own.Incarnation {
		next.Bootstrap.Node, next.Bootstrap.Address = in.Self.Node, in.Self.Address
	}
	return Action{Swap: &next, Why: "this node holds a slot"}, true
}

// GiveBack returns the record without the slot of an incarnation and without its mark as
// one that steps down, or nil if there is nothing to give back: the incarnation holds no
// slot in a node's name, or it may still bootstrap. In that case it keeps its slot,
// because others take the birth over from it (R38).
func GiveBack(rec *Record, incarnation, node, write string) *Record {
	if rec == nil || rec.State == Bootstrapping && rec.Bootstrap.Incarnation == incarnation {
		return nil
	}
	slot, leaves := rec.SlotOf(incarnation), rec.Leaving != nil && rec.Leaving.Incarnation == incarnation
	if !leaves && (slot == nil || slot.Node != node) {
		return nil
	}
	next := rec.next(write)
	if slot != nil && slot.Node == node {
		next.remove(incarnation)
	}
	if leaves {
		next.Leaving = nil
	}
	return &next
}
