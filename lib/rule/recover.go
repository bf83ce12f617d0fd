package rule

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"auto-consul/lib/registry"
)

// Recover is what a server on which the recovery of a lost quorum was typed knows, and
// was told (R56).
type Recover struct {
	Gone   []string  // names or addresses of the voters that the operator says are off for good
	Since  time.Time // store time of the command's first observation
	Leader string    // the raft leader that its agent knew at the beginning; empty for none
	Log    *Log      // what its raft data says; nil until its agent has ended and that was read
	Entry  bool      // the record has had this server's entry, so that one that is missing was taken out
}

// Log is what a server's raft data says.
type Log struct {
	ID          string // Consul's node id of the server
	Term, Index uint64 // of the last entry
	Voters      []Voter
}

// Voter is a server of a raft configuration that votes. Raft knows no node names.
type Voter struct {
	ID      string
	Address string // without the port
}

// recoverQuorum decides for a server on which the recovery of a lost quorum was typed
// (R56). It says so in the record, has its agent end, adds what its log says, and when
// the youngest such entry is an expiry old, the server with the newest log writes that the
// cluster goes on with its data alone.
func (in Input) recoverQuorum() Action {
	if action, ok := in.recoveryOutcome(); ok {
		return action
	}
	if why := in.MayNotRecover(); why != "" {
		return refuse("%s", why)
	}
	if action, ok := in.dateBack(); ok { // R53
		return action
	}
	if in.Seen.RecordOnly {
		return Action{ReadHeartbeats: true}
	}
	waits := in.othersTakePart()
	if waits.Err != nil || waits.Probe != nil {
		return waits
	}
	rec := in.Seen.Record
	switch own := rec.SurvivorOf(in.Self.Incarnation, in.Seen.Time, in.Policy.Expiry); {
	case own == nil && in.Recover.Entry:
		return refuse("this server's entry is gone from the cluster record: a server that sees a leader has taken it out, or it was not renewed for %v", in.Policy.Expiry)
	case own == nil || in.Recover.Log != nil && own.ID == "" || own.dueForRenewal(in.Seen.Time, in.Policy.Expiry):
		return in.enter()
	case in.Recover.Log == nil:
		return Action{ReadLog: true}
	}
	if waits.Wait != "" {
		return waits
	}
	return in.goAhead()
}

// refuse returns the action that ends a recovery which was typed.
func refuse(format string, args ...any) Action {
	return Action{Err: fmt.Errorf("%w: %s", ErrRefused, fmt.Sprintf(format, args...))}
}

// recoveryOutcome returns who goes ahead once the record says so. Where that one was then
// named as gone, whoever took part may recover once more (R57).
func (in Input) recoveryOutcome() (Action, bool) {
	rec, self := in.Seen.Record, in.Self
	if rec == nil || rec.Recovery == nil {
		return Action{}, false
	}
	winner := rec.Bootstrap.Node
	ahead := rec.Recovers(self.Incarnation) && self.Membership.ClusterID == rec.ClusterID
	if !ahead && (!rec.tookPart(self) || rec.recoveryUnderWay() && slices.Contains(in.Recover.Gone, winner)) {
		return Action{}, false
	}
	d := Decision{Mode: registry.Server, Winner: winner, Desired: rec.Desired, Reason: "the lost quorum is recovered with the data of " + winner}
	return Action{Decision: &d}, true
}

// MayNotRecover says in words why this server must not recover anything, whoever else
// takes part; empty if it may.
func (in Input) MayNotRecover() string {
	rec, kept := in.Seen.Record, in.Self.Membership
	switch {
	case rec == nil:
		return "there is no cluster record"
	case !in.Self.Raft:
		return "the data directory holds no raft data that a cluster could go on with"
	case kept.ClusterID != rec.ClusterID:
		return fmt.Sprintf("the data directory belongs to cluster %q and the registry names %s", kept.ClusterID, rec.ClusterID)
	case rec.State != Established:
		return "cluster " + rec.ClusterID + " is being born"
	case rec.relationTo(kept.ClusterID, kept.Term) != sameBirth && !(rec.tookPart(in.Self) && rec.recoveryUnderWay()):
		return fmt.Sprintf("the data directory holds raft data of term %d of cluster %s, which the registry names in term %d", kept.Term, rec.ClusterID, rec.Bootstrap.Term)
	case in.Recover.Leader != "":
		return "there is a leader, at " + in.Recover.Leader
	}
	return ""
}

