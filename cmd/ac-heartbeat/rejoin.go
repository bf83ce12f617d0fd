package main

import (
	"context"
	"errors"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"auto-consul/lib/claim"
	"auto-consul/lib/consul"
	"auto-consul/lib/wire"
)

// Consul joins nobody again after its first success, and never learns an address
// that it was not started with. An agent that stays alone is joined to the
// members of now, with pauses that grow from the first to the tick.
const rejoinPause = 5 * time.Second

// gather joins a server that has found no cluster yet to the others that hold
// slots. Consul tries those it was started with every two seconds, and does not
// know those who came later; a birth waits for both.
func (h *heart) gather(ctx context.Context) {
	var g errgroup.Group
	for _, address := range h.others {
		g.Go(func() error { return h.agent.Join(ctx, address) })
	}
	_ = g.Wait() // who is not there yet is joined at the next look
}

// solitude is how long the agent has been alone.
type solitude struct {
	since time.Time     // zero: it is not
	due   time.Time     // the next attempt
	pause time.Duration // before the one after that
}

// rejoin takes note of whether the agent is alone and joins it to others if it
// has been for a while. It returns how long it may wait to be called again; 0 if
// there is nothing to wait for.
func (h *heart) rejoin(ctx context.Context, status consul.Status) time.Duration {
	now := time.Now()
	switch a := &h.alone; {
	case !status.Alone():
		if !a.since.IsZero() && a.pause > rejoinPause {
			h.out.Notef("the agent is not alone any more")
		}
		*a = solitude{}
		return 0
	case a.since.IsZero():
		*a = solitude{since: now, due: now.Add(rejoinPause), pause: rejoinPause}
	case !now.Before(a.due):
		a.pause = min(2*a.pause, max(h.ticks, rejoinPause))
		a.due = now.Add(a.pause)
		h.joinOthers(ctx, status)
	}
	return max(time.Until(h.alone.due), time.Second)
}

// joinOthers joins the agent to the first member that can be joined, and to the
// next ones if need be. The members are those of now.
func (h *heart) joinOthers(ctx context.Context, status consul.Status) {
	ctx, cancel := context.WithTimeout(ctx, h.timeout)
	defer cancel()
	look, err := claim.Reader{Registry: h.registry}.All(ctx)
	if err != nil {
		h.out.Warnf("the agent is alone and the registry does not say whom to join: %v", err)
		return
	}
	mode := wire.Agent
	if status.Server {
		mode = wire.Server
	}
	var self claim.Self
	self.Node, self.Address = h.self(status)
	targets := claim.Targets(mode, self, look)
	for _, address := range targets {
		err := h.agent.Join(ctx, address)
		switch {
		case err == nil:
			h.out.Notef("the agent was alone and has joined %s", address)
			return
		case errors.Is(err, consul.ErrNoPermission):
			h.out.Warnf("%v", err)
			return
		}
	}
	if len(targets) > 0 {
		h.out.Warnf("the agent is alone, and nobody could be joined at %s", strings.Join(targets, ", "))
	}
}
