package rule

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"auto-consul/lib/registry"
)

// Gather is the part of a record whose cluster is born by [Auto]. It stays in the
// record until the cluster is established.
type Gather struct {
	Since       time.Time `json:"since"`        // store time at which the gathering began
	Until       time.Time `json:"until"`        // store time at which the gathering ends
	WaitSeconds int64     `json:"wait_seconds"` // how long a gathering lasts
}

// CheckBirthWait returns an error for a [Policy.BirthWait] that is not in whole seconds, or in
// which a slot would grow old: it could be taken from a server that waits.
func CheckBirthWait(wait, expiry time.Duration) error {
	switch {
	case wait > expiry/2:
		return fmt.Errorf("bad -birth-wait %v: more than half the expiry, %v, in which the slot of a server that waits would grow old", wait, expiry)
	case wait > 0 && wait%time.Second != 0:
		return fmt.Errorf("bad -birth-wait %v: want whole seconds", wait)
	}
	return nil
}

// DefaultBirthWait returns the [Policy.BirthWait] of a node that was told none: a quarter of
// the expiry in whole seconds, at least one, and half the expiry at most.
func DefaultBirthWait(expiry time.Duration) time.Duration {
	return min(max((expiry/4).Round(time.Second), time.Second), (expiry / 2).Truncate(time.Second))
}

// gathers reports whether a cluster that this node starts gathers its servers first.
// One server has nobody to wait for.
func (in Input) gathers() bool {
	return in.Policy.Birth == Auto && in.Policy.BirthWait > 0 && in.desired() > 1
}

// birth returns how a cluster that this node starts is born.
func (in Input) birth() Birth {
	switch {
	case in.gathers():
		return Auto
	case in.Policy.Birth == Auto:
		return First
	}
	return in.Policy.Birth
}

// startGathering makes the record one whose servers gather from now on.
func (in Input) startGathering(rec *Record, wait time.Duration) {
	rec.State, rec.Birth = Gathering, Auto
	rec.Gather = &Gather{Since: in.Seen.Time, Until: in.Seen.Time.Add(wait), WaitSeconds: int64(wait / time.Second)}
}

// birthWait returns how long a gathering of the record's cluster lasts.
func (r Record) birthWait() time.Duration { return time.Duration(r.Gather.WaitSeconds) * time.Second }

// gathered reports whether a birth by quorum is under way that came of a gathering.
func (r Record) gathered() bool {
	return r.Gather != nil && r.State == Bootstrapping && r.Birth == Quorum
}

// IsHere reports whether the holder of a slot has claimed or renewed it since the
// gathering began (R44). A slot that is left of a birth which failed may still be fresh, and
// its holder dead, or busy with ending its agent (R46).
func (g Gather) IsHere(s Slot) bool { return !s.Since.Before(g.Since) }

// here returns how many slots' holders are here.
func (r Record) here() (n int) {
	for _, s := range r.Servers {
		if r.Gather.IsHere(s) {
			n++
		}
	}
	return n
}

// allHere reports whether all desired slots are claimed and fresh, and their holders
// here.
func (r Record) allHere(now time.Time, expiry time.Duration) bool {
	old := func(s Slot) bool { return !s.Fresh(now, expiry) || !r.Gather.IsHere(s) }
	return len(r.Servers) >= r.Desired && !slices.ContainsFunc(r.Servers, old)
}

// gathersByRecord reports whether a record that is gathering says by itself what this
// node does, so that the heartbeats need not be read: the node holds a slot, or there
// is a free one.
func (in Input) gathersByRecord() bool {
	rec := in.Seen.Record
	if rec == nil || rec.State != Gathering || in.Self.Raft || in.Self.Mode == registry.Client || in.nameConflict() != nil {
		return false
	}
	if own := in.ownSlot(); own != nil {
		return own.IsAt(in.Self.Node, in.Self.Address)
	}
	return len(rec.Servers) < rec.Desired
}

