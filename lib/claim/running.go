package claim

import (
	"context"
	"errors"
	"fmt"

	"auto-consul/lib/registry"
	"auto-consul/lib/rule"
)

// Serve asks [rule.Serve] what a running node is to do, with the record as it is now,
// and writes what that wants written until nothing is left to write (R29). r needs no
// time, record or random name. It returns the last observation, which also tells the
// store's time, the order, and the reasons of what was written. After an error there
// must be no heartbeat at all: one under agents/ alone would say that this node is no
// server (R10).
func (o Observer) Serve(ctx context.Context, r rule.Running, random Random) (seen rule.Observation, order rule.Order, wrote []string, err error) {
	seen, order, wrote, err = o.update(ctx, random, func(seen rule.Observation) (rule.Order, error) {
		r.Time, r.Horizon, r.Record, r.Write = seen.Time, seen.Horizon, seen.Record, random.ID()
		return rule.Serve(r)
	})
	order.Withhold = order.Withhold || err != nil
	return seen, order, wrote, err
}

// MarkLeaving marks a server in the record as one that steps down (R50), and reports
// whether a reading has shown that, with that reading. r is as in [Observer.Serve].
func (o Observer) MarkLeaving(ctx context.Context, r rule.Running, random Random) (seen rule.Observation, marked bool, err error) {
	seen, _, _, err = o.update(ctx, random, func(seen rule.Observation) (rule.Order, error) {
		r.Time, r.Record, r.Write = seen.Time, seen.Record, random.ID()
		marked = rule.IsLeaving(r)
		return rule.Order{Swap: rule.MarkLeaving(r), Why: "this server steps down"}, nil
	})
	return seen, marked && err == nil, err
}

// GiveBack takes the slot of an incarnation out of the record, if it is in a node's
// name, and its mark as one that steps down, and reports whether a reading has shown
// that (R38). If others are faster again and again the error wraps [rule.ErrUndecided].
func (o Observer) GiveBack(ctx context.Context, incarnation, node string, random Random) (bool, error) {
	_, _, wrote, err := o.update(ctx, random, func(seen rule.Observation) (rule.Order, error) {
		next := rule.GiveBack(seen.Record, incarnation, node, random.ID())
		return rule.Order{Swap: next, Why: "this server leaves"}, nil
	})
	if errors.Is(err, registry.ErrConflict) {
		err = fmt.Errorf("%w: %w", rule.ErrUndecided, err)
	}
	return len(wrote) > 0 && err == nil, err
}
