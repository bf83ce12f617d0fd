package claim

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"time"

	"auto-consul/lib/registry"
)

// Decider is the loop around [Decide]: it looks, decides, swaps and looks again.
// It acts on nothing but what a look has shown, never on a write's answer.
type Decider struct {
	Dice
	Reader  Reader
	Self    Self
	Policy  Policy
	Wait    time.Duration // bound on all waiting for other nodes
	Timeout time.Duration // bound on each look and each write; failures are borne as long
	DryRun  bool          // decide as if every write had succeeded, write nothing

	Keep     func() error                                   // called before each write, which the incarnation must outlive
	Answers  func(ctx context.Context, address string) bool // whether anybody answers there
	Progress func(format string, args ...any)               // tells the operator

	look    Look
	begin   time.Time // of the last look, monotonic
	heard   time.Time // begin of the look that the heartbeats are of; zero: too long ago
	traces  []string  // expired heartbeats that were seen, and may be purged since
	watch   watch
	answers map[string]bool
	silence map[string]time.Time // since when nobody answers at an address
	tries   int                  // swaps that were lost
	trying  time.Time            // since when every swap has been
	won     Step                 // the swap of ours that a look has shown
	waiting time.Time            // since when, for other nodes
	said    string               // the last thing waited for
	polls   int                  // looks since then
	failing time.Time            // since when looks have failed
	written string               // what was written to see whether the store takes writes
	able    bool
}

// pace spreads nodes that start at once and find nothing, so that few of them
// try to create the record: over several times what a creation takes, told from
// what a look took. Most draw a long pause and the first a short one.
func pace(look time.Duration) time.Duration {
	return min(max(200*time.Millisecond, 12*look), 2*time.Second)
}

// Decide goes on until there is a verdict, and returns it with the look that it
// rests on. first is a look that was taken already, or nil. Errors of the store
// are returned as they are; the others wrap [ErrFenced] or [ErrUndecided].
func (d *Decider) Decide(ctx context.Context, first *Look) (Verdict, Look, error) {
	if first != nil {
		d.begin = time.Now()
		d.take(*first)
		d.heard = time.Time{} // nobody knows how old it is
	} else if err := d.start(ctx); err != nil {
		return Verdict{}, d.look, err
	}
	defer d.clear(ctx)
	for {
		step := Decide(d.current())
		switch {
		case step.Err != nil:
			return Verdict{}, d.look, step.Err
		case step.Verdict != nil:
			return d.explained(*step.Verdict), d.look, nil
		}
		if err := d.follow(ctx, step); err != nil {
			return Verdict{}, d.look, err
		}
	}
}

func (d *Decider) current() Case {
	unanswered := map[string]time.Duration{}
	for address, since := range d.silence {
		unanswered[address] = d.begin.Sub(since)
	}
	look := d.look
	if len(look.Expired) == 0 {
		look.Expired = d.traces // a cluster lived here all the same
	}
	return Case{
		Self: d.Self, Policy: d.Policy, Look: look,
		Evidence: Evidence{Silent: d.watch.silent(d.begin), Answers: d.answers, Unanswered: unanswered},
		Random:   Random{ClusterID: d.ID(), Write: d.ID()},
	}
}

func (d *Decider) follow(ctx context.Context, step Step) error {
	switch {
	case step.More:
		return d.relook(ctx, d.heartbeats)
	case step.Probe != nil:
		d.ask(ctx, step.Probe)
		return nil
	case step.Swap != nil && d.DryRun:
		d.Progress("dry run: would write the cluster record: %s", step.Why)
		d.look.Record, d.look.ETag, d.won = step.Swap, "dry-run", step
		return nil
	case step.Swap != nil:
		return d.swap(ctx, step)
	}
	return d.wait(ctx, step)
}

// start takes the first look. Where there is nothing yet, and so perhaps many
// others who see the same, it looks again after a pause.
func (d *Decider) start(ctx context.Context) error {
	d.look.RecordOnly = true // no heartbeats have been read
	if err := d.relook(ctx, d.Reader.First); err != nil || d.look.Record != nil || d.Self.Raft || d.DryRun {
		return err
	}
	spread := math.Sqrt(d.Draw())
	if err := sleep(ctx, time.Duration(spread*float64(pace(time.Since(d.begin))))); err != nil {
		return err
	}
	return d.relook(ctx, d.Reader.Record)
}

