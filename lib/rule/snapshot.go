package rule

import (
	"slices"
	"time"

	"auto-consul/lib/registry"
)

// For how long snapshots are kept (R54).
const (
	day         = 24 * time.Hour
	keepAll     = day
	keepDaily   = 7 * day
	keepWeekly  = 31 * day
	daysInAWeek = 7
	// The first Monday was the fifth day of Unix time.
	mondays = 3
)

// SnapshotDue returns how long it is until a cluster's next snapshot is due, after those
// that are kept (R54). One that is dated in the future puts nothing off.
func SnapshotDue(kept []registry.ConsulSnapshot, now time.Time, interval time.Duration) time.Duration {
	wait := time.Duration(0)
	for _, s := range kept {
		if age := now.Sub(s.Time); age >= 0 {
			wait = max(wait, interval-age)
		}
	}
	return wait
}

// HasSnapshot reports whether what a snapshot of this term and index would hold is kept
// already (R54).
func HasSnapshot(kept []registry.ConsulSnapshot, term int64, index uint64) bool {
	return slices.ContainsFunc(kept, func(s registry.ConsulSnapshot) bool { return s.Term == term && s.Index == index })
}

// ThinSnapshots returns the keys of those of a cluster's snapshots that are to be removed
// (R54). They are given in the order of their keys, the newest last.
//
// Of a day or a week the newest snapshot stays, by the calendar and not by its age, so
// that what is kept does not depend on how often snapshots are thinned.
func ThinSnapshots(kept []registry.ConsulSnapshot, now time.Time) []string {
	ofDay, ofWeek := latest(kept, dayOf), latest(kept, weekOf)
	var remove []string
	for i, s := range kept {
		age := now.Sub(s.Time)
		switch {
		case i == len(kept)-1, age < keepAll:
		case age < keepDaily && ofDay[dayOf(s.Time)] == i:
		case age < keepWeekly && ofWeek[weekOf(s.Time)] == i:
		default:
			remove = append(remove, s.Key())
		}
	}
	return remove
}

// latest returns which snapshot of each day, or week, has the latest time. That is not the
// last of them where the store's clock has gone back.
func latest(kept []registry.ConsulSnapshot, of func(time.Time) int64) map[int64]int {
	out := map[int64]int{}
	for i, s := range kept {
		if j, there := out[of(s.Time)]; !there || !s.Time.Before(kept[j].Time) {
			out[of(s.Time)] = i
		}
	}
	return out
}

// dayOf numbers the days in UTC, weekOf the weeks from Monday to Sunday.
func dayOf(t time.Time) int64  { return t.Unix() / int64(day/time.Second) }
func weekOf(t time.Time) int64 { return (dayOf(t) + mondays) / daysInAWeek }
