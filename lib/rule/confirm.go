package rule

import (
	"fmt"
	"time"

	"auto-consul/lib/registry"
)

// Claim is what the record must still say when the agent of a decision starts (R27). The
// zero value is that of a decision which rests on nothing in the record.
type Claim struct {
	Bootstrap   bool // to bootstrap, alone or with others
	HasSlot     bool // to a slot of this node's own
	Offline     bool // made without the store, which may be away still (R58)
	Recover     bool // to go ahead with raft data of the term before (R57)
	ClusterID   string
	Term        int64
	Incarnation string
	Node        string
	Address     string
	Expiry      time.Duration
}

// Claim returns what the decision rests on. A client's decision rests on nothing in the
// record, nor does one that names no cluster, as it was made without claims.
func (d Decision) Claim(self Self, expiry time.Duration) Claim {
	if d.Mode != registry.Server || d.Membership.ClusterID == "" {
		return Claim{}
	}
	return Claim{
		Bootstrap: d.Bootstrap || d.Expect > 0, HasSlot: d.HasSlot, Recover: d.Recover, Offline: d.Offline,
		ClusterID: d.Membership.ClusterID, Term: d.Membership.Term,
		Incarnation: self.Incarnation, Node: self.Node, Address: self.Address, Expiry: expiry,
	}
}

// Confirm returns an error if a decision to be a server no longer holds. It is asked
// immediately before the agent starts (R27). rec is nil if there is no record; now is
// store time. The error wraps [ErrUndecided].
func Confirm(rec *Record, now time.Time, c Claim) error {
	switch {
	case rec == nil && !c.Bootstrap && !c.Recover:
		return nil
	case rec == nil:
		return fmt.Errorf("%w: the cluster record is gone", ErrUndecided)
	}
	switch relation := rec.relationTo(c.ClusterID, c.Term); {
	case relation == otherCluster:
		return fmt.Errorf("%w: the registry names cluster %s now", ErrUndecided, rec.ClusterID)
	case relation != sameBirth:
		return fmt.Errorf("%w: the record is at term %d now, by %s", ErrUndecided, rec.Bootstrap.Term, rec.Bootstrap.Node)
	case c.Bootstrap && rec.State != Bootstrapping:
		return fmt.Errorf("%w: cluster %s has bootstrapped already", ErrUndecided, rec.ClusterID)
	case c.Recover && !rec.Recovers(c.Incarnation):
		return fmt.Errorf("%w: cluster %s has a leader since", ErrUndecided, rec.ClusterID)
	case rec.SurvivorOf(c.Incarnation, now, c.Expiry) != nil, !c.HasSlot && len(rec.LiveSurvivors(now, c.Expiry)) > 0:
		return fmt.Errorf("%w: a lost quorum is being recovered", ErrUndecided) // R56
	case !c.Bootstrap && !c.HasSlot:
		return nil
	}
	slot := rec.SlotOf(c.Incarnation)
	switch {
	case slot == nil:
		return fmt.Errorf("%w: this node's slot was given to another", ErrUndecided)
	case !slot.IsAt(c.Node, c.Address):
		return fmt.Errorf("%w: this node's slot is that of %s at %s now, which has a copy of the data directory", ErrUndecided, slot.Node, slot.Address)
	case !slot.Fresh(now, c.Expiry):
		// Another node may be about to take over from one that seems dead.
		return fmt.Errorf("%w: the claim is older than %v and nothing came of it", ErrUndecided, c.Expiry)
	}
	return nil
}