func (d *Decider) swap(ctx context.Context, step Step) error {
	limited, cancel := context.WithTimeout(ctx, d.Timeout)
	defer cancel()
	if err := d.Keep(); err != nil {
		return err
	}
	if d.look.Record == nil && !d.able {
		if err := Able(limited, d.Reader.Registry.Store, d.ID()); err != nil {
			return err
		}
		d.able = true
	}
	begin, heartbeats := time.Now(), d.look.Snapshot
	failed := d.Reader.Swap(limited, d.look, step.Swap)
	switch {
	case errors.Is(failed, registry.ErrDenied), errors.Is(failed, errEncode):
		return failed
	case errors.Is(failed, fs.ErrNotExist):
		return fmt.Errorf("%w: the cluster record vanished", ErrUndecided)
	case failed != nil && !errors.Is(failed, registry.ErrConflict):
		d.Progress("%v; looking whether it was written", failed)
	}
	if err := d.relook(ctx, d.Reader.Record); err != nil {
		return err
	}
	if d.look.Record != nil && d.look.Record.Write == step.Swap.Write {
		if own := d.look.Record.slot(d.Self.Incarnation); own != nil && d.look.Time.Sub(own.Since) < d.Policy.Expiry/2 {
			// The verdict may rest on the heartbeats that the claim has rested on,
			// unless those were of a document so old that the claim is to be renewed.
			d.look = d.look.with(heartbeats)
		}
		d.won, d.trying = step, time.Time{}
		return nil
	}
	return d.lost(ctx, begin, failed)
}

// lost ends a try to swap that began then: what it wrote was refused or is not
// seen. Failures are borne for as long as the timeout, and other writers for as
// long as there may be waiting.
func (d *Decider) lost(ctx context.Context, begin time.Time, failed error) error {
	if d.trying.IsZero() {
		d.trying = begin
	}
	conflict := failed == nil || errors.Is(failed, registry.ErrConflict)
	switch lasted := time.Since(d.trying); {
	case !conflict && lasted >= d.Timeout:
		return failed
	case lasted >= max(d.Wait, d.Timeout):
		return fmt.Errorf("%w: the cluster record could not be swapped in %v", ErrUndecided, lasted.Round(time.Second))
	}
	d.tries++
	return sleep(ctx, d.pause(d.tries))
}

func (d *Decider) ask(ctx context.Context, addresses []string) {
	if d.answers == nil {
		d.answers = map[string]bool{}
	}
	if d.silence == nil {
		d.silence = map[string]time.Time{}
	}
	for _, a := range addresses {
		asked := time.Now()
		d.answers[a] = d.Answers(ctx, a)
		if _, silent := d.silence[a]; d.answers[a] {
			delete(d.silence, a)
		} else if !silent {
			d.silence[a] = asked
		}
	}
}

// wait looks again, soon at first and then every tenth of the expiry.
func (d *Decider) wait(ctx context.Context, step Step) error {
	if d.DryRun {
		return fmt.Errorf("%w: would wait %s", ErrUndecided, step.Wait)
	}
	if d.waiting.IsZero() {
		d.waiting = time.Now()
	}
	left := d.Wait - time.Since(d.waiting)
	if left <= 0 {
		return fmt.Errorf("%w: waited %v %s", ErrUndecided, d.Wait, step.Wait)
	}
	if step.Wait != d.said {
		d.said, d.polls = step.Wait, 0
		d.Progress("waiting %s (%v at most)", step.Wait, left.Round(time.Second))
	}
	if len(step.Watch) > 0 {
		if err := d.audible(ctx); err != nil {
			return err
		}
	}
	d.trying = time.Time{}
	poll := min(time.Second<<min(d.polls, 6), d.Policy.Expiry/10, 10*time.Second)
	d.polls++
	if err := sleep(ctx, min(poll, left)); err != nil {
		return err
	}
	return d.relook(ctx, d.Reader.All)
}

// explained gives a verdict the reason of the write that made it possible.
func (d *Decider) explained(v Verdict) Verdict {
	if d.won.Why != "" {
		v.Reason, v.Evidence = d.won.Why, d.won.Evidence
	}
	return v
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
