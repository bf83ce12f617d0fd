package claim

import (
	"fmt"
	"time"
)

// Claimed is what a server's decision says of the claim it rests on.
type Claimed struct {
	Bootstrap   bool // alone or with others
	Slot        bool // a slot of this node's own
	ClusterID   string
	Incarnation string
	Node        string
	Address     string
	Term        int64
	Expiry      time.Duration
}

// Confirm says whether a decision to be a server still stands, immediately before
// it is acted upon. rec is nil if there is no record; now is store time. The
// error wraps [ErrUndecided].
func Confirm(rec *Record, now time.Time, claimed Claimed) error {
	switch {
	case rec == nil && !claimed.Bootstrap:
		return nil
	case rec == nil:
		return fmt.Errorf("%w: the cluster record is gone", ErrUndecided)
	case rec.ClusterID != claimed.ClusterID:
		return fmt.Errorf("%w: the registry names cluster %s now", ErrUndecided, rec.ClusterID)
	case rec.Bootstrap.Term != claimed.Term:
		return fmt.Errorf("%w: %s may bootstrap now, in term %d", ErrUndecided, rec.Bootstrap.Node, rec.Bootstrap.Term)
	case claimed.Bootstrap && rec.State != Bootstrapping:
		return fmt.Errorf("%w: cluster %s has bootstrapped already", ErrUndecided, rec.ClusterID)
	case !claimed.Bootstrap && !claimed.Slot:
		return nil
	}
	slot := rec.slot(claimed.Incarnation)
	switch {
	case slot == nil:
		return fmt.Errorf("%w: this node's slot was given to another", ErrUndecided)
	case slot.Node != claimed.Node || slot.Address != claimed.Address:
		return fmt.Errorf("%w: this node's slot is that of %s at %s now, which has a copy of the data directory", ErrUndecided, slot.Node, slot.Address)
	case now.Sub(slot.Since) >= claimed.Expiry:
		// Another may be about to take over from a node that seems dead.
		return fmt.Errorf("%w: the claim is older than %v and nothing came of it", ErrUndecided, claimed.Expiry)
	}
	return nil
}
