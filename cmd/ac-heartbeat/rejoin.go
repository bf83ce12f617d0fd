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
	to    []string      // whom the last attempt joined it to
}

// rejoin takes note of whether the agent is alone and joins it to others if it
// has been for a while. It returns how long it may wait to be called again; 0 if
// there is nothing to wait for.
//
// Whom the agent was joined to may be as lonely as itself, so only its own status
// tells whether that has helped.
func (h *heart) rejoin(ctx context.Context, status consul.Status) time.Duration {
	now := time.Now()
	switch a := &h.alone; {
	case !status.Alone():
		if a.tried {
			h.out.Notef("the agent has found a %s%s", sought(status), joinedTo(a.to))
		}
		*a = solitude{}
		return 0
	case a.since.IsZero():
		*a = solitude{since: now, due: now.Add(rejoinPause), pause: rejoinPause}
	case !now.Before(a.due):
		if len(a.to) > 0 {
			h.out.Warnf("the agent has found no %s yet%s", sought(status), joinedTo(a.to))
		}
		a.pause = min(2*a.pause, max(h.ticks, rejoinPause))
		a.due = now.Add(a.pause)
		a.tried, a.to = true, h.joinOthers(ctx, status)
		if len(a.to) > 0 {
			return time.Second // has it helped?
		}
	}
	return max(time.Until(h.alone.due), time.Second)
}

// sought is what an agent that is alone has not found.
func sought(status consul.Status) string {
	if status.Server {
		return "leader"
	}
	return "server"
}

func joinedTo(addresses []string) string {
	if len(addresses) == 0 {
		return ""
	}
	return ": it was joined to " + strings.Join(addresses, ", ")
}

// joinOthers joins the agent to the members of now and returns to whom.
func (h *heart) joinOthers(ctx context.Context, status consul.Status) (to []string) {
	targets, err := h.company(ctx, status)
	if err != nil {
		h.out.Warnf("the agent is alone and the registry does not say whom to join: %v", err)
		return nil
	}
	var denied error
	for _, one := range h.joins.all(ctx, targets) {
		switch {
		case one.err == nil:
			to = append(to, one.address)
		case errors.Is(one.err, consul.ErrNoPermission):
			denied = one.err
		}
	}
	slices.Sort(to)
	switch {
	case denied != nil:
		h.out.Warnf("the agent is alone: %v", denied)
	case len(to) == 0 && len(targets) > 0:
		h.out.Warnf("the agent is alone, and nobody could be joined at %s", strings.Join(targets, ", "))
	}
	return to
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
