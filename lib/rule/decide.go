package rule

import (
	"fmt"
	"slices"

	"auto-consul/lib/registry"
)

// Decide returns what a node that starts does next. It has no memory: the loop around
// it carries the action out, observes again and asks again. Where several rules apply,
// they come in the order of the branches here and in the functions below.
func Decide(in Input) Action {
	rec := in.Seen.Record
	switch {
	case in.Recover != nil:
		return in.recoverQuorum()
	case in.Candidate != nil:
		return in.candidate()
	}
	if in.decidesAgain() { // R22
		kept := in.Self.Membership
		in.Self.Mode, in.Self.Membership = "", Membership{GaveBack: kept.GaveBack, CandidateFrom: kept.CandidateFrom}
	}
	if action, ok := in.recovers(); ok { // R56, R57
		return action
	}
	if rec != nil {
		if err := in.foreignData(); err != nil {
			return Action{Err: err}
		}
		in.forgetOther()
	}
	if action, ok := in.dateBack(); ok && in.Self.Mode != registry.Client {
		return action // R53
	}
	switch {
	case in.Seen.RecordOnly && !in.allSlotsFresh() && !in.gathersByRecord(): // R17, R43
		return Action{ReadHeartbeats: true}
	case rec != nil && in.Policy.Resize && rec.Desired != in.Policy.Desired && rec.State == Established:
		return in.resize()
	case in.Self.Mode == registry.Client:
		return in.client("the data directory keeps mode agent")
	case in.Self.Raft:
		return in.withRaftState()
	case rec == nil:
		return in.withoutRecord()
	}
	return in.withRecord()
}

// decidesAgain reports whether a node that was decided to be a client may be decided
// again, because the birth of its cluster has stalled, or it has claimed a slot since, or
// its cluster is lost and the operator wants another in its place (R22). If clients stayed
// clients for ever, the death of the node that was to bootstrap could leave too few nodes to
// do it, and nobody could restore a cluster whose machines were all replaced within the
// expiry.
func (in Input) decidesAgain() bool {
	rec := in.Seen.Record
	if rec == nil || in.Self.Mode != registry.Client || !in.Self.Membership.Open || in.Self.Raft {
		return false
	}
	own := in.ownSlot()
	return own != nil && !own.tooLate(in.Seen.Time, in.Policy.Expiry) || rec.stalledBirth(in.Seen.Time, in.Policy.Expiry) != "" || in.replacesLost()
}

// allSlotsFresh reports whether the record alone shows that enough servers are held,
// because every slot is fresh and none is of this incarnation or name, so that the
// heartbeats need not be read (R17). Most of a thousand nodes that start at once are
// decided by this.
func (in Input) allSlotsFresh() bool {
	rec := in.Seen.Record
	if rec == nil || in.Self.Mode != "" || in.Self.Raft || in.Policy.Resize || len(rec.Servers) < rec.Desired {
		return false
	}
	for _, s := range rec.Servers {
		if s.Incarnation == in.Self.Incarnation || s.Node == in.Self.Node || !in.fresh(s) {
			return false
		}
	}
	return true
}

// foreignData returns an error if the data directory holds data of another cluster or
// of another birth of this one. Raft data of two births that meets corrupts itself
// without any message, so the data directory of a server is tied to one cluster and one
// term (R12).
func (in Input) foreignData() error {
	rec, kept := in.Seen.Record, in.Self.Membership
	relation := rec.relationTo(kept.ClusterID, kept.Term)
	switch {
	case in.Self.Mode == registry.Client:
		return nil // a client has no data that could meet the cluster's
	case in.ownSlot() != nil && !in.Self.Raft:
		return nil // it claimed the slot itself and has no data yet
	case kept.Open && !in.Self.Raft:
		return nil // it was to join a cluster that came to nothing
	case kept.ClusterID == "" && in.Self.Raft && rec.Bootstrap.Incarnation != "" && in.ownSlot() == nil:
		// Every server of a cluster that was born under a record keeps the cluster's
		// id before its first start, so this data is older, or another cluster's.
		return fmt.Errorf("%w: the data directory holds raft data of no known cluster and the registry names %s, which was born without it: start with an empty data directory",
			ErrFenced, rec.ClusterID)
	case kept.ClusterID == "":
		return nil
	case relation == otherCluster:
		return fmt.Errorf("%w: the data directory belongs to cluster %s and the registry names %s: start with an empty data directory, or give the node with this data a registry of its own",
			ErrFenced, kept.ClusterID, rec.ClusterID)
	case rec.tookPart(in.Self) && rec.Recovers(in.Self.Incarnation):
		return nil // it goes ahead with that (R57)
	case relation != sameBirth && in.Self.Raft:
		return fmt.Errorf("%w: the data directory holds raft data of term %d of cluster %s, which the registry names in term %d: start with an empty data directory",
			ErrFenced, kept.Term, rec.ClusterID, rec.Bootstrap.Term)
	}
	return nil
}

