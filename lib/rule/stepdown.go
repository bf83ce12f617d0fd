package rule

import (
	"fmt"
	"slices"
	"time"
)

// Leaving is a server that steps down: it leaves the cluster and becomes a client (R50).
// As long as the mark is younger than the expiry, no other server steps down and no
// client takes a place.
type Leaving struct {
	Incarnation string    `json:"incarnation"`
	Node        string    `json:"node"`
	Since       time.Time `json:"since"` // store time
}

// Age returns how old the mark is.
func (l Leaving) Age(now time.Time) time.Duration { return now.Sub(l.Since) }

// LeavingUnderWay reports whether a server steps down.
func (r Record) LeavingUnderWay(now time.Time, expiry time.Duration) bool {
	return r.Leaving != nil && r.Leaving.Age(now) < expiry
}

// OtherLeaves returns the mark of another server than an incarnation's that steps down, and
// how long it counts at most; nil if none does (R38).
func (r Record) OtherLeaves(incarnation string, now time.Time, expiry time.Duration) (mark *Leaving, left time.Duration) {
	if !r.LeavingUnderWay(now, expiry) || r.Leaving.Incarnation == incarnation {
		return nil, 0
	}
	return r.Leaving, min(expiry, expiry-r.Leaving.Age(now))
}

// voteTime is how long a client that has taken a place may run as a server before it
// votes. Consul watches a new server for 10 to 40 s before it lets it vote.
func voteTime(expiry time.Duration) time.Duration { return max(expiry, 2*time.Minute) }

// voteTime is how long this server waits for a vote while it has a leader. It is twice as
// long each time after it has given a place back, up to eight times as long: a cluster may be
// told to watch new servers for longer than others do (R51).
func (r Running) voteTime() time.Duration {
	return voteTime(r.Expiry) << min(r.Self.Membership.GaveBack, 3)
}

// tooLate reports whether a client that has taken a place has had its time to start and
// to vote (R51).
func (s Slot) tooLate(now time.Time, expiry time.Duration) bool {
	return s.UnderWay() && now.Sub(s.Promoted) >= expiry+voteTime(expiry)
}

// givesBack decides for a node without raft data that took its slot as a client and has
// had its time (R51). Its server has ended at each start, or has found no leader. The slot
// is not renewed any more, so it grows old, and somebody else takes it.
func (in Input) givesBack(own Slot) Action {
	action := in.client(fmt.Sprintf("this node took a place %v ago, and its server has found no leader", in.Seen.Time.Sub(own.Promoted).Round(time.Second)))
	m := in.Seen.Record.membership(in.Self.Membership)
	m.Open = true
	action.Decision.Membership = m.GivesBack(in.Seen.Time, in.Policy.Expiry)
	return action
}

// stepDown says in words why this running server is to leave and become a client; empty
// if it is not (R50, R51). Only one whose mode was decided does so.
func (r Running) stepDown() string {
	rec, slot := r.Record, r.slot()
	switch {
	case !r.Eligible || !r.Self.Membership.Open || !r.Found:
		return ""
	case slot != nil && !r.Voter && slot.tooLate(r.Time, r.Expiry) && r.NoVoteFor >= r.voteTime(): // R51
		return fmt.Sprintf("it does not vote after %v", r.Time.Sub(slot.Promoted).Round(time.Second))
	case !r.mayTakeSlot() || len(rec.Servers) < rec.Desired:
		return ""
	case rec.LeavingUnderWay(r.Time, r.Expiry) && rec.Leaving.Incarnation != r.Self.Incarnation,
		slices.ContainsFunc(rec.Servers, func(s Slot) bool { return s.Changes(r.Time, r.Expiry) }):
		return "" // one change at a time (R49)
	}
	return fmt.Sprintf("all %d places are others'", rec.Desired)
}

// IsLeaving reports whether a server is marked as one that steps down, and still is to.
func IsLeaving(r Running) bool {
	return r.Record != nil && r.Record.State == Established && r.stepDown() != "" &&
		r.Record.LeavingUnderWay(r.Time, r.Expiry) && r.Record.Leaving.Incarnation == r.Self.Incarnation
}

// MarkLeaving returns the record in which this server is marked as one that steps down, or
// nil where nothing is to be written: it is marked, or it must not step down any more.
func MarkLeaving(r Running) *Record {
	if r.Record == nil || r.Record.State != Established || r.stepDown() == "" || r.slot() != nil {
		return nil
	}
	if l := r.Record.Leaving; l != nil && l.Incarnation == r.Self.Incarnation && l.Age(r.Time) < r.Expiry/2 {
		return nil
	}
	next := r.Record.next(r.Write)
	next.Leaving = &Leaving{r.Self.Incarnation, r.Self.Node, r.Time}
	return &next
}

// WhyNotLeave says in words why the cluster cannot spare a server without a slot; empty
// if it can (R50). voters are the names of those that vote, and whether each lives.
//
// Every slot's server must live and vote, and of the voters that are left as many as
// desired must live, and so many that (desired-1)/2 of them could die after that.
func WhyNotLeave(rec Record, node string, voters map[string]bool) string {
	for _, s := range rec.Servers {
		if !voters[s.Node] {
			return fmt.Sprintf("%s holds a slot and does not vote, or does not live", s.Node)
		}
	}
	left, alive := 0, 0
	for name, lives := range voters {
		if name == node {
			continue
		}
		left++
		if lives {
			alive++
		}
	}
	if need := max(rec.Desired, left/2+1+(rec.Desired-1)/2); alive < need {
		return fmt.Sprintf("%d voters would be left alive, and %d are needed", alive, need)
	}
	return ""
}
