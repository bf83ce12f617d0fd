package rule

import (
	"fmt"
	"slices"
	"time"

	"auto-consul/lib/registry"
)

// Running is what the beat of a running node rests on.
type Running struct {
	Self      Self          // Self.Mode is what its Consul runs as; Self.Raft is whether its raft log has entries
	AgentName string        // the agent's own name; empty if it is not known
	Found     bool          // it knows its cluster now: a server a raft leader, a client a server
	Leader    bool          // it knows a raft leader; a client's agent is asked only where the record has survivors (R56)
	Voter     bool          // it votes, as its own raft configuration says
	NoVoteFor time.Duration // for how long it has had a leader and no vote, without interruption
	Eligible  bool          // it may change role by itself (R48)

	Expiry time.Duration
	Time   time.Time // store time
	// Horizon is as in [Observation].
	Horizon time.Time
	Record  *Record // nil if there is none
	Write   string  // a random name for what may be written

	// LastBeat is the store time of this server's last heartbeat; zero if it is
	// not known.
	LastBeat time.Time
	// WithheldFor is for how long this server has not beaten as a server, because it has
	// not found its cluster (R31).
	WithheldFor time.Duration
	// NamedBefore reports that the record named this server's cluster as established
	// when this process read it last.
	NamedBefore bool
}

// Order is what a running node is to do.
type Order struct {
	Swap *Record // write this in place of what was seen, then observe again before any beat
	Why  string  // with Swap: the reason, in words
	// Withhold forbids the heartbeat under servers/. Until this server has found its
	// cluster, others judge it by the age of its slot, so it must not show itself as a
	// server. While somebody may still bootstrap, only the record says which cluster is
	// to be advertised (R31).
	Withhold bool
	// StepDown says in words why this server is to leave its cluster and become a client
	// (R50, R51); empty if it is not.
	StepDown string
	// Leave says, beside an error, that the agent is to leave its cluster before it ends: one
	// that is fenced by a recovery and has a leader may vote there (R57).
	Leave bool
}

// Roles returns the folders under which a node in a mode beats by this order (R31).
func (o Order) Roles(mode registry.Mode) []registry.Role {
	if o.Withhold {
		mode = registry.Client
	}
	return mode.Roles()
}

// Serve returns what a running node does at a beat: whether it may beat as a
// server, and the record that it wants written. Its error wraps [ErrFenced], or
// [ErrUndecided] where the agent must be stopped and the node decide again.
//
// A node whose data directory belongs to no cluster was decided without claims. The
// record does not concern it.
func Serve(r Running) (Order, error) {
	kept, rec := r.Self.Membership, r.Record
	switch {
	case kept == (Membership{}):
		return Order{}, nil
	case r.Self.Mode == registry.Client:
		return r.serveClient()
	case rec == nil:
		return r.serveWithoutRecord()
	}
	switch relation := rec.relationTo(kept.ClusterID, kept.Term); {
	case relation == otherCluster && kept.Open && !r.Self.Raft: // R30, as R12 has it
		return Order{}, fmt.Errorf("%w: this server has found no cluster %s, and the registry names %s", ErrUndecided, kept.ClusterID, rec.ClusterID)
	case relation == otherCluster: // R30
		return Order{}, fmt.Errorf("%w: this server belongs to cluster %s and the registry names %s", ErrFenced, kept.ClusterID, rec.ClusterID)
	case rec.tookPart(r.Self): // R57
		return Order{}, fmt.Errorf("%w: the lost quorum is recovered with the data of %s", ErrUndecided, rec.Bootstrap.Node)
	case relation == laterTerm && r.Self.Raft: // R30
		return Order{Leave: r.Found && rec.Recovery != nil}, fmt.Errorf("%w: this server's data is of term %d and the registry names cluster %s of term %d", ErrFenced, kept.Term, rec.ClusterID, rec.Bootstrap.Term)
	case relation == earlierTerm: // R36
		return r.serveWithoutRecord()
	case r.copied(): // R23
		return Order{}, fmt.Errorf("%w: this server's slot is in the name of node %s: its data directory was copied there", ErrFenced, r.slot().Node)
	case relation == laterTerm: // R33
		return Order{}, fmt.Errorf("%w: the record is at term %d now, by %s", ErrUndecided, rec.Bootstrap.Term, rec.Bootstrap.Node)
	}
	return r.serveUnderRecord()
}

