package claim

import (
	"fmt"
	"slices"
	"time"
)

// Attendance is what a running node's beat rests on.
type Attendance struct {
	Self   Self
	Expiry time.Duration
	Time   time.Time // store time
	Record *Record   // nil: there is none
	Agent  bool      // it runs as an agent
	Called string    // the agent's own name; empty if it is not known
	Leader bool      // Consul reports a raft leader, or an agent knows servers
	Raft   bool      // Consul's raft log is not empty
	Write  string    // random
	// LastBeat is the store time of this server's last heartbeat; zero if it is
	// not known.
	LastBeat time.Time
	Held     time.Duration // for how long its heartbeats have been held
	Named    bool          // when this process looked last, the record named its cluster
}

// Attended is what a running node is to do.
type Attended struct {
	Swap *Record // write this over what was seen, then look again before any beat
	Why  string  // in words
	// Hold: do not beat as a server. While somebody may still bootstrap, only the
	// record says whose cluster this is to be, and a server that has found no
	// cluster is none yet; the slots' youth stands in for heartbeats.
	Hold bool
}

// Attend is the rule of a node that runs: whether it may beat, and the record
// it wants written. Its error wraps [ErrFenced], or [ErrUndecided] where the
// agent must be stopped and the node decide again.
//
// A node that keeps no cluster, because it was decided without claims, is none
// of the record's business.
func Attend(a Attendance) (Attended, error) {
	kept, rec := a.Self.Kept, a.Record
	switch {
	case kept == (Kept{}):
		return Attended{}, nil
	case a.Agent && kept.Open && !a.Leader && rec != nil && rec.ailing(a.Time, a.Expiry) != "":
		return Attended{}, fmt.Errorf("%w: %s", ErrUndecided, rec.ailing(a.Time, a.Expiry))
	case a.Agent:
		return Attended{}, nil
	case rec == nil:
		return a.unrecorded()
	case rec.ClusterID != kept.ClusterID:
		return Attended{}, fmt.Errorf("%w: this server belongs to cluster %s and the registry names %s", ErrFenced, kept.ClusterID, rec.ClusterID)
	case rec.Bootstrap.Term > kept.Term && a.Raft:
		return Attended{}, fmt.Errorf("%w: this server's data is of term %d and the registry names cluster %s of term %d", ErrFenced, kept.Term, rec.ClusterID, rec.Bootstrap.Term)
	case rec.Bootstrap.Term < kept.Term:
		return a.unrecorded()
	case a.copied():
		return Attended{}, fmt.Errorf("%w: this server's slot is in the name of node %s: its data directory was copied there", ErrFenced, rec.slot(a.Self.Incarnation).Node)
	case rec.Bootstrap.Term > kept.Term:
		return Attended{}, fmt.Errorf("%w: %s bootstraps in term %d now", ErrUndecided, rec.Bootstrap.Node, rec.Bootstrap.Term)
	case rec.State == Bootstrapping && (a.Leader || a.Raft):
		// Raft data is enough: where there is some there was a leader, and a
		// second birth could only corrupt it.
		next := rec.next(a.Write)
		next.State = Established
		return Attended{Swap: &next, Why: "the cluster has a leader", Hold: true}, nil
	case !a.Leader && !a.Raft && a.overdue():
		return Attended{}, fmt.Errorf("%w: this server has found no cluster in %v", ErrUndecided, a.Expiry)
	case rec.State == Bootstrapping && a.fading():
		next := rec.next(a.Write)
		next.slot(a.Self.Incarnation).Since = a.Time
		return Attended{Swap: &next, Why: "this server waits for a leader", Hold: true}, nil
	case !a.Leader && !a.Raft || rec.State == Bootstrapping:
		return Attended{Hold: true}, nil
	case a.slotless() && len(rec.Servers) < rec.Desired:
		next := rec.next(a.Write)
		next.Servers = append(next.Servers, a.slot())
		return Attended{Swap: &next, Why: "this server holds no slot and there is one"}, nil
	case a.returning():
		next := rec.next(a.Write)
		next.slot(a.Self.Incarnation).Since = a.Time
		return Attended{Swap: &next, Why: "this server was silent for long"}, nil
	}
	return Attended{}, nil
}