// NewestLog returns the node with the newest log of those that take part, this server
// counted among them; empty if its own log is not known.
func (in Input) NewestLog() string {
	if in.Recover.Log == nil {
		return ""
	}
	return slices.MaxFunc(append(in.survivors(), in.entry()), newer).Node
}

// entry returns this server's entry, as of now.
func (in Input) entry() Survivor {
	now := in.Seen.Time
	e := Survivor{Incarnation: in.Self.Incarnation, Node: in.Self.Node, Address: in.Self.Address, Came: now, Renewed: now}
	if l := in.Recover.Log; l != nil {
		e.ID, e.LogTerm, e.LogIndex = l.ID, l.Term, l.Index
	}
	return e
}

// enter writes this server's entry, or renews it, and takes out those that do not count
// any more.
func (in Input) enter() Action {
	next := in.Seen.Record.next(in.New.Write)
	next.Survivors = in.survivors()
	entry, why := in.entry(), "the recovery of the lost quorum was typed on this server"
	if l := in.Recover.Log; l != nil {
		why = fmt.Sprintf("this server's log ends with entry %d of term %d", l.Index, l.Term)
	}
	if own := in.Seen.Record.SurvivorOf(entry.Incarnation, in.Seen.Time, in.Policy.Expiry); own != nil && own.ID == entry.ID {
		entry.Came = own.Came
	}
	next.Survivors = append(next.Survivors, entry)
	return Action{Swap: &next, Why: why}
}

// goAhead lets the server with the newest log go ahead once all had an expiry to come.
// The cluster goes on in the next term, with this server's slot alone: all other raft data
// is fenced by that before anything starts (R57).
func (in Input) goAhead() Action {
	rec := in.Seen.Record
	survivors := rec.LiveSurvivors(in.Seen.Time, in.Policy.Expiry)
	youngest := slices.MaxFunc(survivors, func(a, b Survivor) int { return a.Came.Compare(b.Came) })
	if until := youngest.ReadyAt(in.Policy.Expiry); in.Seen.Time.Before(until) {
		return Action{
			Wait:        fmt.Sprintf("for other servers on which recover may be typed yet, until %s by the store's clock", until.UTC().Format(time.TimeOnly)),
			NoLaterThan: until,
		}
	}
	if i := slices.IndexFunc(survivors, func(s Survivor) bool { return s.ID == "" }); i >= 0 {
		return Action{Wait: fmt.Sprintf("for the agent of %s to end, and its log to be read", survivors[i].Node)}
	}
	if best := slices.MaxFunc(survivors, newer); best.Incarnation != in.Self.Incarnation {
		return Action{Wait: fmt.Sprintf("for %s, whose log is the newest, to go ahead", best.Node)}
	}
	next := rec.next(in.New.Write)
	next.Survivors, next.Leaving, next.Servers = nil, nil, []Slot{in.newSlot()}
	next.Recovery = &Recovery{FromTerm: in.Self.Membership.Term}
	var names []string
	for _, s := range survivors {
		next.Recovery.TookPart = append(next.Recovery.TookPart, s.Incarnation)
		names = append(names, fmt.Sprintf("%s (term %d, entry %d)", s.Node, s.LogTerm, s.LogIndex))
	}
	slices.Sort(next.Recovery.TookPart)
	next.Bootstrap = in.bootstrapHere(rec.Bootstrap.Term + 1)
	return Action{Swap: &next, Why: "the lost quorum is recovered with this server's data: term " + fmt.Sprint(next.Bootstrap.Term), Proof: []string{"took part: " + strings.Join(names, ", ")}}
}
