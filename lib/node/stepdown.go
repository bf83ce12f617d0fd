package node

import (
	"context"
	"errors"
	"fmt"
	"time"

	"auto-consul/lib/registry"
	"auto-consul/lib/rule"
)

// stepsDown makes a client of a server that is one too many, or that has taken a place
// and does not come to vote (R50, R51). Its error wraps [rule.ErrUndecided] when that is
// done: the agent has ended, and the node is to be decided again.
//
// Whoever stops this program meanwhile does not stop that: a server that has left its
// cluster must not come back with its raft data.
func (b *Beater) stepsDown(ctx context.Context, l look) error {
	if time.Now().Before(b.leaveAfter) {
		return nil
	}
	whyNot, err := b.mayLeave(ctx, l)
	if err == nil && whyNot == "" {
		err = b.leaveAsServer(context.WithoutCancel(ctx), l)
		if err == nil {
			return fmt.Errorf("%w: this server has stepped down: %s", rule.ErrUndecided, l.order.StepDown)
		}
	}
	if err != nil {
		whyNot = err.Error()
	}
	if whyNot != b.toldWhyNot {
		b.toldWhyNot = whyNot
		b.Out.Notef("this server is to step down, for %s, and does not yet: %s", l.order.StepDown, whyNot)
	}
	return nil
}

// mayLeave says in words why a server does not step down now; empty if it may. One without
// a slot is marked in the record first, so that nothing else changes meanwhile.
func (b *Beater) mayLeave(ctx context.Context, l look) (whyNot string, err error) {
	r, err := b.running(l.Status)
	if err != nil || l.seen.Record.SlotOf(r.Self.Incarnation) != nil {
		return "", err // it has no vote, so nothing hangs on it
	}
	limited, cancel := context.WithTimeout(ctx, b.Timeout)
	defer cancel()
	if whyNot, err = b.whyNotLeave(limited, l); err != nil || whyNot != "" {
		return whyNot, err
	}
	marked, err := b.Observer.MarkLeaving(limited, r, b.Random)
	if err != nil || !marked {
		return "another change came first", err
	}
	return b.whyNotLeave(limited, l) // as it is now
}

// whyNotLeave asks who votes and lives.
func (b *Beater) whyNotLeave(ctx context.Context, l look) (string, error) {
	peers, err := b.Agent.Peers(ctx)
	if err == nil {
		err = b.Agent.FillAlive(ctx, peers)
	}
	voters := map[string]bool{}
	for _, p := range peers {
		if p.Voter {
			voters[p.Node] = p.Alive
		}
	}
	return rule.WhyNotLeave(*l.seen.Record, l.Node, voters), err
}

// leaveAsServer lets the agent leave, which ends it, puts its raft data aside and keeps
// that the node is a client. Then its heartbeats and its slot or mark are removed; what
// cannot be removed expires.
func (b *Beater) leaveAsServer(ctx context.Context, l look) error {
	b.Out.Notef("this server steps down: %s", l.order.StepDown)
	incarnation, err := b.Disk.Incarnation()
	if err != nil {
		return err
	}
	hasSlot := l.seen.Record.SlotOf(incarnation) != nil
	if err := b.leaveCluster(ctx, l.Status, true); err != nil {
		b.leaveAfter = time.Now().Add(10 * b.Expiry)
		if hasSlot {
			return err
		}
		return errors.Join(err, b.unmark(ctx, l, incarnation)) // a mark would keep all others from changing
	}
	m, err := b.Disk.Membership()
	if err != nil {
		return err
	}
	if hasSlot {
		m = m.GivesBack(l.seen.Time, b.Expiry)
	}
	for _, step := range []func() error{
		b.Disk.SetRaftAside,
		func() error { return b.Disk.KeepMembership(m) },
		func() error { return b.Disk.KeepMode(registry.Client) },
	} {
		if err := step(); err != nil {
			return err
		}
	}
	if err := b.unmark(ctx, l, incarnation); err != nil {
		b.Out.Warnf("%v; what is left of this server in the record expires", err)
	}
	limited, cancel := context.WithTimeout(ctx, b.Timeout/2)
	defer cancel()
	node, _ := b.self(l.Status)
	if _, err := b.Observer.Registry.Forget(limited, node); err != nil {
		b.Out.Warnf("%v; its heartbeats expire", err)
	}
	return nil
}

// unmark takes a server's mark out of the record, and its slot if it has left.
func (b *Beater) unmark(ctx context.Context, l look, incarnation string) error {
	limited, cancel := context.WithTimeout(ctx, b.Timeout/2)
	defer cancel()
	_, err := b.Observer.GiveBack(limited, incarnation, l.Node, b.Random)
	return err
}