// resize writes the number of servers that this node was told into the record (R24).
func (in Input) resize() Action {
	next := in.Seen.Record.next(in.New.Write)
	next.Desired = in.Policy.Desired
	for len(next.Servers) > next.Desired {
		i := in.surplus(next.Servers)
		next.Servers = slices.Delete(next.Servers, i, i+1)
	}
	return Action{Swap: &next, Why: fmt.Sprintf("resize from %d to %d servers", in.Seen.Record.Desired, next.Desired)}
}

// withRecord decides for a node without raft data where there is a record.
func (in Input) withRecord() Action {
	rec, own, held := in.Seen.Record, in.ownSlot(), in.heldByOthers()
	if other := in.nameConflict(); other != nil && in.held(*other) { // R21
		return waitForNamesake(*other)
	}
	if own != nil {
		if action, ok := in.checkCopy(*own); ok { // R23
			return action
		}
	}
	set := in.Self.Mode == registry.Server && !in.Self.Membership.Open
	if own != nil && !set && own.tooLate(in.Seen.Time, in.Policy.Expiry) {
		return in.givesBack(*own)
	}
	if rec.State == Gathering {
		return in.gather()
	}
	enough := own == nil && len(held) >= rec.Desired
	ofNoMode := enough && in.Self.Mode == ""
	if action, ok := in.waitForAnyBeat(); ok && rec.State == Established && !ofNoMode {
		return action // R53
	}
	if rec.State == Established && in.noOtherServerBeats() && !ofNoMode {
		// This comes before any renewal of a slot. Otherwise nodes that hold slots
		// without data and find no cluster would keep each other's slots held for
		// ever (R20).
		if in.beatsAsServer(in.Self.Node) {
			return in.waitForOwnName()
		}
		return in.lostCluster()
	}
	if own != nil {
		if action, ok := in.restoreBirth(); ok { // R55
			return action
		}
		if action, ok := in.renewSlot(*own); ok { // R16
			return action
		}
	}
	if action, ok := in.takeOverBirth(); ok { // R19
		return action
	}
	switch {
	case own != nil: // R16
		return in.server("this node holds a slot")
	case enough && in.Self.Mode == registry.Server && !in.Self.Membership.Open: // R17
		return in.server("the data directory keeps mode server")
	case enough:
		if action, ok := in.waitForAhead(); ok {
			return action // R53
		}
		return in.client(fmt.Sprintf("%d servers held, %d desired", len(held), rec.Desired))
	}
	return in.claimSlot() // R18
}

// withoutRecord decides for a node without raft data where there is no record:
// nothing was here yet, or only nodes that know of no records, or the record was
// lost.
func (in Input) withoutRecord() Action {
	if !in.Seen.HeartbeatsLater {
		// Heartbeats that were read earlier could be older than the first server's, whose
		// cluster's record has been lost since (R6).
		return Action{ReadHeartbeats: true}
	}
	held := in.heldByOthers()
	enough := len(held) >= in.desired() && in.Self.Mode == ""
	if action, ok := in.waitForAhead(); ok && enough {
		return action // R53
	}
	switch {
	case enough: // R17
		return in.client(fmt.Sprintf("%d live servers, %d desired, and no cluster record", len(held), in.desired()))
	case len(held) > 0 && in.SilentFor[NoRecord] < in.Policy.Expiry:
		// Servers of this project write a lost record back, under the cluster id that they
		// keep (R36). A new cluster id would fence them all (R15).
		return Action{Wait: "for the live servers to write the cluster record back, should they know it", Watch: []string{NoRecord}}
	case len(held) > 0:
		rec := in.newRecord()
		rec.establish()
		rec.Bootstrap = Bootstrap{Term: 1, Since: in.Seen.Time}
		return Action{Swap: &rec, Why: fmt.Sprintf("%d live servers without a cluster record, %d desired", len(held), in.desired())}
	case in.beatsAsServer(in.Self.Node):
		return in.waitForOwnName()
	case len(in.Seen.Expired) > 0 || in.Self.Membership.ClusterID != "": // R20
		return in.lostCluster()
	}
	rec := in.newRecord() // R14
	return Action{Swap: &rec, Why: "no live servers and no cluster record"}
}

// newRecord returns the first record of a cluster that is to be born, with this node's
// slot. Its servers gather first where that is how it is born.
func (in Input) newRecord() Record {
	rec := Record{
		Version: secondVersion, Seq: 1, Write: in.New.Write, ClusterID: in.New.ClusterID,
		State: Bootstrapping, Birth: in.birth(), Desired: in.desired(),
		Bootstrap: in.bootstrapHere(1), Servers: []Slot{in.newSlot()},
	}
	if in.gathers() {
		in.startGathering(&rec, in.Policy.BirthWait)
	}
	return rec
}

// newSlot returns a slot for this node, claimed now.
func (in Input) newSlot() Slot {
	return in.Self.slot(in.Seen.Time)
}

// bootstrapHere returns the right of this node to bootstrap in a term.
func (in Input) bootstrapHere(term int64) Bootstrap {
	return Bootstrap{in.Self.Incarnation, in.Self.Node, in.Self.Address, term, in.Seen.Time}
}
