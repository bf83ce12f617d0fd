package node

import (
	"context"
	"slices"

	"auto-consul/lib/registry"
	"auto-consul/lib/rule"
)

// Preview prints the heartbeat that a beat would write now, and writes nothing.
func (b *Beater) Preview(ctx context.Context) error {
	status, err := b.Agent.Status(ctx)
	if err != nil {
		return err
	}
	r, err := b.running(status)
	if err != nil {
		return err
	}
	limited, cancel := context.WithTimeout(ctx, b.Timeout)
	defer cancel()
	l := look{Status: status}
	if l.seen, err = b.Observer.Record(limited); err != nil {
		return err
	}
	r.Time, r.Record = l.seen.Time, l.seen.Record
	for {
		r.Write = b.Random.ID()
		if l.order, err = rule.Serve(r); err != nil {
			return err
		}
		if l.order.Swap == nil {
			break
		}
		// A beat asks again once that is written.
		b.Out.Notef("dry run: would write the cluster record: %s", l.order.Why)
		r.Record = l.order.Swap
	}
	keys := []string{}
	for _, role := range l.order.Roles(l.Mode()) {
		keys = append(keys, registry.Heartbeat{Role: role, Time: l.seen.Time, Node: r.Self.Node}.Key())
	}
	slices.Sort(keys)
	return b.print(l, keys)
}
