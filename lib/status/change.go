package status

import (
	"fmt"

	"auto-consul/lib/rule"
)

// stepsDown returns the mark of the server that steps down, nil if none does. One that is
// as old as the expiry says nothing any more (R49).
func (s Status) stepsDown(rec rule.Record) *rule.Leaving {
	if !rec.LeavingUnderWay(s.Seen.Time, s.Expiry) {
		return nil
	}
	return rec.Leaving
}

// changesUnderWay counts the changes of role that have begun and are not done (R49).
func (s Status) changesUnderWay(rec rule.Record) int {
	n := 0
	for _, slot := range rec.Servers {
		if slot.UnderWay() {
			n++
		}
	}
	if s.stepsDown(rec) != nil {
		n++
	}
	return n
}

// changes says which changes of role are under way, since when, and what waits for them
// (R49).
func (s Status) changes(rec rule.Record) []string {
	var out []string
	for _, slot := range rec.Servers {
		if !slot.UnderWay() {
			continue
		}
		then := "and until it does no server steps down."
		if !slot.Changes(s.Seen.Time, s.Expiry) { // R51
			then = "and has had its time for that: it gives the place back if it can."
		}
		out = append(out, fmt.Sprintf("%s was a client and claimed a place %s, at %s. Its server has not reported yet that it votes, %s",
			slot.Node, ago(s.Seen.Time.Sub(slot.Promoted)), stamp(slot.Promoted), then))
	}
	if l := s.stepsDown(rec); l != nil {
		age := l.Age(s.Seen.Time)
		out = append(out, fmt.Sprintf("%s steps down to be a client: it was marked %s, at %s. No other server steps down meanwhile.",
			plain(l.Node), ago(age), stamp(s.Seen.Time.Add(-age))))
	}
	return out
}

// clientsWait reports whether a change is under way for which clients leave a place open
// (R49).
func (s Status) clientsWait(rec rule.Record) bool {
	_, changes := s.Seen.ChangeUnderWay(s.Expiry)
	return changes || s.stepsDown(rec) != nil
}

// tooMany says what becomes of servers that hold no place where all are taken (R50).
func (s Status) tooMany(rec rule.Record) []string {
	const when = "as soon as the server of every place votes and the cluster can spare "
	without := s.unplaced()
	switch {
	case len(rec.Servers) < rec.Desired, len(without) == 0:
		return nil
	case len(without) == 1:
		return []string{fmt.Sprintf("%s has no place, and all are taken. If it may change its role, it steps down and becomes a client, %sit.", without[0].Node, when)}
	}
	return []string{fmt.Sprintf("%d servers have no place, and all are taken. Those that may change their role step down and become clients, one after the other, %sthem.", len(without), when)}
}
