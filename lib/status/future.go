package status

import (
	"fmt"
	"strings"
)

// Of times that lie in the future so many are named.
const mostFuture = 3

// datedBack returns the status as the next node makes it that reads the record: times in
// the future are now (R53).
func (s Status) datedBack() Status {
	if rec := s.Seen.Record; rec != nil && len(rec.Ahead(s.Seen.Horizon)) > 0 {
		mended := rec.DatedBack(s.Seen.Horizon, s.Seen.Time)
		s.Seen.Record = &mended
	}
	return s
}

// future says what is dated in the future; empty if nothing is.
func (s Status) future() string {
	all := s.Seen.Ahead()
	if len(all) == 0 {
		return ""
	}
	var named []string
	for _, t := range all[:min(len(all), mostFuture)] {
		what := t.What
		if what == "" {
			what = t.Key
		}
		named = append(named, fmt.Sprintf("%s (%s)", plain(what), ago(s.Seen.Time.Sub(t.Time))))
	}
	if more := len(all) - len(named); more > 0 {
		named = append(named, fmt.Sprintf("%d more", more))
	}
	return fmt.Sprintf("The store's clock was set back. %s in the future: %s. Nodes count what is dated so for %s from when they have first seen it.",
		lies(len(all)), strings.Join(named, ", "), span(s.Expiry))
}

// lies says how many times lie somewhere.
func lies(n int) string {
	if n == 1 {
		return "1 time lies"
	}
	return fmt.Sprintf("%d times lie", n)
}
