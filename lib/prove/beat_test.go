package prove

import (
	"context"
	"errors"
	"time"

	"auto-consul/lib/claim"
	"auto-consul/lib/registry"
)

// beatOn is what ac-heartbeat does beside a running agent, until the agent must
// stop.
func (n *node) beatOn(ctx context.Context) error {
	due := time.Now()
	for ctx.Err() == nil {
		st := n.status()
		if !st.runs {
			sleep(ctx, n.span(400*time.Millisecond, 600*time.Millisecond))
			if err := n.hold(ctx); err != nil {
				return err
			}
			continue
		}
		beat := !time.Now().Before(due)
		if beat {
			due = time.Now().Add(n.w.ticks - n.span(0, n.w.ticks/10))
		}
		birth, err := n.beat(ctx, st, beat)
		pause := time.Until(due)
		switch {
		case errors.Is(err, claim.ErrFenced), errors.Is(err, claim.ErrUndecided):
			return err
		case err != nil && !n.beaten.IsZero() && time.Since(n.beaten) >= n.policy.Expiry:
			pause = min(pause, n.span(1900*time.Millisecond, 2100*time.Millisecond))
		case err != nil:
		case birth:
			pause = min(pause, n.span(900*time.Millisecond, 1100*time.Millisecond))
		case !beat:
			due, pause = time.Now(), 0 // the beat that was held
		case st.alone:
			n.rejoin(ctx)
		}
		sleep(ctx, max(pause, time.Millisecond))
	}
	return ctx.Err()
}

// beat looks at the record as a running node must, and beats if a beat is due.
// birth reports that a server's own was held.
func (n *node) beat(ctx context.Context, st status, due bool) (birth bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, n.w.timeout)
	defer cancel()
	look, hold, err := n.attend(ctx, st)
	if err != nil || !due {
		return hold, err
	}
	roles := []registry.Role{registry.Agents}
	if st.server && !hold {
		roles = append(roles, registry.Servers)
	}
	keys, err := n.registry.Beat(ctx, n.name, n.address, look.Time, roles...)
	if err == nil {
		if len(roles) > 1 {
			n.last, n.beaten = look.Time, time.Now()
		}
		n.tidy(ctx, keys, look.Time)
	}
	return hold, err
}

func (n *node) attend(ctx context.Context, st status) (claim.Look, bool, error) {
	if n.gem || n.w.plain || n.w.unattended {
		look, err := n.reader.Record(ctx)
		return look, false, err
	}
	a := claim.Attendance{Called: n.name, Expiry: n.policy.Expiry, Agent: !st.server, Leader: st.leader, LastBeat: n.last, Named: n.named}
	if !n.held.IsZero() {
		a.Held = time.Since(n.held)
	}
	n.w.do(func() {
		a.Raft = n.disk.raft != nil
		a.Self = claim.Self{Node: n.name, Address: n.address, Kept: n.disk.kept, Incarnation: n.disk.incarnation}
	})
	look, hold, wrote, err := n.reader.Attend(ctx, a, n.dice.claims())
	for _, why := range wrote {
		n.w.do(func() { n.w.note("%s writes: %s", n.name, why) })
	}
	if err != nil {
		return look, hold, err
	}
	n.named = look.Names(a.Self.Kept)
	switch {
	case !hold:
		n.held = time.Time{}
	case n.held.IsZero():
		n.held = time.Now()
	}
	return look, hold, nil
}

// tidy removes own heartbeats that have expired.
func (n *node) tidy(ctx context.Context, keys []string, now time.Time) {
	live := keys
	var expired []string
	for _, key := range n.written {
		if h, err := registry.ParseKey(key); err == nil && !h.Live(now, n.policy.Expiry) {
			expired = append(expired, key)
		} else {
			live = append(live, key)
		}
	}
	if _, err := n.registry.Purge(ctx, expired); err != nil {
		live = append(live, expired...)
	}
	n.written = live
}

// rejoin gives an agent that is alone the members of now.
func (n *node) rejoin(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, n.w.timeout)
	defer cancel()
	look, err := n.reader.Heartbeats(ctx)
	if err != nil {
		return
	}
	var addresses []string
	for _, m := range look.Joinable(registry.Servers) {
		addresses = append(addresses, m.Address)
	}
	n.w.do(func() {
		if n.agent != nil {
			n.agent.knows |= n.w.reach(addresses)
			n.w.settle()
		}
	})
}
