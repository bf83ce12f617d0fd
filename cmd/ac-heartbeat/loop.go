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
// agent to start, for a leader in a cluster that is being born, and, where a server
// could not beat for so long that it may have been given up, for the record to say
// whether it was.
const (
	agentPoll  = 250 * time.Millisecond
	birthPoll  = 250 * time.Millisecond
	silentPoll = 2 * time.Second
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

// turn beats if a beat is due, or looks whether something has come that is
// waited for, and says how long to pause. Its error is one that makes further
// beats wrong: this node is fenced, must decide again, or has nobody left to
// tell.
func (h *heart) turn(ctx context.Context) (pause time.Duration, err error) {
	var status consul.Status
	var hold bool
	beat := !time.Now().Before(h.due)
	if !beat {
		status, _, hold, err = h.attend(ctx)
		if err == nil && !hold && (!h.held.IsZero() || status.Server && h.silent()) {
			h.due = time.Now() // the beat that was held, or could not be written
		}
	} else {
		// Early rather than late: at half the expiry a late beat would leave a gap
		// that others take for silence.
		h.due = time.Now().Add(h.ticks - time.Duration(rand.Int64N(int64(h.ticks)/10+1)))
		status, hold, err = h.beat(ctx)
	}
	if final(err) {
		return 0, err
	}
	if errors.Is(err, consul.ErrNotRunning) || errors.Is(err, consul.ErrSilent) {
		if !h.absent {
			h.out.Notef("%v; the first beat follows as soon as it does", err)
		}
		h.absent, h.due, h.held, h.alone = true, time.Now(), time.Time{}, solitude{}
		return min(agentPoll, h.ticks), nil
	}
	h.absent = false
	if err != nil {
		return h.trouble(err, beat), nil
	}
	h.troubled = false
	wait := h.rejoin(ctx, status) // which may take seconds
	pause = min(time.Until(h.due), h.holding(hold))
	if wait > 0 {
		pause = min(pause, wait)
	}
	if hold {
		h.gather(ctx)
	}
	return max(0, pause), nil
}

// final errors end the loop.
func final(err error) bool {
	return errors.Is(err, claim.ErrFenced) || errors.Is(err, claim.ErrUndecided) || errors.Is(err, cli.ErrOutput)
}

// trouble reports a beat or a look that failed, and says how long to pause. Of
// several looks that fail one after another only the first is reported.
func (h *heart) trouble(err error, beat bool) time.Duration {
	pause, next := max(0, time.Until(h.due)), "beat"
	if look := h.lookPause(); look < pause {
		pause, next = look, "look"
	}
	if beat || !h.troubled {
		h.out.Warnf("%v; next %s in %v", err, next, pause.Round(time.Second))
	}
	h.troubled = true
	return pause
}

// lookPause is when to look at the record again, should that not be left to the
// next beat.
func (h *heart) lookPause() time.Duration {
	switch {
	case !h.held.IsZero():
		return h.heldPause()
	case h.silent():
		return silentPoll
	}
	return h.ticks
}

// silent: it has been an expiry since this server's last beat. Another cluster may
// have been started in its place, whose servers must not meet this one's data.
func (h *heart) silent() bool { return !h.beaten.IsZero() && time.Since(h.beaten) >= h.expiry }

// holding is when to look again whether a server's beats are still to be held.
func (h *heart) holding(hold bool) time.Duration {
	switch {
	case !hold:
		h.held = time.Time{}
		return h.ticks
	case h.held.IsZero():
		h.held = time.Now()
	}
	return h.heldPause()
}

// heldPause is soon at first, for the sooner the record says that there is a
// leader, the shorter another node may think of bootstrapping.
func (h *heart) heldPause() time.Duration {
	return max(birthPoll, time.Since(h.held)/10)
}
