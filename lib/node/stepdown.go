package node

import (
	"context"
	"errors"
	"fmt"
	"time"

	"auto-consul/lib/registry"
	"auto-consul/lib/rule"
)

// leaveBound is how long a server may take to leave its cluster and to end. Consul needs
// 9 s, and more where it is told to drain for longer.
const leaveBound = time.Minute

// stepsDown makes a client of a server that is one too many, or that has taken a place
// and does not come to vote (R50, R51). Its error wraps [rule.ErrUndecided] when that is
// done: the agent has ended, and the node is to be decided again.
//
// Whoever stops this program meanwhile does not stop that: a server that has left its
// cluster must not come back with its raft data.
func (b *Beater) stepsDown(ctx context.Context, o observation) error {
	if time.Now().Before(b.leaveAfter) {
		return nil
	}
	hasSlot, whyNot, err := b.mayLeave(ctx, o)
	switch {
	case err == nil && whyNot == "":
		return b.leaveAsServer(context.WithoutCancel(ctx), o, hasSlot)
	case err != nil:
		whyNot = err.Error()
	}
	if whyNot != b.toldWhyNot {
		b.toldWhyNot = whyNot
		b.Out.Notef("this server is to step down, for %s, and does not yet: %s", o.order.StepDown, whyNot)
	}
	if !hasSlot {
		b.replaces(ctx, o.Status)
	}
	return nil
}

// replaces lets a server without a slot take that of a server which is proved dead (R48):
// as long as that holds a slot, the cluster spares nobody.
func (b *Beater) replaces(ctx context.Context, status Status) {
	before := b.candidacy
	var look bool
	b.candidacy, look = before.next(time.Now(), true, b.Expiry, 1, 0)
	if !look {
		return
	}
	decision, err := b.candidate(ctx, status)
	switch {
	case err != nil && !b.toldReplace: // of two listings that fail, any may be named
		b.toldReplace = true
		b.Out.Warnf("whether a dead server's slot can be taken: %v", err)
	case err == nil && decision.HasSlot:
		b.Out.Notef("this server has taken a slot: %s", decision.Reason)
		b.candidacy, b.toldReplace = candidacy{}, false
	}
}

// noVoteFor returns for how long a server has had a leader and no vote.
func (b *Beater) noVoteFor(status Status) time.Duration {
	switch {
	case !status.Server || status.Leader == "" || status.Voter:
		b.noVote = time.Time{}
		return 0
	case b.noVote.IsZero():
		b.noVote = time.Now()
	}
	return time.Since(b.noVote)
}

// mayLeave says in words why a server does not step down now; empty if it may. One without
// a slot is marked in the record first, so that nothing else changes meanwhile.
func (b *Beater) mayLeave(ctx context.Context, o observation) (hasSlot bool, whyNot string, err error) {
	r, err := b.running(o.Status)
	if err != nil {
		return false, "", err
	}
	limited, cancel := context.WithTimeout(ctx, b.Timeout)
	defer cancel()
	voters, err := b.voters(limited)
	if o.seen.Record.SlotOf(r.Self.Incarnation) != nil {
		if _, votes := voters[o.Node]; votes {
			return true, "it votes, as the raft configuration says", nil
		}
		return true, "", nil // nothing hangs on it, also where nobody says who votes
	}
	if err != nil {
		return false, "", err
	}
	if whyNot = rule.WhyNotLeave(*o.seen.Record, o.Node, voters); whyNot != "" {
		return false, whyNot, nil
	}
	seen, marked, err := b.Observer.MarkLeaving(limited, r, b.Random)
	if err != nil || !marked {
		return false, "another change came first", err
	}
	if voters, err = b.voters(limited); err != nil {
		return false, "", err
	}
	return false, rule.WhyNotLeave(*seen.Record, o.Node, voters), nil // as it is now
}

