package claim

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"auto-consul/lib/registry"
	"auto-consul/lib/rule"
)

// refresh replaces what this node has seen by a new observation. Once a first one has
// succeeded, readings may fail for a while (R39).
func (d *Decider) refresh(ctx context.Context, read func(context.Context) (rule.Observation, error)) error {
	var seen rule.Observation
	var begin time.Time
	err := d.insist(ctx, d.seen.Time.IsZero(), func(ctx context.Context) (err error) {
		begin = time.Now()
		seen, err = read(ctx)
		return err
	})
	if err != nil {
		return err
	}
	d.begin = begin
	return d.replace(seen)
}

// insist reads from the store. Unless it is the first time, readings may fail for as long
// as the time-out (R39); access denied is final (R3). A reading that fails ends all
// watching (R11).
func (d *Decider) insist(ctx context.Context, first bool, read func(context.Context) error) error {
	for {
		begin := time.Now()
		limited, cancel := context.WithTimeout(ctx, d.Timeout)
		err := read(limited)
		cancel()
		if err == nil {
			d.failing = time.Time{}
			return nil
		}
		d.watch.reset()
		if d.failing.IsZero() {
			d.failing = begin
		}
		if first || ctx.Err() != nil || errors.Is(err, registry.ErrDenied) || time.Since(d.failing) >= d.Timeout {
			return err
		}
		d.Progress("%v; trying again", err)
		if err := sleep(ctx, d.Random.pause(d.swapper.tries)); err != nil {
			return err
		}
	}
}

// list reads which snapshots a cluster has. They are read again after each whole
// observation: an operator may have removed one (R55).
func (d *Decider) list(ctx context.Context, cluster string) error {
	list := []registry.ConsulSnapshot{}
	err := d.insist(ctx, false, func(ctx context.Context) (err error) {
		list, _, err = registry.Snapshots(ctx, d.Observer.Registry.Store, cluster)
		return err
	})
	d.stored = maps.Clone(d.stored)
	if d.stored == nil {
		d.stored = map[string][]registry.ConsulSnapshot{}
	}
	d.stored[cluster] = list
	return err
}

// withHeartbeats reads the heartbeats after the record that was seen (R6).
func (d *Decider) withHeartbeats(ctx context.Context) (rule.Observation, error) {
	snap, err := d.Observer.Heartbeats(ctx)
	seen := d.seen.WithHeartbeats(snap)
	seen.HeartbeatsLater = true
	return seen, err
}

// replace takes a new observation over. A record that is gone after it was there is
// never taken for "no record yet" (R3). Heartbeats stay beside a record that was read
// later for a twentieth of the expiry (R5).
func (d *Decider) replace(seen rule.Observation) error {
	if d.seen.Record != nil && seen.Record == nil {
		return fmt.Errorf("%w: the cluster record vanished", rule.ErrUndecided)
	}
	switch {
	case !seen.RecordOnly:
		d.answers, d.stored = nil, nil
		d.accept(seen)
	case time.Since(d.listed) < d.Policy.Expiry/20:
		d.seen = seen.WithHeartbeats(d.seen.Snapshot)
	default:
		d.seen, d.answers, d.stored, d.listed = seen, nil, nil, time.Time{}
	}
	return nil
}

// accept takes an observation over that has heartbeats. Expired ones are remembered,
// although they may be purged (R14).
func (d *Decider) accept(seen rule.Observation) {
	if len(seen.Expired) > 0 {
		d.expired = seen.Expired
	}
	d.seen, d.listed = seen, d.begin
	d.tellAhead()
	d.watch.observe(time.Now(), d.input().SilentKeys(), d.Policy.Expiry/2)
}