// gather decides for a node while the servers of a birth gather. Nobody starts a
// server (R43). A node claims a slot as ever; whoever finds all slots claimed and fresh
// writes that they bootstrap together (R44), and whoever holds a slot when the time is
// up writes that it bootstraps alone (R45). One swap decides between the two.
func (in Input) gather() Action {
	rec, own := in.Seen.Record, in.ownSlot()
	switch {
	case own == nil && len(in.heldByOthers()) >= rec.Desired && in.Self.Mode == "":
		return in.client(fmt.Sprintf("%d servers held, %d desired", len(in.heldByOthers()), rec.Desired))
	case own == nil && in.Seen.Time.Before(in.gatherTurn()): // R52
		return Action{
			Wait:        fmt.Sprintf("for servers of other zones than %s, which has one: %d of %d are here; at %s, by the store's clock, this one takes a place", in.Self.Zone, rec.here(), rec.Desired, in.gatherTurn().UTC().Format(time.TimeOnly)),
			ByRecord:    true,
			Unhurried:   true,
			NoLaterThan: in.gatherTurn(),
		}
	case own == nil:
		return in.claimSlot()
	case !rec.Gather.IsHere(*own):
		next := rec.next(in.New.Write)
		*next.SlotOf(own.Incarnation) = in.newSlot()
		return in.claimed(next, "this node holds a slot", nil)
	case rec.allHere(in.Seen.Time, in.Policy.Expiry):
		next := rec.next(in.New.Write)
		in.bootstrapTogether(&next)
		return Action{Swap: &next, Why: fmt.Sprintf("all %d servers are here and bootstrap together", rec.Desired)}
	case !in.Seen.Time.Before(rec.Gather.Until):
		next := rec.next(in.New.Write)
		next.State, next.Birth, next.Bootstrap = Bootstrapping, First, in.bootstrapHere(rec.Bootstrap.Term)
		return Action{Swap: &next, Why: fmt.Sprintf("%d of %d servers have come in %v: this one bootstraps alone, and the cluster has one voter until others come",
			rec.here(), rec.Desired, rec.birthWait())}
	}
	return Action{
		Wait:        fmt.Sprintf("for the other servers of the birth, %d of %d are here; at %s, by the store's clock, this one bootstraps without them", rec.here(), rec.Desired, rec.Gather.Until.UTC().Format(time.TimeOnly)),
		ByRecord:    true,
		NoLaterThan: rec.Gather.Until,
	}
}

// bootstrapTogether makes a gathering a birth by quorum.
func (in Input) bootstrapTogether(rec *Record) {
	rec.State, rec.Birth, rec.Bootstrap = Bootstrapping, Quorum, in.bootstrapHere(rec.Bootstrap.Term)
}

// gatherAgain starts the gathering anew, in the next term, where a birth by quorum
// has lost a server: two of three would wait for ever (R46). All servers of the birth that
// have found no cluster stop when they see that, so nobody may answer at their
// addresses any more. A node without a slot does it, too, and comes in a dead server's
// place. ok is false where no server is lost, or others are enough.
func (in Input) gatherAgain() (action Action, ok bool) {
	rec, own, silent := in.Seen.Record, in.ownSlot(), in.silentSlots()
	if len(silent) == 0 || own == nil && in.Self.Mode == "" && len(in.heldByOthers()) >= rec.Desired {
		return Action{}, false
	}
	next := rec.next(in.New.Write)
	var proof, lost []string
	var pending Action
	for _, s := range silent {
		why, action, dead := in.proveDead(s)
		if !dead {
			pending = pending.mergeWith(action)
		}
		next.remove(s.Incarnation)
		proof, lost = append(proof, why...), append(lost, s.Node)
	}
	if pending.undecided() {
		return pending, true
	}
	if action, settled := in.birthSettled(); !settled {
		return action, true
	}
	if own == nil {
		next.Servers = append(next.Servers, in.newSlot())
	} else {
		*next.SlotOf(own.Incarnation) = in.newSlot()
	}
	next.Bootstrap = in.bootstrapHere(rec.Bootstrap.Term + 1)
	in.startGathering(&next, rec.birthWait())
	return Action{
		Swap: &next, Proof: proof,
		Why: fmt.Sprintf("%s died before there was a leader: the servers gather again, in term %d", strings.Join(lost, ", "), next.Bootstrap.Term),
	}, true
}
