package rule

import (
	"fmt"
	"strings"
	"time"

	"auto-consul/lib/registry"
)

// AheadTime is a time that lies in the future: it was written before the store's clock was
// set back (R53).
type AheadTime struct {
	Key  string // of a heartbeat, or of the record
	What string // in the record, in words
	Time time.Time
}

// stamped is a time of the record and what it is.
type stamped struct {
	at   *time.Time
	what string
}

// times returns the times of the record that ages are judged by. The end of a gathering
// follows from its beginning, and nothing rests on when somebody got the right to bootstrap.
func (r *Record) times() []stamped {
	var out []stamped
	if r.Gather != nil {
		out = append(out, stamped{&r.Gather.Since, "the gathering"})
	}
	if r.Leaving != nil {
		out = append(out, stamped{&r.Leaving.Since, "the stepping down of " + r.Leaving.Node})
	}
	for i := range r.Servers {
		s := &r.Servers[i]
		out = append(out, stamped{&s.Since, "the slot of " + s.Node}, stamped{&s.Promoted, "the promotion of " + s.Node})
	}
	for i := range r.Survivors {
		s := &r.Survivors[i]
		out = append(out, stamped{&s.Came, "the recovery on " + s.Node}, stamped{&s.Renewed, "its renewal on " + s.Node})
	}
	return out
}

// Ahead returns the times of the record that are later than a horizon (R53).
func (r Record) Ahead(horizon time.Time) []AheadTime {
	var out []AheadTime
	for _, t := range r.times() {
		if registry.Ahead(*t.at, horizon) {
			out = append(out, AheadTime{RecordKey, t.what, *t.at})
		}
	}
	return out
}

// Ahead returns the times that lie in the future: those of heartbeats, by their keys, and
// then those of the record (R53).
func (o Observation) Ahead() []AheadTime {
	var out []AheadTime
	for _, key := range o.Snapshot.Ahead {
		if h, err := registry.ParseKey(key); err == nil {
			out = append(out, AheadTime{Key: key, Time: h.Time})
		}
	}
	if o.Record != nil {
		out = append(out, o.Record.Ahead(o.Horizon)...)
	}
	return out
}

// DatedBack returns a copy of the record in which every time that is later than a horizon
// is now. It counts from now on, like one that was written now (R53). A slot that is older
// than a gathering stays so (R44).
func (r Record) DatedBack(horizon, now time.Time) Record {
	out := r.next(r.Write)
	out.Seq = r.Seq
	if l := r.Leaving; l != nil {
		out.Leaving = &Leaving{l.Incarnation, l.Node, l.Since}
	}
	gather := r.Gather
	if gather != nil {
		out.Gather = &Gather{gather.Since, gather.Until, gather.WaitSeconds}
		if registry.Ahead(gather.Since, horizon) {
			out.Gather.Until = now.Add(r.birthWait())
		}
	}
	for _, t := range out.times() {
		if registry.Ahead(*t.at, horizon) {
			*t.at = now
		}
	}
	for i, s := range r.Servers {
		if gather != nil && !gather.IsHere(s) && out.Gather.IsHere(out.Servers[i]) {
			out.Servers[i].Since = out.Gather.Since.Add(-time.Second)
		}
	}
	return out
}

// aheadInWords says what in the record lies in the future, and by how much.
func (r Record) aheadInWords(horizon, now time.Time) string {
	var out []string
	for _, t := range r.Ahead(horizon) {
		out = append(out, fmt.Sprintf("%s by %v", t.What, t.Time.Sub(now).Round(time.Second)))
	}
	return strings.Join(out, ", ")
}

// dateBack writes times of the record that lie in the future anew, as now, so that all
// nodes count them from now on and not from when their time has come (R53). ok is false
// where there are none.
func (r Record) dateBack(horizon, now time.Time, write string) (next *Record, why string, ok bool) {
	if len(r.Ahead(horizon)) == 0 {
		return nil, "", false
	}
	out := r.DatedBack(horizon, now).next(write)
	return &out, "the store's clock was set back, and these lie in the future: " + r.aheadInWords(horizon, now), true
}

// dateBack is what a node that decides does about times of the record that lie in the
// future.
func (in Input) dateBack() (action Action, ok bool) {
	if in.Seen.Record == nil {
		return Action{}, false
	}
	next, why, ok := in.Seen.Record.dateBack(in.Seen.Horizon, in.Seen.Time, in.New.Write)
	return Action{Swap: next, Why: why, Mends: true}, ok
}

// heldByAhead returns the names of other nodes that count as servers by heartbeats alone
// that are dated in the future.
func (in Input) heldByAhead() []string {
	var out []string
	for _, m := range others(in.Seen.Live[registry.Servers], in.Self.Node) {
		if m.Ahead && !in.hasFreshSlot(m.Node) {
			out = append(out, m.Node)
		}
	}
	return out
}

// hasFreshSlot reports whether a node of that name holds a slot by its age.
func (in Input) hasFreshSlot(node string) bool {
	for _, s := range in.slotsOfOthers() {
		if s.Node == node && in.fresh(s) {
			return true
		}
	}
	return false
}

// waitForAhead waits where the servers are enough only if those count of which all
// heartbeats are dated in the future (R53). They have an expiry to beat, as every server
// does that lives, and then they count no longer. ok is false where the others are enough.
func (in Input) waitForAhead() (action Action, ok bool) {
	doubtful := in.heldByAhead()
	if len(doubtful) == 0 || len(in.heldByOthers())-len(doubtful) >= in.desired() {
		return Action{}, false
	}
	return waitForBeats(doubtful), true
}

// waitForAnyBeat waits where other servers beat, and all their heartbeats are dated in the
// future: the cluster may be lost (R20), and whoever started would join nobody (R53). ok is
// false where a server beats now, or none at all.
func (in Input) waitForAnyBeat() (action Action, ok bool) {
	var doubtful []string
	for _, m := range others(in.Seen.Live[registry.Servers], in.Self.Node) {
		if !m.Ahead {
			return Action{}, false
		}
		doubtful = append(doubtful, m.Node)
	}
	if len(doubtful) == 0 {
		return Action{}, false
	}
	return waitForBeats(doubtful), true
}

// waitForBeats waits for nodes of which every heartbeat is dated in the future to beat.
func waitForBeats(nodes []string) Action {
	return Action{Wait: fmt.Sprintf("to see whether %s beats, of which every heartbeat is dated in the future", strings.Join(nodes, ", "))}
}

// silentForLong reports whether this server's last heartbeat is an expiry old, or not known.
// One that is dated in the future by now is not known, either (R53).
func (r Running) silentForLong() bool {
	return r.Time.Sub(r.LastBeat) >= r.Expiry || registry.Ahead(r.LastBeat, r.Horizon)
}
