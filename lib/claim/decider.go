package claim

import (
	"context"
	"errors"
	"fmt"
	"time"

	"auto-consul/lib/registry"
	"auto-consul/lib/rule"
)

// Decider decides what a node that starts is to be: it observes, asks
// [rule.Decide], carries out what that wants, and observes again. Use each once.
type Decider struct {
	Observer Observer
	Random   Random
	Self     rule.Self
	Policy   rule.Policy
	// Candidate is set where the node runs as a client and may take a vacant place (R48).
	Candidate *rule.Candidacy
	// Recover is set where the recovery of a lost quorum was typed (R56). It is changed.
	Recover *rule.Recover
	Wait    time.Duration // bound on all waiting for other nodes (R39)
	Timeout time.Duration // bound on each observation and each write, and on how long they may fail
	DryRun  bool          // decide as if every write had succeeded, write nothing

	Keep     func() error                                   // keeps the incarnation; called before each write (R37)
	Answers  func(ctx context.Context, address string) bool // reports whether anybody answers there
	SetAside func() error                                   // puts raft data aside that is of no use any more (R57)
	// ReadLog reads the raft log and keeps agents from starting on it from then on. ok is
	// false as long as an agent runs. It is needed beside Recover.
	ReadLog  func() (log rule.Log, ok bool, err error)
	Progress func(format string, args ...any) // tells the operator
	// Waits is called at each turn of a wait. Its error ends the decision. nil: none does.
	Waits func() error

	seen     rule.Observation
	begin    time.Time // of the last observation, monotonic
	listed   time.Time // when the heartbeats were read; zero: too long ago to judge by them
	expired  []string  // expired heartbeats that were seen, and may have been purged since
	failing  time.Time // since when observations have failed
	watch    watch
	answers  map[string]bool
	stored   map[string][]registry.ConsulSnapshot // the snapshots of clusters that were asked for
	silences map[string]time.Time                 // since when nobody answers at an address

	swapper swapper
	won     rule.Action // the write of ours that an observation has shown
	able    bool        // the store honours conditions
	prober  *prober     // has found that out, or not; nil if it was not asked
	watched string      // what was written to see whether the store takes writes

	waiting time.Time // since when this node waits for others
	// unbounded says that the last wait was one that others bound.
	unbounded bool
	waitFor   string // what it waits for
	polls     int    // observations since then
}

// Decide goes on until the node is decided, and returns the decision with the
// observation that it rests on. first is an observation that was made already, or
// nil. Errors are the store's, or wrap [rule.ErrFenced] or [rule.ErrUndecided].
func (d *Decider) Decide(ctx context.Context, first *rule.Observation) (rule.Decision, rule.Observation, error) {
	if d.Observer.FirstSeen == nil {
		d.Observer.FirstSeen = &FirstSeen{}
	}
	d.swapper = swapper{
		store: d.Observer.Registry.Store, random: d.Random, timeout: d.Timeout,
		failures: d.Timeout, conflicts: max(d.Wait, d.Timeout), report: d.Progress,
	}
	if first != nil {
		d.begin = time.Now()
		d.accept(*first)
		d.listed = time.Time{} // nobody knows how old it is (R5)
	} else if err := d.start(ctx); err != nil {
		return rule.Decision{}, d.seen, err
	}
	defer d.removeWatched(ctx)
	defer d.removeOver(ctx)
	defer d.endProbe()
	for {
		action := rule.Decide(d.input())
		switch {
		case action.Err != nil:
			return rule.Decision{}, d.seen, action.Err
		case action.Decision != nil:
			return d.explained(*action.Decision), d.seen, nil
		}
		if err := d.carryOut(ctx, action); err != nil {
			return rule.Decision{}, d.seen, err
		}
	}
}

// input returns everything that the rule is asked with.
func (d *Decider) input() rule.Input {
	if d.Recover != nil && d.Recover.Since.IsZero() {
		d.Recover.Since = d.seen.Time
	}
	unanswered := map[string]time.Duration{}
	for address, since := range d.silences {
		unanswered[address] = d.begin.Sub(since)
	}
	seen := d.seen
	if len(seen.Expired) == 0 {
		seen.Expired = d.expired // a cluster existed here all the same (R14)
	}
	return rule.Input{
		Self: d.Self, Policy: d.Policy, Seen: seen,
		Evidence: rule.Evidence{
			SilentFor: d.watch.silentFor(d.begin), Answers: d.answers, UnansweredFor: unanswered, Snapshots: d.stored,
		},
		Candidate: d.Candidate, Recover: d.Recover,
		New: rule.NewIDs{ClusterID: d.Random.ID(), Write: d.Random.ID()},
	}
}

