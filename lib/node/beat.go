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
	"auto-consul/lib/wire"
)

// Beater writes the heartbeats of a node whose agent runs.
type Beater struct {
	Agent    Agent
	Disk     Disk
	Out      Output
	Observer claim.Observer
	Random   claim.Random

	Node, Address string // empty: the agent's own
	// Expiry is the age at which a heartbeat no longer counts, Ticks how far the
	// beats of a loop are apart, Timeout the bound on the work with the registry for
	// each of them.
	Expiry, Ticks, Timeout time.Duration
	// Sample is about how many clients have a live heartbeat at a time where each runs
	// a loop; 0: all of them (R47).
	Sample int
	// Eligible says that the node may change its role, because something decides again
	// when the loop ends with [rule.ErrUndecided].
	Eligible bool
	// Grace is how long a vacant place waits for a machine that starts, before a client
	// takes it; 0: Expiry.
	Grace time.Duration
	Zone  string // the node's failure domain; empty if it was told none (R52)
	// Snapshots is how far the snapshots of Consul's state are apart that the raft leader's
	// loop keeps in the registry; 0: it keeps none (R54).
	Snapshots time.Duration
	// MayServe returns an error if no server could be started here. A client is asked before
	// it takes a place, and Answers whether anybody answers at an address. Both are needed
	// where Eligible is true.
	MayServe func(ctx context.Context) error
	Answers  func(ctx context.Context, address string) bool

	written   []own     // heartbeats that have not been removed
	lastStamp time.Time // the store's time of the last beat as a server
	named     bool      // the last observation showed this server's birth as established (R36)
	survivors bool      // the last observation showed that a lost quorum is being recovered (R56)
	unkept    bool      // the operator was told that the data directory cannot be written
	addresses []string  // of the cluster's servers, as the data directory keeps them; nil: not asked yet
	schedule  schedule
	sampling  sampling
	isolation isolation
	joins     joins
	snapshots snapshots
	stale     stale

	record      *rule.Record // the last that was read; nil: none yet
	candidacy   candidacy
	toldWhyNot  string    // what the operator was told last of a change of role that was not made
	toldReplace bool      // that a dead server's slot could not be taken
	leaveAfter  time.Time // a server that could not leave does not try again before
	noVote      time.Time // since when a server has had a leader and no vote; zero: it is not so
}

// observation is what one reading of the agent and the record has shown.
type observation struct {
	Status
	seen   rule.Observation
	order  rule.Order
	others []string // addresses of live servers and of the other slots' holders
}

// Beat asks the agent, does what the record asks of this node, writes one heartbeat
// and prints it.
func (b *Beater) Beat(ctx context.Context) error {
	status, err := b.Agent.Status(ctx)
	if err != nil {
		return err
	}
	_, err = b.beat(ctx, status)
	return err
}

// beat is [Beater.Beat] for an agent that was asked already.
func (b *Beater) beat(ctx context.Context, status Status) (observation, error) {
	o, err := b.observe(ctx, status)
	if err != nil {
		return o, err
	}
	roles := o.order.Roles(o.Mode())
	node, address := b.self(o.Status)
	limited, cancel := context.WithTimeout(ctx, b.Timeout)
	defer cancel()
	keys, err := b.Observer.Registry.Beat(limited, node, address, o.seen.Time, roles...)
	if err != nil {
		return o, err
	}
	if slices.Contains(roles, registry.Servers) {
		b.lastStamp = o.seen.Time
	}
	b.tidy(limited, expiredAt(o.seen.Time, o.seen.Horizon, b.Expiry))
	b.wrote(keys)
	if err := b.print(o, keys); err != nil {
		return o, outputError{err}
	}
	return o, nil
}

// print prints the document of a heartbeat under some keys.
func (b *Beater) print(o observation, keys []string) error {
	node, address := b.self(o.Status)
	return b.Out.Print(wire.Beat{
		Version: wire.Version, Node: node, Address: address, Role: string(o.Mode()), Time: o.seen.Time, Keys: keys,
	})
}

// outputError reports that standard output cannot be written: its reader has gone, and
// so the loop ends.
type outputError struct{ error }