// slotless: no slot is this server's, nor another incarnation's of its name; two
// slots of one name could not be told apart by their heartbeats. Where nobody knows
// its incarnation it cannot have any.
func (a Attendance) slotless() bool {
	return a.Self.Incarnation != "" && !slices.ContainsFunc(a.Record.Servers, func(s Slot) bool {
		return s.Incarnation == a.Self.Incarnation || s.Node == a.Self.Node
	})
}

// copied: a start elsewhere with a copy of this data directory has taken the slot
// over. It was asked then whether anybody answers here.
func (a Attendance) copied() bool {
	slot := a.Record.slot(a.Self.Incarnation)
	return slot != nil && a.Called != "" && slot.Node != a.Called
}

// returning: this server holds a slot and was silent for so long that another
// may be about to take it. Renewing the slot first makes that write fail, which
// a heartbeat could not.
func (a Attendance) returning() bool {
	slot := a.Record.slot(a.Self.Incarnation)
	return slot != nil && a.Time.Sub(slot.Since) >= a.Expiry && a.Time.Sub(a.LastBeat) >= a.Expiry
}

// overdue: whoever may bootstrap, or this server in a cluster that lives, has had
// a whole expiry to come to something.
func (a Attendance) overdue() bool {
	slot := a.Record.slot(a.Self.Incarnation)
	if a.Record.State == Bootstrapping {
		slot = a.Record.slot(a.Record.Bootstrap.Incarnation)
		if slot.Incarnation == a.Self.Incarnation {
			return false // nobody else may do it as long as this node tries
		}
	}
	if slot == nil {
		return a.Held >= a.Expiry
	}
	return a.Time.Sub(slot.Since) >= a.Expiry
}

// fading: this server's slot must be renewed to stay young, as it sends no
// heartbeats of a server yet.
func (a Attendance) fading() bool {
	slot := a.Record.slot(a.Self.Incarnation)
	return slot != nil && a.Time.Sub(slot.Since) >= a.Expiry/2
}

// unrecorded is for a server whose cluster's record vanished, or was written back
// by one whose data an earlier birth has left. A leader is proof that the cluster
// lives; where it has none for the moment, that the record named it until now is as
// good. Raft data alone may be of long ago: it shows itself to nobody.
func (a Attendance) unrecorded() (Attended, error) {
	switch {
	case a.Leader && a.Record != nil:
		return Attended{Swap: a.rewritten(), Why: "the record named an earlier birth", Hold: true}, nil
	case a.Leader || a.Named && a.Raft && a.Record == nil:
		return Attended{Swap: a.rewritten(), Why: "the cluster record was gone"}, nil
	case !a.Raft && a.Held >= a.Expiry:
		return Attended{}, fmt.Errorf("%w: this server has found no cluster in %v", ErrUndecided, a.Expiry)
	}
	return Attended{Hold: true}, nil
}

// rewritten is the cluster's record as this server knows it.
func (a Attendance) rewritten() *Record {
	kept := a.Self.Kept
	bootstrap := Bootstrap{a.Self.Incarnation, a.Self.Node, a.Self.Address, kept.Term, a.Time}
	if kept.Adopted {
		bootstrap = Bootstrap{Term: kept.Term, Since: a.Time}
	}
	seq := int64(1)
	if a.Record != nil {
		seq += a.Record.Seq
	}
	return &Record{
		Version: recordVersion, Seq: seq, Write: a.Write, ClusterID: kept.ClusterID,
		State: Established, Birth: kept.Birth, Desired: max(1, kept.Desired),
		Bootstrap: bootstrap,
		Servers:   []Slot{a.slot()},
	}
}

func (a Attendance) slot() Slot {
	return Slot{a.Self.Incarnation, a.Self.Node, a.Self.Address, a.Time}
}
