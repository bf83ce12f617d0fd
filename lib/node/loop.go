package node

import (
	"context"
	"errors"
	"time"

	"auto-consul/lib/claim"
)

// Run beats until the context ends, at once or as soon as the agent runs and then at
// every tick, and joins an agent that stays alone to the members of now. Its error
// is one that makes further beats wrong: this node is fenced, must decide again, or
// has nobody left to tell.
func (b *Beater) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // nothing goes on beside a loop that has ended
	if b.Observer.FirstSeen == nil {
		b.Observer.FirstSeen = &claim.FirstSeen{}
	}
	for {
		pause, err := b.turn(ctx)
		switch {
		case isFinal(err):
			return err // also of a server that has stepped down, whose end ends this loop
		case ctx.Err() != nil:
			return nil
		case err != nil:
			return err
		}
		if !b.rest(ctx, pause) {
			return nil
		}
	}
}

// rest reports whether the time passed before the context ended. Meanwhile it tells what
// came of a snapshot.
func (b *Beater) rest(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return false
		case <-timer.C:
			return true
		case r := <-b.snapshots.taken:
			b.snapshotTaken(r)
		}
	}
}

// turn asks the agent, beats if a beat is due and is not left out, or looks whether
// something has come that is waited for, and returns how long to pause.
func (b *Beater) turn(ctx context.Context) (pause time.Duration, err error) {
	t := turn{began: time.Now(), draw: b.Random.Draw()}
	t.beat = b.schedule.beatDue(t.began)
	step := b.ask
	if t.beat {
		step = b.tick
	}
	var o observation
	status, err := b.Agent.Status(ctx)
	if err == nil {
		o, err = step(ctx, status)
	}
	switch {
	case ctx.Err() != nil:
		return 0, ctx.Err() // it was told to stop, so nothing that failed is news
	case isFinal(err):
		b.leaveFenced(ctx, o, err)
		return 0, err
	case errors.Is(err, ErrNotRunning) || errors.Is(err, ErrNoAnswer):
		t.result = absent
	case err != nil:
		t.result = failed
	}
	t.server, t.withheld = o.Server, o.order.Withhold
	again := time.Duration(0)
	if t.result == absent {
		b.isolation, b.sampling, b.candidacy = isolation{}, sampling{}, candidacy{}
	} else if err == nil {
		if t.beat {
			b.keepSnapshots(ctx, o)
		}
		again = b.rejoin(ctx, o.Status) // which may take seconds
		if names := b.freeNames(ctx, o); names > 0 && (again == 0 || names < again) {
			again = names
		}
		if err := b.changesRole(ctx, o); err != nil {
			return 0, err
		}
	}
	var tell bool
	b.schedule, pause, tell = b.schedule.next(time.Now(), t, timing{b.Ticks, b.Expiry})
	if again > 0 {
		pause = min(pause, again)
	}
	pause = b.sooner(pause, t.result, o.Status)
	switch {
	case t.result == absent && tell:
		b.Out.Notef("%v; the first beat follows as soon as it does", err)
	case tell:
		next := "beat"
		if b.schedule.due.After(time.Now().Add(pause)) {
			next = "look"
		}
		b.Out.Warnf("%v; next %s in %v", err, next, pause.Round(time.Second))
	case err == nil && o.order.Withhold:
		b.joinHolders(ctx, o.others)
	}
	return pause, nil
}

// sooner returns the pause, or a shorter one: a client that may become a server asks its
// agent often, and a server without a leader reads the record often.
func (b *Beater) sooner(pause time.Duration, came result, status Status) time.Duration {
	switch {
	case came != succeeded:
	case b.Eligible && !status.Server:
		return min(pause, b.candidacy.untilAsk(time.Now()))
	case status.Server && status.Alone():
		return min(pause, leaderlessPause)
	}
	return pause
}

// changesRole lets a client take a place, or a server step down, where that is to be. Its
// error wraps [rule.ErrUndecided].
func (b *Beater) changesRole(ctx context.Context, o observation) error {
	if o.order.StepDown != "" {
		return b.stepsDown(ctx, o)
	}
	return b.standsBy(ctx, o.Status, b.Random.Draw())
}

// sleep reports whether the time passed before the context ended.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
