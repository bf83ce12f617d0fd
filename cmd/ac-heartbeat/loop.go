package main

import (
	"context"
	"errors"
	"math/rand/v2"
	"os/signal"
	"syscall"
	"time"

	"auto-consul/lib/claim"
	"auto-consul/lib/cli"
	"auto-consul/lib/consul"
)

// How often the loop looks while it waits for something that comes soon: for the
// agent to start, and for a leader in a cluster that is being born.
const (
	agentPoll = 500 * time.Millisecond
	birthPoll = time.Second
)

// loop beats until it is told to stop.
func (h *heart) loop(ctx context.Context) error {
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-timer.C:
		}
		pause, err := h.turn(ctx)
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil:
			return failure(err)
		}
		timer.Reset(pause)
	}
}

// turn beats if a beat is due, and says how long to pause. Its error is one that
// makes further beats wrong: this node is fenced, must decide again, or has
// nobody left to tell.
func (h *heart) turn(ctx context.Context) (pause time.Duration, err error) {
	var birth bool
	if time.Now().Before(h.due) {
		if birth, err = h.watchBirth(ctx); err == nil && !birth {
			h.due = time.Now() // the beat that was held
		}
	} else {
		// Early rather than late: at half the expiry a late beat would leave a gap
		// that others take for silence.
		h.due = time.Now().Add(h.ticks - time.Duration(rand.Int64N(int64(h.ticks)/10+1)))
		birth, err = h.beat(ctx)
	}
	pause = time.Until(h.due)
	if !errors.Is(err, consul.ErrNotRunning) {
		h.absent = false
	}
	switch {
	case errors.Is(err, claim.ErrFenced), errors.Is(err, claim.ErrUndecided), errors.Is(err, cli.ErrOutput):
		return 0, err
	case errors.Is(err, consul.ErrNotRunning):
		if !h.absent {
			h.out.Notef("%v; the first beat follows as soon as it does", err)
		}
		h.absent, h.due = true, time.Now()
		pause = min(agentPoll, h.ticks)
	case err != nil:
		h.out.Warnf("%v; next beat in %v", err, pause.Round(time.Second))
	case birth:
		pause = min(pause, birthPoll)
	}
	return max(0, pause), nil
}

// watchBirth looks whether there is a leader now, between two beats: the sooner
// the record says so, the shorter another node may think of bootstrapping.
func (h *heart) watchBirth(ctx context.Context) (birth bool, err error) {
	_, _, hold, err := h.attend(ctx)
	return hold, err
}
