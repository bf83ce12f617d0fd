package claim

import (
	"fmt"
	"time"
)

// Attendance is what a running server's beat rests on.
type Attendance struct {
	Self   Self
	Expiry time.Duration
	Time   time.Time // store time
	Record *Record   // nil: there is none
	Leader bool      // Consul reports a raft leader
	Raft   bool      // Consul's raft log is not empty
	Write  string    // random
}

// Attend is the rule of a server that runs: whether it may beat, and the record
// it wants written over the one that was seen. Its error wraps [ErrFenced], or
// [ErrUndecided] where the agent must be stopped and the node decide again.
//
// A node that keeps no cluster, because it was decided without claims, is none
// of the record's business.
func Attend(a Attendance) (swap *Record, why string, err error) {
	kept, rec := a.Self.Kept, a.Record
	switch {
	case kept.ClusterID == "":
		return nil, "", nil
	case rec == nil:
		return a.writeBack()
	case rec.ClusterID != kept.ClusterID:
		return nil, "", fmt.Errorf("%w: this server belongs to cluster %s and the registry names %s", ErrFenced, kept.ClusterID, rec.ClusterID)
	case rec.Bootstrap.Term > kept.Term && a.Raft:
		return nil, "", fmt.Errorf("%w: this server's data is of term %d and cluster %s was born anew in term %d", ErrFenced, kept.Term, rec.ClusterID, rec.Bootstrap.Term)
	case rec.Bootstrap.Term > kept.Term:
		return nil, "", fmt.Errorf("%w: %s bootstraps in term %d now", ErrUndecided, rec.Bootstrap.Node, rec.Bootstrap.Term)
	case rec.State == Bootstrapping && (a.Leader || a.Raft):
		// Raft data is enough: where there is some there was a leader, and a
		// second birth could only corrupt it.
		next := rec.next(a.Write)
		next.State = Established
		return &next, "the cluster has a leader", nil
	case rec.State == Bootstrapping && a.overdue():
		return nil, "", fmt.Errorf("%w: %s was to bootstrap and has not in %v", ErrUndecided, rec.Bootstrap.Node, a.Expiry)
	case rec.State == Established && rec.slot(a.Self.Incarnation) == nil && len(rec.Servers) < rec.Desired:
		next := rec.next(a.Write)
		next.Servers = append(next.Servers, a.slot())
		return &next, "this server holds no slot and there is one", nil
	}
	return nil, "", nil
}

// overdue: whoever may bootstrap has had a whole expiry to do it, and is not
// this node.
func (a Attendance) overdue() bool {
	holder := a.Record.slot(a.Record.Bootstrap.Incarnation)
	return holder.Incarnation != a.Self.Incarnation && a.Time.Sub(holder.Since) >= a.Expiry
}

// writeBack puts a record that vanished under a living cluster back.
func (a Attendance) writeBack() (*Record, string, error) {
	if !a.Leader {
		return nil, "", nil
	}
	kept := a.Self.Kept
	return &Record{
		Version: recordVersion, Seq: 1, Write: a.Write, ClusterID: kept.ClusterID,
		State: Established, Birth: kept.Birth, Desired: max(1, kept.Desired),
		Bootstrap: Bootstrap{a.Self.Incarnation, a.Self.Node, a.Self.Address, kept.Term, a.Time},
		Servers:   []Slot{a.slot()},
	}, "the cluster record was gone", nil
}

func (a Attendance) slot() Slot {
	return Slot{a.Self.Incarnation, a.Self.Node, a.Self.Address, a.Time}
}

// Confirm says whether a decision to bootstrap still stands, immediately before
// it is acted upon. rec is nil if there is no record. The error wraps
// [ErrUndecided].
func Confirm(rec *Record, clusterID, incarnation string, term int64) error {
	switch {
	case rec == nil:
		return fmt.Errorf("%w: the cluster record is gone", ErrUndecided)
	case rec.ClusterID != clusterID:
		return fmt.Errorf("%w: the registry names cluster %s now", ErrUndecided, rec.ClusterID)
	case rec.Bootstrap.Term != term:
		return fmt.Errorf("%w: %s may bootstrap now, in term %d", ErrUndecided, rec.Bootstrap.Node, rec.Bootstrap.Term)
	case rec.State != Bootstrapping:
		return fmt.Errorf("%w: cluster %s has bootstrapped already", ErrUndecided, rec.ClusterID)
	case rec.slot(incarnation) == nil:
		return fmt.Errorf("%w: this node's slot was given to another", ErrUndecided)
	}
	return nil
}
