package claim

import (
	"context"
	"errors"
	"fmt"
	"time"

	"auto-consul/lib/registry"
)

// relook replaces the look. Once a first look has succeeded, failures are borne
// for as long as the timeout; access denied is final.
func (d *Decider) relook(ctx context.Context, read func(context.Context) (Look, error)) error {
	for first := d.look.Time.IsZero(); ; {
		begin := time.Now()
		lctx, cancel := context.WithTimeout(ctx, d.Timeout)
		look, err := read(lctx)
		cancel()
		if err == nil {
			d.failing = time.Time{}
			d.begin = begin
			return d.seen(look)
		}
		d.watch.reset()
		if d.failing.IsZero() {
			d.failing = begin
		}
		if first || ctx.Err() != nil || errors.Is(err, registry.ErrDenied) || time.Since(d.failing) >= d.Timeout {
			return err
		}
		d.Progress("%v; trying again", err)
		if err := sleep(ctx, d.pause(d.tries)); err != nil {
			return err
		}
	}
}

// heartbeats reads them after the record that was seen.
func (d *Decider) heartbeats(ctx context.Context) (Look, error) {
	later, err := d.Reader.Heartbeats(ctx)
	return d.look.completed(later), err
}

// seen takes a new look over. A record that is gone after it was there is never
// taken for "no record yet".
func (d *Decider) seen(look Look) error {
	if d.look.Record != nil && look.Record == nil {
		return fmt.Errorf("%w: the cluster record vanished", ErrUndecided)
	}
	switch {
	case !look.RecordOnly:
		d.answers = nil
		d.take(look)
	case time.Since(d.heard) < d.Policy.Expiry/20:
		d.look = look.with(d.look.Snapshot)
	default:
		d.look, d.answers, d.heard = look, nil, time.Time{}
	}
	return nil
}

// take takes over a look with heartbeats.
func (d *Decider) take(look Look) {
	if len(look.Expired) > 0 {
		d.traces = look.Expired
	}
	d.look, d.heard = look, d.begin
	d.watch.observe(time.Now(), d.current().Silences(), d.Policy.Expiry/2)
}
