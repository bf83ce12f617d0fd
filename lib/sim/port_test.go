package sim

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"auto-consul/lib/node"
)

// life is one life of a machine, from a start to its end, as package node sees it:
// its agent, its data directory and its output. Nothing of it answers while the
// machine is paused, and nothing it asked for happens when the life is over.
type life struct {
	n   *machine
	ctx context.Context
}

// hold keeps a paused machine from going on. What was asked for is not done any more
// if its time is up by then.
func (l life) hold(ctx context.Context) error {
	for {
		l.n.w.mu.Lock()
		left := time.Until(l.n.pausedUntil)
		l.n.w.mu.Unlock()
		if l.ctx.Err() != nil {
			return l.ctx.Err()
		}
		if left <= 0 {
			return ctx.Err()
		}
		if !sleep(l.ctx, left) {
			return l.ctx.Err()
		}
	}
}

// ask does something with w.mu held, unless the machine is paused or the life over.
func (l life) ask(ctx context.Context, do func() error) error {
	if err := l.hold(ctx); err != nil {
		return err
	}
	var err error
	l.n.w.do(func() {
		if err = l.ctx.Err(); err == nil {
			err = do()
		}
	})
	return err
}

// Status returns what the agent says of itself.
func (l life) Status(ctx context.Context) (s node.Status, err error) {
	err = l.ask(ctx, func() error {
		n, w := l.n, l.n.w
		if !n.gossips() {
			return node.ErrNotRunning
		}
		w.settle()
		pool := w.pool(n)
		led := w.lead(pool)
		s = node.Status{Node: n.name, Address: n.address, Server: n.agent.server, Members: len(pool)}
		switch {
		case !s.Server:
			for _, m := range pool {
				if m.agent.server {
					s.KnownServers++
				}
			}
			// Clients that may become servers ask more often than at their ticks.
			n.sampled = w.sample > 0 && !w.eligible && s.KnownServers > 0 && s.Members-s.KnownServers > w.sample
			if n.sampled {
				w.count("ticks of clients of a sample")
			}
			return nil
		case slices.Contains(led, n.disk.raft):
			s.Leader = "the leader"
		}
		if n.disk.raft != nil {
			s.LogIndex = 1
			// In the model all servers of a lineage have one raft configuration.
			_, s.Voter = n.disk.raft.voters[n.disk.id]
			s.Leads = n.leads()
		}
		return nil
	})
	return s, err
}

// errRefused is the error of a join of an address at which nobody listens.
var errRefused = errors.New("connection refused")

// Join takes a moment that depends on the address, so that joins which were asked for
// together do not happen together.
func (l life) Join(ctx context.Context, address string) error {
	w := l.n.w
	if !sleep(ctx, span(mix(w.seed, uint64(l.n.id), uint64(time.Since(w.start)), name("join", address)), time.Millisecond, 50*time.Millisecond)) {
		return ctx.Err()
	}
	return l.ask(ctx, func() error {
		switch {
		case !l.n.gossips():
			return node.ErrNotRunning
		case !l.n.answers(address):
			return errRefused
		}
		l.n.agent.knows |= w.reach([]string{address})
		w.settle()
		return nil
	})
}

// Blackholed reports whether an address is that of a machine beyond a split.
func (l life) Blackholed(ctx context.Context, address string) (is bool) {
	err := l.ask(ctx, func() error {
		is = slices.ContainsFunc(l.n.w.machines, func(m *machine) bool { return m.address == address && m.group != l.n.group })
		return nil
	})
	if is {
		sleep(ctx, time.Second) // it takes that long to see
	}
	return is && err == nil
}

// Leader names the raft leader of the agent's cluster.
func (l life) Leader(ctx context.Context) (string, error) {
	s, err := l.Status(ctx)
	if err != nil || s.Server {
		return s.Leader, err
	}
	err = l.ask(ctx, func() error {
		if l.n.gossips() && len(l.n.w.lead(l.n.w.pool(l.n))) > 0 {
			s.Leader = "the leader"
		}
		return nil
	})
	return s.Leader, err
}

// Peers are the voters of the agent's cluster, by the number of their disk.
func (l life) Peers(ctx context.Context) (peers []node.Peer, err error) {
	err = l.ask(ctx, func() error {
		if !l.n.gossips() || l.n.disk.raft == nil {
			return node.ErrNoAnswer
		}
		for disk := range l.n.disk.raft.voters {
			peers = append(peers, node.Peer{Node: l.n.w.nameOf(disk), Voter: true})
		}
		slices.SortFunc(peers, func(a, b node.Peer) int { return strings.Compare(a.Node, b.Node) })
		return nil
	})
	return peers, err
}

// OwnPeers are the same: no change of the voters is a moment old there.
func (l life) OwnPeers(ctx context.Context) ([]node.Peer, error) { return l.Peers(ctx) }

// FillAlive finds out which of them the agent hears of.
func (l life) FillAlive(ctx context.Context, peers []node.Peer) error {
	return l.ask(ctx, func() error {
		if !l.n.gossips() {
			return node.ErrNotRunning
		}
		pool := l.n.w.pool(l.n)
		for i := range peers {
			peers[i].Alive = slices.ContainsFunc(pool, func(m *machine) bool { return m.name == peers[i].Node && m.agent.server })
		}
		return nil
	})
}

// Servers are those of the agent's pool, which it counts in its status, too.
func (l life) Servers(ctx context.Context) (names []string, err error) {
	err = l.ask(ctx, func() error {
		if !l.n.gossips() {
			return node.ErrNotRunning
		}
		for _, m := range l.n.w.pool(l.n) {
			if m.agent.server {
				names = append(names, m.name)
			}
		}
		slices.Sort(names)
		return nil
	})
	return names, err
}

// Resign does in this model what Leave does, for it has no sessions.
func (l life) Resign(ctx context.Context, _ string) error { return l.Leave(ctx) }

// StaleNodes are none: the model has no catalog.
func (l life) StaleNodes(context.Context) ([]node.StaleNode, error) { return nil, nil }

// Deregister has nothing to do.
func (l life) Deregister(context.Context, node.StaleNode) error { return nil }

// Leave ends the agent; its cluster counts it no longer.
func (l life) Leave(ctx context.Context) error {
	return l.ask(ctx, func() error {
		n := l.n
		if !n.gossips() {
			return node.ErrNotRunning
		}
		if raft := n.disk.raft; n.agent.server && raft != nil && slices.Contains(n.w.lead(n.w.pool(n)), raft) {
			delete(raft.voters, n.disk.id)
		}
		n.stop()
		return nil
	})
}
