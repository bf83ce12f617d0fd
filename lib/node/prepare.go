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

// Preparer decides what a node is to be and keeps that in its data directory.
type Preparer struct {
	Observer claim.Observer
	Disk     Disk
	Out      Output
	Random   claim.Random
	// Answers reports whether anybody answers at an address.
	Answers func(ctx context.Context, address string) bool

	Node, Address string
	Zone          string // the node's failure domain; empty if it was told none (R52)
	// Mode is the one that the operator set. If it is empty the kept mode applies, and
	// without one the rules decide.
	Mode     registry.Mode
	MustKeep bool // a mode must be kept already
	Policy   rule.Policy
	// Claims is false for the plain rule, which needs no cluster record and has a
	// race.
	Claims  bool
	Wait    time.Duration // bound on all waiting for other nodes
	Timeout time.Duration // bound on each observation and each write
	DryRun  bool          // decide, and write nothing
	// MayServe returns an error if Consul would not start a server on this data
	// directory any more. It is asked before a slot is claimed, and before a decision
	// to be a server is kept.
	MayServe func() error
}

// Prepared is a node's decision.
type Prepared struct {
	rule.Decision
	Self rule.Self
	Seen rule.Observation // what the decision rests on
}

// errMeanwhile reports that somebody has changed the data directory of a node that waited.
var errMeanwhile = fmt.Errorf("%w: the data directory says something else than before", rule.ErrUndecided)

// Prepare decides and keeps the decision. first is an observation that was made
// already, or nil. A node that waits goes on with what an operator has another command
// decide on its data directory meanwhile, where a cluster is lost. Errors are those of the
// store and of the data directory, [ErrNoMode], or wrap [rule.ErrFenced] or
// [rule.ErrUndecided].
func (p Preparer) Prepare(ctx context.Context, first *rule.Observation) (Prepared, error) {
	decide := p.byClaims
	if !p.Claims {
		decide = p.plainly
	}
	self, err := p.self()
	if err != nil {
		return Prepared{}, err
	}
	d, seen, err := p.outlast(ctx, self, first, decide)
	if errors.Is(err, errMeanwhile) {
		p.Out.Notef("%v: deciding again", err)
		return p.Prepare(ctx, nil)
	}
	if err == nil && d.Mode == registry.Server {
		err = p.MayServe()
	}
	if err != nil {
		return Prepared{}, err
	}
	for _, i := range seen.Ignored {
		p.Out.Warnf("ignored %s: %s", i.Key, i.Reason)
	}
	for _, note := range d.Notes {
		p.Out.Notef("%s", note)
	}
	if !p.DryRun {
		if err = keep(p.Disk, self, d, p.Mode != ""); err == nil {
			_, err = keepAddresses(p.Disk, nil, rule.JoinTargets(registry.Server, self, seen))
		}
	}
	return Prepared{Decision: d, Self: self, Seen: seen}, err
}

// self returns what this node knows of itself. A new data directory gets its id when
// the first claim is made or the decision is kept, no sooner (R37): one without a decision
// may become part of a machine image, and all its copies would share the id.
func (p Preparer) self() (rule.Self, error) {
	self := rule.Self{Node: p.Node, Address: p.Address, Zone: p.Zone, Mode: p.Mode}
	var err error
	if p.Mode == "" {
		if self.Mode, err = p.Disk.Mode(); err != nil {
			return self, err
		}
	}
	if p.MustKeep && self.Mode == "" {
		return self, fmt.Errorf("%w in %s: run, set_server or set_agent keeps one", ErrNoMode, p.Disk)
	}
	if self.Raft, err = p.Disk.HasRaft(); err != nil || !p.Claims {
		return self, err
	}
	if self.Membership, err = p.Disk.Membership(); err != nil {
		return self, err
	}
	if self.FailedRestores, err = p.Disk.FailedRestores(); err != nil {
		return self, err
	}
	if p.Mode != "" {
		self.Membership.Open = false // what is set is not decided again
	}
	if self.Incarnation, err = p.Disk.Incarnation(); err != nil || self.Incarnation != "" {
		return self, err
	}
	self.Incarnation = p.Random.ID()
	return self, nil
}

// byClaims decides with claims, and so without a race.
func (p Preparer) byClaims(ctx context.Context, self rule.Self, first *rule.Observation) (rule.Decision, rule.Observation, error) {
	d := claim.Decider{
		Observer: p.Observer, Random: p.Random, Self: self, Policy: p.Policy,
		Wait: p.Wait, Timeout: p.Timeout, DryRun: p.DryRun, Answers: p.Answers, Progress: p.Out.Notef,
		SetAside: p.Disk.SetRaftAside,
		Waits:    func() error { return p.meanwhile(self) },
		Keep: func() error {
			// An open client may be about to become a server.
			if self.Mode != registry.Client || self.Membership.Open {
				if err := p.MayServe(); err != nil {
					return err
				}
			}
			return p.Disk.KeepIncarnation(self.Incarnation)
		},
	}
	return d.Decide(ctx, first)
}

// meanwhile returns [errMeanwhile] if an operator has had another command decide on the data
// directory, or has had a snapshot tried again that could not be restored (R55).
func (p Preparer) meanwhile(self rule.Self) error {
	kept, err := p.Disk.Incarnation()
	if err != nil {
		return err
	}
	failed, err := p.Disk.FailedRestores()
	if err == nil && (kept != "" && kept != self.Incarnation || !slices.Equal(failed, self.FailedRestores)) {
		err = errMeanwhile
	}
	return err
}

// plainly decides by the plain rule, with its race (R42).
func (p Preparer) plainly(ctx context.Context, self rule.Self, first *rule.Observation) (rule.Decision, rule.Observation, error) {
	var seen rule.Observation
	if first != nil {
		seen = *first
	} else {
		ctx, cancel := context.WithTimeout(ctx, p.Timeout)
		defer cancel()
		var err error
		if seen.Snapshot, err = p.Observer.Heartbeats(ctx); err != nil {
			return rule.Decision{}, seen, err
		}
	}
	seen.Record = nil // the plain rule ignores it
	return rule.Plain(self, p.Policy.Desired, seen.Snapshot), seen, nil
}

// keep writes down what this node is from now on. The cluster comes first, because a
// server must not run on data that is tied to none (R37). set reports whether the
// operator has set the mode.
func keep(disk Disk, self rule.Self, d rule.Decision, set bool) error {
	if self.Incarnation != "" {
		if err := disk.KeepIncarnation(self.Incarnation); err != nil {
			return err
		}
	}
	// A decision without claims unties the data directory from its cluster, unless that
	// holds raft data (R42).
	if d.Membership != (rule.Membership{}) || self.Incarnation == "" && !self.Raft {
		if err := disk.KeepMembership(d.Membership); err != nil {
			return err
		}
	}
	if set {
		return SetMode(disk, d.Mode)
	}
	return disk.KeepMode(d.Mode)
}

// SetMode keeps a mode that the operator sets. It is not decided again (R22).
func SetMode(disk Disk, mode registry.Mode) error {
	m, err := disk.Membership()
	if err != nil {
		return err
	}
	if m.Open {
		m.Open = false
		if err := disk.KeepMembership(m); err != nil {
			return err
		}
	}
	return disk.KeepMode(mode)
}
