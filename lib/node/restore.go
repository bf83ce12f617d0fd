package node

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"auto-consul/lib/claim"
	"auto-consul/lib/registry"
	"auto-consul/lib/rule"
)

// ErrDamaged reports that a snapshot is not what was once written.
var ErrDamaged = errors.New("damaged")

// Restorer gets the data of a server that is to bootstrap from a snapshot, before its
// agent starts (R55).
type Restorer struct {
	Observer claim.Observer
	Random   claim.Random
	Disk     Disk
	Out      Output
	// Claim is what the decision rests on, and Confirm asks whether it still holds.
	Claim   rule.Claim
	Confirm func(ctx context.Context) error
	// Timeout bounds each work with the record.
	Timeout time.Duration
	// Prepare gets the data of a snapshot ready beside what the node has. Its error wraps
	// [ErrDamaged] where the snapshot is, and ends soon after the context.
	Prepare func(ctx context.Context, snapshot string) error
	// Place puts what is ready in place, in one step: a crash leaves either nothing of it or
	// all.
	Place func() error
}

// interrupted is why a restore has failed of which nobody could say more.
const interrupted = "its process was ended"

// Restore restores a snapshot. Meanwhile the node keeps its slot, as a server that waits
// for a leader does. It counts in the data directory how often it has tried. Its error
// wraps [rule.ErrUndecided] or [rule.ErrFenced], or is that of the context or of the data
// directory.
func (r Restorer) Restore(ctx context.Context, snapshot string) error {
	failed, err := r.Disk.FailedRestores()
	if err != nil {
		return err
	}
	others := slices.DeleteFunc(slices.Clone(failed), func(f rule.FailedRestore) bool { return f.Snapshot == snapshot })
	try := rule.FailedRestore{Snapshot: snapshot}
	if i := slices.IndexFunc(failed, func(f rule.FailedRestore) bool { return f.Snapshot == snapshot }); i >= 0 {
		try = failed[i]
	}
	before := try
	keep := func(f rule.FailedRestore) error {
		if f.Tries == 0 {
			return r.Disk.KeepFailedRestores(others)
		}
		return r.Disk.KeepFailedRestores(append(slices.Clone(others), f))
	}
	try.Tries, try.Why = try.Tries+1, interrupted
	if err := keep(try); err != nil { // before it begins, so that what ends this process counts
		return err
	}
	r.Out.Notef("restoring %s", snapshot)
	prepared, err := r.prepare(ctx, snapshot)
	switch {
	case err != nil: // the snapshot is not to blame
		return errors.Join(err, keep(before))
	case prepared != nil:
		try.Why, try.Damaged = prepared.Error(), errors.Is(prepared, ErrDamaged)
		if err := keep(try); err != nil {
			return err
		}
		return fmt.Errorf("%w: %s cannot be restored, try %d: %w", rule.ErrUndecided, snapshot, try.Tries, prepared)
	}
	if err := r.Confirm(ctx); err != nil {
		return errors.Join(err, keep(before))
	}
	if err := r.Place(); err != nil {
		try.Why = err.Error()
		return errors.Join(fmt.Errorf("%w: %s cannot be restored: %w", rule.ErrUndecided, snapshot, err), keep(try))
	}
	return keep(rule.FailedRestore{})
}

// prepare gets the data ready and keeps the slot meanwhile. prepared is what came of the
// first; err says that this node is not to restore any more. The work is done here and
// not beside, because a process that ends with this one ends with the thread that started
// it.
func (r Restorer) prepare(ctx context.Context, snapshot string) (prepared, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		r.keepsSlot(ctx, cancel)
	}()
	prepared = r.Prepare(ctx, snapshot)
	err = context.Cause(ctx)
	cancel(nil)
	<-stopped
	if err != nil {
		return nil, err
	}
	return prepared, nil
}

// keepsSlot keeps the slot until the context ends, and ends it where the node is not to
// restore any more.
func (r Restorer) keepsSlot(ctx context.Context, end context.CancelCauseFunc) {
	failing := false
	for began := time.Now(); sleep(ctx, min(r.Claim.Expiry/10, 10*time.Second)); {
		err := r.keepSlot(ctx, time.Since(began))
		switch {
		case ctx.Err() != nil:
			return
		case errors.Is(err, rule.ErrUndecided) || errors.Is(err, rule.ErrFenced):
			end(err)
			return
		case err != nil && !failing:
			r.Out.Warnf("keep the slot while the snapshot is restored: %v", err)
		}
		failing = err != nil
	}
}

// keepSlot does what the record asks of this node, as of a server that waits for a leader.
func (r Restorer) keepSlot(ctx context.Context, waiting time.Duration) error {
	m, err := r.Disk.Membership()
	if err != nil {
		return err
	}
	limited, cancel := context.WithTimeout(ctx, r.Timeout)
	defer cancel()
	_, _, _, err = r.Observer.Serve(limited, rule.Running{
		Self:   rule.Self{Node: r.Claim.Node, Address: r.Claim.Address, Incarnation: r.Claim.Incarnation, Mode: registry.Server, Membership: m},
		Expiry: r.Claim.Expiry, WithheldFor: waiting,
	}, r.Random)
	return err
}