// carryOut does what the rule wants next.
func (d *Decider) carryOut(ctx context.Context, action rule.Action) error {
	switch {
	case action.ReadHeartbeats:
		return d.refresh(ctx, d.withHeartbeats)
	case action.Probe != nil:
		d.ask(ctx, action.Probe)
		return nil
	case action.ListSnapshots != "":
		return d.list(ctx, action.ListSnapshots)
	case action.ReadLog:
		return d.readLog(ctx)
	case action.SetAside != "":
		return d.setAside(action.SetAside)
	case action.Swap != nil && d.DryRun:
		d.Progress("dry run: would write the cluster record: %s", action.Why)
		d.seen.Record, d.seen.ETag = action.Swap, "dry-run"
		d.takes(action)
		return nil
	case action.Swap != nil:
		return d.swap(ctx, action)
	}
	return d.wait(ctx, action)
}

// swap writes the record that an action wants (R2). Before that it has the incarnation
// kept (R37) and, before a first creation, probes the store (R40).
func (d *Decider) swap(ctx context.Context, action rule.Action) error {
	if err := d.Keep(); err != nil {
		return err
	}
	heartbeats, write := d.seen.Snapshot, d.write
	if d.seen.Record == nil && !d.able {
		write = d.create
	}
	if written, err := write(ctx, action.Swap); err != nil || !written {
		return err
	}
	d.takes(action)
	if own := d.seen.Record.SlotOf(d.Self.Incarnation); own != nil && !own.DueForRenewal(d.seen.Time, d.Policy.Expiry) {
		// The decision may rest on the heartbeats that the claim has rested on, unless
		// those were of a document so old that the claim must be renewed (R5).
		d.seen = d.seen.WithHeartbeats(heartbeats)
	}
	return nil
}

// write writes a record over what was seen, and reports whether a reading has shown it
// then.
func (d *Decider) write(ctx context.Context, record *rule.Record) (written bool, err error) {
	read := func(ctx context.Context) (rule.Observation, error) {
		err := d.refresh(ctx, d.Observer.Record)
		return d.seen, err
	}
	if _, written, err = d.swapper.swap(ctx, d.seen, record, read); errors.Is(err, registry.ErrConflict) {
		err = fmt.Errorf("%w: %w", rule.ErrUndecided, err)
	}
	return written, err
}

// ask finds out whether anybody answers at some addresses (R10), and since when nobody
// has (R19).
func (d *Decider) ask(ctx context.Context, addresses []string) {
	if d.answers == nil {
		d.answers = map[string]bool{}
	}
	if d.silences == nil {
		d.silences = map[string]time.Time{}
	}
	for _, a := range addresses {
		asked := time.Now()
		d.answers[a] = d.Answers(ctx, a)
		if _, silent := d.silences[a]; d.answers[a] {
			delete(d.silences, a)
		} else if !silent {
			d.silences[a] = asked
		}
	}
}

// wait observes again after a pause, which is short at first and then a tenth of the
// expiry, 10 s at most. All waiting together is bounded (R39).
func (d *Decider) wait(ctx context.Context, action rule.Action) error {
	if d.DryRun {
		return fmt.Errorf("%w: would wait %s", rule.ErrUndecided, action.Wait)
	}
	if d.waiting.IsZero() || d.unbounded && !action.Unbounded {
		d.waiting = time.Now()
	}
	d.unbounded = action.Unbounded
	left := d.Wait - time.Since(d.waiting)
	if action.Unbounded {
		left = d.Policy.Expiry
	}
	if left <= 0 {
		return fmt.Errorf("%w: waited %v %s", rule.ErrUndecided, d.Wait, action.Wait)
	}
	if action.Wait != d.waitFor {
		d.waitFor, d.polls = action.Wait, 0
		d.Progress("waiting %s (%v at most)", action.Wait, left.Round(time.Second))
	}
	if len(action.Watch) > 0 {
		if err := d.probeWrites(ctx); err != nil {
			return err
		}
	}
	d.swapper.reset()
	read, poll := d.Observer.All, Pause(d.polls, d.Policy.Expiry)
	if action.ByRecord {
		read = d.Observer.Record
	}
	if action.ByRecord && !action.Unhurried {
		poll = recordPoll(time.Since(d.waiting))
	}
	if !action.NoLaterThan.IsZero() {
		poll = min(poll, max(action.NoLaterThan.Sub(d.seen.Time), minRecordPoll))
	}
	d.polls++
	if err := sleep(ctx, min(poll, left)); err != nil {
		return err
	}
	if d.Waits != nil {
		if err := d.Waits(); err != nil {
			return err
		}
	}
	return d.refresh(ctx, read)
}
