package main

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

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
// know those who came later; a birth waits for both. Nothing waits for the
// answers: who is not there yet is joined at a later look.
func (h *heart) gather(ctx context.Context) {
	go h.joins.all(ctx, h.others)
}

// solitude is how long the agent has been alone.
type solitude struct {
	since time.Time     // zero: it is not
	due   time.Time     // the next attempt
	pause time.Duration // before the one after that
	tried bool          // there was an attempt
}

// rejoin takes note of whether the agent is alone and joins it to others if it
// has been for a while. It returns how long it may wait to be called again; 0 if
// there is nothing to wait for.
//
// Whom the agent has joined may be as lonely as itself, so only its own status
// tells whether that has helped.
func (h *heart) rejoin(ctx context.Context, status consul.Status) time.Duration {
	now := time.Now()
	switch a := &h.alone; {
	case !status.Alone():
		switch {
		case a.tried && status.Server:
			h.out.Notef("the agent has found a leader")
		case a.tried:
			h.out.Notef("the agent has found a server")
		}
		*a = solitude{}
		return 0
	case a.since.IsZero():
		*a = solitude{since: now, due: now.Add(rejoinPause), pause: rejoinPause}
	case !now.Before(a.due):
		a.pause = min(2*a.pause, max(h.ticks, rejoinPause))
		a.due = now.Add(a.pause)
		a.tried = true
		if h.joinOthers(ctx, status) {
			return time.Second // has it helped?
		}
	}
	return max(time.Until(h.alone.due), time.Second)
}

// plight says what an agent that is alone lacks.
func plight(status consul.Status) string {
	switch {
	case status.Members < 2:
		return "the agent is alone"
	case status.Server:
		return "the agent has no leader"
	}
	return "the agent knows no server"
}

// joinOthers joins the agent to the members of now and reports whether it has
// joined any.
func (h *heart) joinOthers(ctx context.Context, status consul.Status) bool {
	plight := plight(status)
	targets, err := h.company(ctx, status)
	if err != nil {
		h.out.Warnf("%s, and the registry does not say whom to join: %v", plight, err)
		return false
	}
	var has []string
	var denied error
	for _, one := range h.joins.all(ctx, targets) {
		switch {
		case one.err == nil:
			has = append(has, one.address)
		case errors.Is(one.err, consul.ErrNoPermission):
			denied = one.err
		}
	}
	slices.Sort(has)
	switch {
	case len(has) > 0:
		h.out.Notef("%s; it has joined %s", plight, strings.Join(has, ", "))
	case denied != nil:
		h.out.Warnf("%s: %v", plight, denied)
	case len(targets) > 0:
		h.out.Warnf("%s, and nobody could be joined at %s", plight, strings.Join(targets, ", "))
	}
	return len(has) > 0
}

// company are the addresses of those whom the agent may join now.
func (h *heart) company(ctx context.Context, status consul.Status) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, h.timeout)
	defer cancel()
	look, err := claim.Reader{Registry: h.registry}.All(ctx)
	mode := wire.Agent
	if status.Server {
		mode = wire.Server
	}
	var self claim.Self
	self.Node, self.Address = h.self(status)
	return claim.Targets(mode, self, look), err
}