// voters returns the names of the servers that vote, and whether each lives. Where the
// token may not ask the leader, the agent's own view is good enough: it has a leader, and
// the others change one at a time (R49, R50).
func (b *Beater) voters(ctx context.Context) (map[string]bool, error) {
	peers, err := b.livePeers(ctx)
	if errors.Is(err, ErrNoPermission) {
		if peers, err = b.Agent.OwnPeers(ctx); err == nil {
			err = b.Agent.FillAlive(ctx, peers)
		}
	}
	voters := map[string]bool{}
	for _, p := range peers {
		if p.Voter {
			voters[p.Node] = p.Alive
		}
	}
	return voters, err
}

// leaveAsServer ends the agent as a server, puts its raft data aside and keeps that the
// node is a client. Then its heartbeats and its slot or mark are removed; what
// cannot be removed expires. Once the agent was told to leave, the node is decided again
// whatever fails, for otherwise it would stay down.
func (b *Beater) leaveAsServer(ctx context.Context, o observation, hasSlot bool) error {
	b.Out.Notef("this server steps down: %s", o.order.StepDown)
	if err := b.endServer(ctx, o.Node); errors.Is(err, ErrNoPermission) {
		b.leaveAfter = time.Now().Add(10 * b.Expiry)
		if !hasSlot { // a mark would keep all others from changing
			err = errors.Join(err, b.unmark(ctx, o))
		}
		b.Out.Warnf("this server does not step down: %v", err)
		return nil
	} else if err != nil {
		b.Out.Warnf("%v", err)
		return fmt.Errorf("%w: this server was to step down, and has not ended", rule.ErrUndecided)
	}
	if err := b.keepClient(o, hasSlot); err != nil {
		b.Out.Warnf("this server has left, and could not become a client: %v", err)
	}
	if err := b.unmark(ctx, o); err != nil {
		b.Out.Warnf("%v; what is left of this server in the record expires", err)
	}
	limited, cancel := context.WithTimeout(ctx, b.Timeout/2)
	defer cancel()
	node, _ := b.self(o.Status)
	if _, err := b.Observer.Registry.Forget(limited, node); err != nil {
		b.Out.Warnf("%v; its heartbeats expire", err)
	}
	return fmt.Errorf("%w: this server has stepped down: %s", rule.ErrUndecided, o.order.StepDown)
}

// endServer ends the agent and waits until it has ended. It ends without leaving where it
// can, for sessions end with a member that leaves.
func (b *Beater) endServer(ctx context.Context, name string) error {
	limited, cancel := context.WithTimeout(ctx, max(b.Timeout, leaveBound))
	defer cancel()
	resigning, stop := context.WithTimeout(limited, b.Timeout)
	defer stop()
	err := b.Agent.Resign(resigning, name)
	if err == nil {
		return b.awaitEnd(limited, nil)
	}
	if !errors.Is(err, errors.ErrUnsupported) {
		b.Out.Notef("this server leaves, and its agent's sessions end: %v", err)
	}
	return b.endAgent(limited)
}

// keepClient puts the raft data of a server that has left aside and keeps mode agent.
func (b *Beater) keepClient(o observation, hasSlot bool) error {
	m, err := b.Disk.Membership()
	if err != nil {
		return err
	}
	if hasSlot {
		m = m.GivesBack(o.seen.Time, b.Expiry)
	}
	if err := b.Disk.SetRaftAside(); err != nil {
		return err
	}
	if err := b.Disk.KeepMembership(m); err != nil {
		return err
	}
	return b.Disk.KeepMode(registry.Client)
}

// unmark takes a server's mark out of the record, and its slot if it has left.
func (b *Beater) unmark(ctx context.Context, o observation) error {
	incarnation, err := b.Disk.Incarnation()
	if err != nil {
		return err
	}
	limited, cancel := context.WithTimeout(ctx, b.Timeout/2)
	defer cancel()
	_, err = b.Observer.GiveBack(limited, incarnation, o.Node, b.Random)
	return err
}
