package node

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"auto-consul/lib/rule"
	"auto-consul/lib/wire"
)

// Leave takes the node out of its cluster for good: the agent leaves gracefully, and
// then its heartbeats and its slot are removed, so that a replacement need not wait for
// them to expire (R38). Without force a server does not leave that would take the
// quorum with it.
func (b *Beater) Leave(ctx context.Context, force bool) error {
	status, err := b.Agent.Status(ctx)
	gone := errors.Is(err, ErrNotRunning) && b.Node != ""
	switch {
	case gone:
		b.Out.Notef("%v; removing what is left of %s in the registry", err, b.Node)
	case errors.Is(err, ErrNoAnswer):
		// A beat may treat an agent that hangs like one that is not running. It may still
		// vote, so leaving must not.
		return fmt.Errorf("%v and may still vote; end it first, then leave with -node", err)
	case err != nil:
		return err
	case b.Node != "" && b.Node != status.Node:
		return kind{fmt.Errorf("-node %s, and the agent that would leave is %s", b.Node, status.Node), ErrOtherNode}
	}
	node, _ := b.self(status)
	incarnation, err := b.Disk.Incarnation()
	if err != nil {
		return err
	}
	if incarnation == "" && (gone || status.Server) {
		if err := b.checkSlotIsOurs(ctx, node, gone || force); err != nil {
			return err
		}
	}
	if !gone {
		if err := b.leaveCluster(ctx, status, incarnation, force); err != nil {
			return err
		}
	}
	limited, cancel := context.WithTimeout(ctx, b.Timeout)
	defer cancel()
	removed, err := b.Observer.Registry.Forget(limited, node)
	if err != nil {
		return err
	}
	gave, err := b.Observer.GiveBack(limited, incarnation, node, b.Random)
	if err != nil {
		return err
	}
	return b.Out.Print(wire.Left{Version: wire.Version, Node: node, Removed: append([]string{}, removed...), Slot: gave})
}

// checkSlotIsOurs returns an error if the data directory has no incarnation and the
// record has a slot under this node's name: then -data-dir is the wrong one, and the slot
// would stay. Where the node leaves anyway that is a warning.
func (b *Beater) checkSlotIsOurs(ctx context.Context, node string, anyway bool) error {
	limited, cancel := context.WithTimeout(ctx, b.Timeout)
	defer cancel()
	seen, err := b.Observer.Record(limited)
	switch {
	case anyway && err != nil:
		return nil // the requests that follow fail in the same way
	case err != nil:
		return err
	case seen.Record == nil || !slices.ContainsFunc(seen.Record.Servers, func(s rule.Slot) bool { return s.Node == node }):
		return nil
	}
	err = fmt.Errorf("the slot of %s cannot be given back: -data-dir %s has no incarnation, so it is not the one that the agent was decided with", node, b.Disk)
	if anyway {
		b.Out.Warnf("%v", err)
		return nil
	}
	return fmt.Errorf("%w; -force leaves all the same", err)
}

// leaveCluster makes the agent leave and waits until it has ended.
func (b *Beater) leaveCluster(ctx context.Context, status Status, incarnation string, force bool) error {
	if status.Server && !force {
		if err := b.checkNoOtherLeaves(ctx, incarnation); err != nil {
			return err
		}
		if err := b.checkQuorum(ctx, status.Node); err != nil {
			return err
		}
	}
	limited, cancel := context.WithTimeout(ctx, b.Timeout)
	defer cancel()
	return b.endAgent(limited)
}

// checkNoOtherLeaves returns an error while another server is marked as one that steps down.
// Each of two that leave at once sees the other live, so together they could take the quorum
// with them (R38).
func (b *Beater) checkNoOtherLeaves(ctx context.Context, incarnation string) error {
	limited, cancel := context.WithTimeout(ctx, b.Timeout)
	defer cancel()
	seen, err := b.Observer.Record(limited)
	switch {
	case err != nil:
		return fmt.Errorf("%w; -force leaves without asking", err)
	case seen.Record == nil:
		return nil
	}
	mark, left := seen.Record.OtherLeaves(incarnation, seen.Time, b.Expiry)
	if mark == nil {
		return nil
	}
	return fmt.Errorf("%w: %s steps down, and two at once could take the quorum with them: try again when it has, in %v at most; -force leaves all the same",
		rule.ErrUndecided, mark.Node, left.Round(time.Second))
}

// endAgent makes the agent leave and waits until it has ended, or the context has.
func (b *Beater) endAgent(ctx context.Context) error {
	// The answer may be lost as the agent ends. What counts is that it ends.
	left := b.Agent.Leave(ctx)
	if errors.Is(left, ErrNoPermission) {
		return left
	}
	return b.awaitEnd(ctx, left)
}

// awaitEnd waits until the agent, which was told to end, has ended, or the context has.
// left is what went wrong when it was told.
func (b *Beater) awaitEnd(ctx context.Context, left error) error {
	begin := time.Now()
	for {
		_, err := b.Agent.Status(ctx)
		switch {
		case errors.Is(err, ErrNotRunning):
			return nil
		case !sleep(ctx, agentPause):
			return errors.Join(fmt.Errorf("the agent has not ended in %v", time.Since(begin).Round(time.Second)), left)
		}
	}
}

// leaveFenced lets the agent of a fenced server leave the cluster of its leader. If it were
// stopped as a voter, it would count there until it is found to be dead (R57).
func (b *Beater) leaveFenced(ctx context.Context, o observation, why error) {
	if !o.order.Leave {
		return
	}
	b.Out.Warnf("%v; its agent has a leader, and leaves that cluster first", why)
	limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), max(b.Timeout, leaveBound))
	defer cancel()
	if err := b.endAgent(limited); err != nil {
		b.Out.Warnf("%v", err)
	}
}

// checkQuorum returns an error if the other servers would have no quorum without a node
// (R38).
func (b *Beater) checkQuorum(ctx context.Context, node string) error {
	leaderless := fmt.Errorf("there is no leader, and so no quorum that %s could keep; -force leaves all the same", node)
	// This is asked first: without a leader there is no answer as to who votes.
	switch leader, err := b.Agent.Leader(ctx); {
	case err != nil:
		return fmt.Errorf("%w; -force leaves without asking", err)
	case leader == "":
		return leaderless
	}
	peers, err := b.livePeers(ctx)
	if err != nil {
		if leader, lost := b.Agent.Leader(ctx); lost == nil && leader == "" {
			return leaderless
		}
		return fmt.Errorf("%w; -force leaves without asking", err)
	}
	if !keepsQuorum(peers, node) {
		return fmt.Errorf("%s would take the quorum with it: no more than half of the other voters are alive; -force leaves all the same", node)
	}
	return nil
}

// livePeers returns the raft configuration, and which of its servers are alive.
func (b *Beater) livePeers(ctx context.Context) ([]Peer, error) {
	peers, err := b.Agent.Peers(ctx)
	if err == nil {
		err = b.Agent.FillAlive(ctx, peers)
	}
	return peers, err
}

// keepsQuorum reports whether more than half of the voters that are left are alive
// once a node has left.
func keepsQuorum(peers []Peer, leaving string) bool {
	voters, alive := 0, 0
	for _, p := range peers {
		if p.Voter && p.Node != leaving {
			voters++
			if p.Alive {
				alive++
			}
		}
	}
	return alive*2 > voters
}
