package rule

import "fmt"

// serveClient returns an error where this client must decide again: it holds a slot,
// because a claim of its own was written later than it knew (R48), or the birth that it
// waits for has stalled (R22). One that knows no server dates times in the future back, for
// there may be nobody else to do it (R53). One that sees a leader ends a recovery (R56).
func (r Running) serveClient() (Order, error) {
	switch {
	case r.Record == nil:
		return Order{}, nil
	case r.Leader && len(r.Record.Survivors) > 0 && r.Record.ClusterID == r.Self.Membership.ClusterID:
		return r.endRecovery()
	case !r.Self.Membership.Open:
		return Order{}, nil
	}
	if slot := r.slot(); r.Eligible && slot != nil && slot.Node == r.Self.Node && !slot.tooLate(r.Time, r.Expiry) {
		return Order{}, fmt.Errorf("%w: this client holds a slot", ErrUndecided)
	}
	if r.Found {
		return Order{}, nil
	}
	if next, why, ok := r.Record.dateBack(r.Horizon, r.Time, r.Write); ok {
		return Order{Swap: next, Why: why}, nil
	}
	if why := r.Record.stalledBirth(r.Time, r.Expiry); why != "" {
		return Order{}, fmt.Errorf("%w: %s", ErrUndecided, why)
	}
	return Order{}, nil
}
