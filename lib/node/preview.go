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
	o := observation{Status: status}
	if o.seen, err = b.Observer.Record(limited); err != nil {
		return err
	}
	r.Time, r.Record = o.seen.Time, o.seen.Record
	for {
		r.Write = b.Random.ID()
		if o.order, err = rule.Serve(r); err != nil {
			return err
		}
		if o.order.Swap == nil {
			break
		}
		// A beat asks again once that is written.
		b.Out.Notef("dry run: would write the cluster record: %s", o.order.Why)
		r.Record = o.order.Swap
	}
	keys := []string{}
	for _, role := range o.order.Roles(o.Mode()) {
		keys = append(keys, registry.Heartbeat{Role: role, Time: o.seen.Time, Node: r.Self.Node}.Key())
	}
	slices.Sort(keys)
	return b.print(o, keys)
}
