package rule

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"
)

// ErrRefused reports that a lost quorum is not recovered, and why (R56).
var ErrRefused = errors.New("refused")

// Survivor is a server with raft data on which the operator has typed that the lost
// quorum is to be recovered (R56). It counts until it has not been renewed for an expiry.
type Survivor struct {
	Incarnation string `json:"incarnation"`
	Node        string `json:"node"`
	Address     string `json:"address"`
	// ID is Consul's node id, by which the raft configuration names the server. ID,
	// LogTerm and LogIndex are there once its agent has ended and its log was read.
	ID       string    `json:"id,omitempty"`
	LogTerm  uint64    `json:"log_term,omitempty"` // of the last entry of its raft log
	LogIndex uint64    `json:"log_index,omitempty"`
	Came     time.Time `json:"since"`   // store time of the entry, or when the log was read
	Renewed  time.Time `json:"renewed"` // store time
}

// live reports whether the survivor's entry still counts.
func (s Survivor) live(now time.Time, expiry time.Duration) bool { return now.Sub(s.Renewed) < expiry }

// dueForRenewal reports whether the survivor's entry is to be renewed.
func (s Survivor) dueForRenewal(now time.Time, expiry time.Duration) bool {
	return now.Sub(s.Renewed) >= expiry/2
}

// ReadyAt returns when the others have had an expiry to come after this survivor.
func (s Survivor) ReadyAt(expiry time.Duration) time.Time {
	return s.Came.Add(expiry)
}

// newer orders survivors by their logs. Raft compares terms first. Of two logs that are
// alike either will do, as long as all choose the same one.
func newer(a, b Survivor) int {
	return cmp.Or(cmp.Compare(a.LogTerm, b.LogTerm), cmp.Compare(a.LogIndex, b.LogIndex), cmp.Compare(a.Incarnation, b.Incarnation))
}

// Recovery is what a cluster whose quorum was lost goes on from. The node under bootstrap
// is the one that goes ahead (R57).
type Recovery struct {
	FromTerm int64    `json:"from_term"` // the term of all raft data before
	TookPart []string `json:"took_part"` // incarnations, sorted
	// Done reports that a leader was seen since: the raft data of all others is of no use
	// any more.
	Done bool `json:"done,omitempty"`
}

// SurvivorOf returns the entry of an incarnation that still counts, or nil if there is
// none.
func (r Record) SurvivorOf(incarnation string, now time.Time, expiry time.Duration) *Survivor {
	i := slices.IndexFunc(r.Survivors, func(s Survivor) bool { return s.Incarnation == incarnation && s.live(now, expiry) })
	if i < 0 || incarnation == "" {
		return nil
	}
	return &r.Survivors[i]
}

// LiveSurvivors returns the entries that still count.
func (r Record) LiveSurvivors(now time.Time, expiry time.Duration) []Survivor {
	return slices.DeleteFunc(slices.Clone(r.Survivors), func(s Survivor) bool { return !s.live(now, expiry) })
}

// Recovers reports whether a node goes ahead in a recovery that has no leader yet.
func (r Record) Recovers(incarnation string) bool {
	return r.recoveryUnderWay() && r.Bootstrap.Incarnation == incarnation
}

// recoveryUnderWay reports whether a node goes ahead and no leader was seen since.
func (r Record) recoveryUnderWay() bool { return r.Recovery != nil && !r.Recovery.Done }

// tookPart reports whether a data directory took part in the recovery that the record
// names, so that its raft data is of the term before on purpose (R57).
func (r Record) tookPart(self Self) bool {
	return r.Recovery != nil && self.Raft && self.Membership.ClusterID == r.ClusterID &&
		self.Membership.Term == r.Recovery.FromTerm && slices.Contains(r.Recovery.TookPart, self.Incarnation)
}

// GiveUpRecovery returns the record without the entry of an incarnation, or nil if there
// is none (R56).
func GiveUpRecovery(rec *Record, incarnation, write string) *Record {
	if rec == nil || !slices.ContainsFunc(rec.Survivors, func(s Survivor) bool { return s.Incarnation == incarnation }) {
		return nil
	}
	next := rec.next(write)
	next.Survivors = slices.DeleteFunc(next.Survivors, func(s Survivor) bool { return s.Incarnation == incarnation })
	return &next
}

// recovers decides for a node of a cluster that is being recovered: its agent stays where
// it is until the outcome is known (R56), and whoever took part and does not go ahead
// joins as a fresh server (R57). ok is false where nothing of that concerns the node.
func (in Input) recovers() (action Action, ok bool) {
	rec, self := in.Seen.Record, in.Self
	if rec == nil || !self.Raft {
		return Action{}, false
	}
	mine := rec.SurvivorOf(self.Incarnation, in.Seen.Time, in.Policy.Expiry) != nil
	switch {
	case mine:
		return Action{Wait: "for the recovery that was typed on this node", ByRecord: true, Unbounded: true}, true
	case rec.tookPart(self) && !rec.Recovers(self.Incarnation) && rec.Recovery.Done:
		return Action{SetAside: fmt.Sprintf("the cluster was recovered with the data of %s: this node joins as a fresh server", rec.Bootstrap.Node)}, true
	case rec.tookPart(self) && !rec.Recovers(self.Incarnation):
		return Action{Wait: fmt.Sprintf("for %s, with whose data the cluster is recovered, to have a leader; if it never comes back: auto-consul recover -gone %s", rec.Bootstrap.Node, rec.Bootstrap.Node), ByRecord: true}, true
	}
	return Action{}, false
}

// endRecovery orders all entries to be taken out of the record, because there is a leader
// (R56). Whatever rests on them cannot be written any more.
func (r Running) endRecovery() (Order, error) {
	return r.swap("there is a leader, and so no quorum to recover", false, func(next *Record) { next.Survivors = nil })
}