// serveUnderRecord is for a server whose cluster id and term are the record's.
func (r Running) serveUnderRecord() (Order, error) {
	if next, why, ok := r.Record.dateBack(r.Horizon, r.Time, r.Write); ok {
		return Order{Swap: next, Why: why, Withhold: true}, nil // R53
	}
	bootstrapping, recovering := r.Record.State != Established, r.Record.recoveryUnderWay()
	hadLeader := r.Found || r.Self.Raft
	slot, inVain := r.slot(), r.waitsInVain()
	switch {
	case r.Found && len(r.Record.Survivors) > 0: // R56
		return r.endRecovery()
	case r.Record.SurvivorOf(r.Self.Incarnation, r.Time, r.Expiry) != nil: // R56
		return Order{}, fmt.Errorf("%w: the recovery of the lost quorum was typed on this server", ErrUndecided)
	case recovering && r.Found: // R57
		return r.swap("the recovered cluster has a leader", true, func(next *Record) {
			next.Recovery = &Recovery{r.Record.Recovery.FromTerm, r.Record.Recovery.TookPart, true}
		})
	case bootstrapping && hadLeader:
		// Raft data is enough: where there is some there was a leader, and a second birth
		// could only corrupt it (R32).
		return r.swap("the cluster has a leader", true, (*Record).establish)
	case !hadLeader && inVain != "":
		return Order{}, fmt.Errorf("%w: %s", ErrUndecided, inVain)
	case (bootstrapping || recovering) && slot != nil && slot.DueForRenewal(r.Time, r.Expiry):
		// It sends no heartbeats as a server yet, so its slot must stay fresh (R31).
		return r.renew("this server waits for a leader", true)
	case bootstrapping || recovering || !hadLeader: // R31
		return Order{Withhold: true}, nil
	case r.mayTakeSlot() && len(r.Record.Servers) < r.Record.Desired: // R34
		return r.swap("this server holds no slot and there is one", false, func(next *Record) {
			next.Servers = append(next.Servers, r.newSlot())
		})
	case slot != nil && len(r.Record.LiveSurvivors(r.Time, r.Expiry)) < len(r.Record.Survivors): // R56
		return r.swap("a recovery that was typed has not been renewed", false, func(next *Record) {
			next.Survivors = next.LiveSurvivors(r.Time, r.Expiry)
		})
	case slot != nil && r.Record.Leaving != nil && !r.Record.LeavingUnderWay(r.Time, r.Expiry): // R50
		return r.swap("a server that was to step down has not", false, func(next *Record) { next.Leaving = nil })
	case slot != nil && slot.UnderWay() && r.Voter: // R49
		return r.swap("this server votes", false, func(next *Record) {
			next.SlotOf(r.Self.Incarnation).Promoted = time.Time{}
		})
	case slot != nil && r.Self.Zone != "" && slot.Zone != r.Self.Zone: // R52
		return r.swap("this server is in zone "+r.Self.Zone, false, func(next *Record) {
			next.SlotOf(r.Self.Incarnation).Zone = r.Self.Zone
		})
	case slot != nil && !slot.Fresh(r.Time, r.Expiry) && r.silentForLong():
		// This server was silent for so long that another may be about to take its slot.
		// A renewal makes that write fail, which a heartbeat could not (R35).
		return r.renew("this server was silent for long", false)
	}
	return Order{StepDown: r.stepDown()}, nil
}

// swap orders a changed record to be written.
func (r Running) swap(why string, withhold bool, change func(next *Record)) (Order, error) {
	next := r.Record.next(r.Write)
	change(&next)
	return Order{Swap: &next, Why: why, Withhold: withhold}, nil
}