// Unwrap returns the error as the output gave it.
func (e outputError) Unwrap() error { return e.error }

// self returns the node's name and address: the agent's own unless they were given.
func (b *Beater) self(status Status) (node, address string) {
	node, address = b.Node, b.Address
	if node == "" {
		node = status.Node
	}
	if address == "" {
		address = status.Address
	}
	return node, address
}

// running returns what [rule.Serve] is asked with, but for what the observer adds: the
// record, the store's time and a random name.
func (b *Beater) running(status Status) (rule.Running, error) {
	r := rule.Running{
		AgentName: status.Node, Found: status.Leader != "" || status.KnownServers > 0, Leader: status.Leader != "",
		Voter: status.Voter, Eligible: b.Eligible, NoVoteFor: b.noVoteFor(status),
		Expiry: b.Expiry, LastBeat: b.lastStamp, WithheldFor: b.schedule.withheldFor(time.Now()), NamedBefore: b.named,
	}
	r.Self.Node, r.Self.Address = b.self(status)
	r.Self.Mode, r.Self.Raft, r.Self.Zone = status.Mode(), status.LogIndex > 0, b.Zone
	var err error
	if r.Self.Membership, err = b.Disk.Membership(); err != nil {
		return r, err
	}
	r.Self.Incarnation, err = b.Disk.Incarnation()
	return r, err
}

// observe reads the record and does what it asks of this node, whose agent was asked
// before (R29). The record is read in any case, because it also tells the store's time.
func (b *Beater) observe(ctx context.Context, status Status) (o observation, err error) {
	o.Status = status
	r, err := b.running(o.Status)
	if err != nil {
		return o, err
	}
	limited, cancel := context.WithTimeout(ctx, b.Timeout)
	defer cancel()
	if b.survivors && !o.Server {
		leader, err := b.Agent.Leader(limited)
		r.Leader = err == nil && leader != ""
	}
	var wrote []string
	o.seen, o.order, wrote, err = b.Observer.Serve(limited, r, b.Random)
	for _, why := range wrote {
		b.Out.Notef("wrote the cluster record: %s", why)
	}
	o.others = rule.JoinTargets(registry.Server, r.Self, o.seen)
	if err == nil {
		b.named = o.seen.Names(r.Self.Membership)
		b.survivors = o.seen.Record != nil && len(o.seen.Record.Survivors) > 0
		if o.seen.Record != nil {
			b.record = o.seen.Record
		}
		if o.Server {
			b.keepDesired(o.seen, r.Self.Membership)
		}
		b.remember(o.others)
	}
	return o, err
}

// keepDesired keeps the number of servers that the record wants now, so that a record
// that vanishes is written back with it (R36), and that it shows this server's birth as
// established (R58).
func (b *Beater) keepDesired(seen rule.Observation, before rule.Membership) {
	if !b.named || seen.Record.Desired == before.Desired && before.Established {
		return
	}
	m, err := b.Disk.Membership() // as it is now: another program may have changed it
	if err == nil && m == before {
		m.Desired, m.Established = seen.Record.Desired, true
		err = b.Disk.KeepMembership(m)
	}
	b.tellUnkept(fmt.Sprintf("the desired number of servers, %d now", seen.Record.Desired), err)
}

// tellUnkept says once what could not be kept in the data directory.
func (b *Beater) tellUnkept(what string, err error) {
	if err != nil && !b.unkept {
		b.Out.Warnf("keep %s: %v", what, err)
		b.unkept = true
	}
}

// remember keeps the addresses of the cluster's servers, to which this node can be
// started again while the store is away (R58).
func (b *Beater) remember(addresses []string) {
	kept, err := keepAddresses(b.Disk, b.addresses, addresses)
	if err == nil {
		b.addresses = kept
	}
	b.tellUnkept("whom to join while the store is away", err)
}

// isFinal reports whether an error makes all further beats wrong.
func isFinal(err error) bool {
	var output outputError
	return errors.Is(err, rule.ErrFenced) || errors.Is(err, rule.ErrUndecided) || errors.As(err, &output)
}
