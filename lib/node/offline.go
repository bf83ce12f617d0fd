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

// This file is about nodes that start while the store is away (R58).

// decider decides with an observation, or with one that it makes if that is nil.
type decider func(ctx context.Context, self rule.Self, first *rule.Observation) (rule.Decision, rule.Observation, error)

// outlast decides, and where the store is away it tries again: a client for as long as the
// time-out, and then it is decided from what the data directory keeps; a server for as
// long as it may wait, unless the operator lets it do without the store. Only a node that
// was decided before has anything to come back to. A blank one is told at once, because
// its settings may be wrong. What the operator has allowed is used up by the decision that
// has seen it; one that ends as it is given leaves it to the next.
func (p Preparer) outlast(ctx context.Context, self rule.Self, first *rule.Observation, decide decider) (rule.Decision, rule.Observation, error) {
	bound, err := p.patience(self)
	if err != nil {
		return rule.Decision{}, rule.Observation{}, err
	}
	allowed, err := p.Disk.Offline()
	if err != nil {
		return rule.Decision{}, rule.Observation{}, err
	}
	begun := time.Now()
	for tries := 0; ; tries++ {
		d, seen, err := decide(ctx, self, first)
		left := bound - time.Since(begun)
		if ctx.Err() == nil && isOutage(err) {
			offline, ok, failed := p.offline(self, left, err, &allowed)
			switch {
			case ok || failed != nil:
				d, seen, err = offline, rule.Observation{}, failed
			case left > 0:
				if tries == 0 {
					p.tellOutage(self, bound, err)
				}
				first = nil
				if sleep(ctx, min(left, claim.Pause(tries, p.Policy.Expiry))) {
					continue
				}
			}
		}
		if allowed && !p.DryRun {
			err = errors.Join(err, p.Disk.KeepOffline(false))
		}
		return d, seen, err
	}
}

// patience returns for how long a node tries a store that is away.
func (p Preparer) patience(self rule.Self) (time.Duration, error) {
	kept, err := p.Disk.Mode()
	switch {
	case p.DryRun || kept == "" && !self.Raft:
		return 0, err
	case self.Mode == registry.Client:
		return p.Timeout, err
	}
	return p.Wait, err
}

// isOutage reports whether an error means that the store does not answer, or answers with
// errors. Access denied is none, nor is a record that cannot be read.
func isOutage(err error) bool {
	for _, other := range []error{registry.ErrDenied, rule.ErrUnreadable, rule.ErrUndecided, rule.ErrFenced} {
		if errors.Is(err, other) {
			return false
		}
	}
	return errors.Is(err, registry.ErrUnavailable) || errors.Is(err, context.DeadlineExceeded)
}

// offline returns the decision that needs no store, if there is one by now. A client that
// has time left tries the store again first. A server is decided as soon as the operator
// allows it, also while it waits; allowed becomes true then.
func (p Preparer) offline(self rule.Self, left time.Duration, outage error, allowed *bool) (d rule.Decision, ok bool, err error) {
	if self.Mode == registry.Client && left > 0 {
		return d, false, nil
	}
	known, err := p.Disk.Addresses()
	if err != nil {
		return d, false, err
	}
	if !*allowed {
		if *allowed, err = p.Disk.Offline(); err != nil {
			return d, false, err
		}
	}
	d, ok = rule.Offline(self, known, *allowed, outage.Error())
	return d, ok, nil
}

// tellOutage says what is waited for, for how long, and what ends the wait.
func (p Preparer) tellOutage(self rule.Self, bound time.Duration, outage error) {
	switch {
	case self.Mode == registry.Client:
		p.Out.Notef("the store is away, and this client starts without it in %v at most: %v", bound, outage)
	case rule.NeedsStore(self) == "":
		p.Out.Notef("waiting for the store (%v at most; to start without it: ac-decide -data-dir %s -offline -set): %v", bound, p.Disk, outage)
	default:
		p.Out.Notef("waiting for the store (%v at most): %v", bound, outage)
	}
}

// AllowOffline keeps that the next decision, only that one, may do without the store, and
// returns the mode in which the node starts then. It refuses that to a node which cannot
// start so.
func (p Preparer) AllowOffline() (registry.Mode, error) {
	self, err := p.self()
	if err != nil {
		return "", err
	}
	if why := rule.NeedsStore(self); why != "" {
		return "", fmt.Errorf("-offline is not for data directory %s: %s", p.Disk, why)
	}
	return registry.Server, p.Disk.KeepOffline(true)
}

// keepAddresses keeps the addresses of the cluster's servers if they are others than
// before, and returns them as they are kept now. before is what is known to be kept, nil
// if that is not known. No addresses mean that nothing is known, and change nothing.
func keepAddresses(disk Disk, before, addresses []string) (kept []string, err error) {
	if len(addresses) == 0 {
		return before, nil
	}
	now := slices.Sorted(slices.Values(addresses))
	if before == nil {
		if before, err = disk.Addresses(); err != nil {
			before = nil // whatever is wrong with it, it is replaced
		}
	}
	if slices.Equal(before, now) {
		return now, nil
	}
	return now, disk.KeepAddresses(now)
}