// renew orders this server's slot to be written anew.
func (r Running) renew(why string, withhold bool) (Order, error) {
	return r.swap(why, withhold, func(next *Record) { next.SlotOf(r.Self.Incarnation).Since = r.Time })
}

// slot returns this server's slot, nil if it holds none.
func (r Running) slot() *Slot { return r.Record.SlotOf(r.Self.Incarnation) }

// mayTakeSlot reports whether no slot is this server's, nor another incarnation's of
// its name: two slots of one name could not be told apart by their heartbeats (R34). A
// server whose incarnation is not known cannot have one.
func (r Running) mayTakeSlot() bool {
	return r.Self.Incarnation != "" && !slices.ContainsFunc(r.Record.Servers, func(s Slot) bool {
		return s.Incarnation == r.Self.Incarnation || s.Node == r.Self.Node
	})
}

// copied reports whether a node elsewhere that was started with a copy of this data
// directory has taken the slot over (R23). Before it did, it found that nobody answers
// here.
func (r Running) copied() bool {
	slot := r.slot()
	return slot != nil && r.AgentName != "" && slot.Node != r.AgentName
}

// waitsInVain says in words why a server that has found no cluster need not wait any
// longer; empty if it must. In a birth by quorum that came of a gathering, another
// server is lost (R46). Otherwise the node that may bootstrap, or this server in an
// established cluster, has had a whole expiry and has come to nothing (R33).
func (r Running) waitsInVain() string {
	if r.Record.gathered() {
		return r.Record.stalledBirth(r.Time, r.Expiry)
	}
	slot := r.slot()
	if r.Record.State == Bootstrapping {
		slot = r.Record.SlotOf(r.Record.Bootstrap.Incarnation)
		if slot.Incarnation == r.Self.Incarnation {
			return "" // nobody else may bootstrap as long as this node tries
		}
	}
	if slot == nil && r.WithheldFor < r.Expiry || slot != nil && slot.Fresh(r.Time, r.Expiry) {
		return ""
	}
	return fmt.Sprintf("this server has found no cluster in %v", r.Expiry)
}

// serveWithoutRecord is for a server whose cluster's record vanished, or was written
// back by a server whose data is of an earlier birth (R36). A leader is proof that the
// cluster runs. A server that has no leader at the moment may still write the record back
// if its previous reading showed this birth as established. Otherwise raft data without
// a leader may be stale: the server does not rewrite the record then and does not beat
// as a server. Without raft data it decides again after an expiry (R33).
func (r Running) serveWithoutRecord() (Order, error) {
	switch {
	case r.Found && r.Record != nil:
		return Order{Swap: r.recordAsKnown(), Why: "the record named an earlier birth", Withhold: true}, nil
	case r.Found || r.NamedBefore && r.Self.Raft && r.Record == nil:
		return Order{Swap: r.recordAsKnown(), Why: "the cluster record was gone"}, nil
	case !r.Self.Raft && r.WithheldFor >= r.Expiry:
		return Order{}, fmt.Errorf("%w: this server has found no cluster in %v", ErrUndecided, r.Expiry)
	}
	return Order{Withhold: true}, nil
}

// recordAsKnown returns the record of this server's cluster as far as the server
// remembers it (R36).
func (r Running) recordAsKnown() *Record {
	kept := r.Self.Membership
	bootstrap := Bootstrap{r.Self.Incarnation, r.Self.Node, r.Self.Address, kept.Term, r.Time}
	if kept.Adopted {
		bootstrap = Bootstrap{Term: kept.Term, Since: r.Time}
	}
	seq := int64(1)
	if r.Record != nil {
		seq += r.Record.Seq
	}
	return &Record{
		Version: firstVersion, Seq: seq, Write: r.Write, ClusterID: kept.ClusterID,
		State: Established, Birth: kept.Birth, Desired: max(1, kept.Desired),
		Bootstrap: bootstrap, Restore: kept.Restore,
		Servers: []Slot{r.newSlot()},
	}
}
