package registry

import "time"

// DefaultSkew is how far ahead of an answer's time a stamp may be: the servers of one store
// need not have the same time. Between those of Amazon's 1.6 s were measured (R53).
const DefaultSkew = 5 * time.Second

// Horizon returns the latest time that a clock of the store may show when an answer of it
// says now. What is dated later was written before the store's clock was set back (R53).
func (r *Registry) Horizon(now time.Time) time.Time {
	if r.Skew > 0 {
		return now.Add(r.Skew)
	}
	return now.Add(DefaultSkew)
}

// Ahead reports whether a stamp is dated in the future: it is later than a horizon. Nothing
// is ahead of the zero horizon, which stands for one that is not known.
func Ahead(stamp, horizon time.Time) bool { return !horizon.IsZero() && stamp.After(horizon) }
