package node

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"auto-consul/lib/registry"
	"auto-consul/lib/rule"
)

// The agent.

func (b *beating) Status(ctx context.Context) (Status, error) {
	b.mu.Lock()
	status, absent, mute := b.status, b.absent, b.mute
	b.mu.Unlock()
	if mute {
		<-ctx.Done()
		return Status{}, ctx.Err()
	}
	return status, absent
}

func (b *beating) Join(ctx context.Context, address string) error {
	b.mu.Lock()
	b.joined = append(b.joined, address)
	hangs, denied, refused := slices.Contains(b.hangs, address), b.denied, !slices.Contains(b.joinable, address)
	b.mu.Unlock()
	switch {
	case hangs:
		<-ctx.Done()
		return ctx.Err()
	case denied:
		return fmt.Errorf("join %s: %w", address, ErrNoPermission)
	case refused:
		return errors.New("connection refused")
	}
	return nil
}

func (b *beating) Blackholed(_ context.Context, address string) bool {
	return slices.Contains(b.blackholes, address)
}

func (b *beating) Leader(context.Context) (string, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.leaders) == 0 {
		return b.status.Leader, nil
	}
	leader := b.leaders[0]
	b.leaders = b.leaders[1:]
	return leader, nil
}

// Peers says of a server without raft data that it does not vote yet.
func (b *beating) Peers(context.Context) ([]Peer, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return []Peer{{Node: "s1", Voter: b.status.LogIndex > 0}, {Node: "s2", Voter: true}, {Node: "s3", Voter: true}}, b.peersErr
}

// OwnPeers are the same, whoever may ask the leader.
func (b *beating) OwnPeers(context.Context) ([]Peer, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return []Peer{{Node: "s1", Voter: true}, {Node: "s2", Voter: !b.ownBehind}, {Node: "s3", Voter: true}}, nil
}

func (b *beating) FillAlive(_ context.Context, peers []Peer) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i := range peers {
		peers[i].Alive = !b.dead || peers[i].Node == b.status.Node
	}
	return nil
}

// Servers are the peers that are alive.
func (b *beating) Servers(ctx context.Context) (names []string, err error) {
	peers := []Peer{{Node: "s1"}, {Node: "s2"}, {Node: "s3"}}
	err = b.FillAlive(ctx, peers)
	for _, p := range peers {
		if p.Alive {
			names = append(names, p.Node)
		}
	}
	return names, err
}

// Resign does what the test says, and is not supported unless it says anything.
func (b *beating) Resign(_ context.Context, name string) error {
	if b.resigns == nil {
		return errors.ErrUnsupported
	}
	return b.resigns(name)
}

// StaleNodes are those that the test has put into the catalog.
func (b *beating) StaleNodes(context.Context) ([]StaleNode, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.looks++
	if b.staleErr != nil {
		return nil, b.staleErr
	}
	return slices.Clone(b.staleNodes), nil
}

// Deregister takes one out.
func (b *beating) Deregister(_ context.Context, n StaleNode) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.denied {
		return fmt.Errorf("deregister node %s: %w", n.Name, ErrNoPermission)
	}
	b.staleNodes = slices.DeleteFunc(b.staleNodes, func(s StaleNode) bool { return s == n })
	return nil
}

// Leave ends the agent, and its answer is lost with it.
func (b *beating) Leave(context.Context) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.left++
	switch {
	case b.denied:
		return fmt.Errorf("leave: %w", ErrNoPermission)
	case !b.stays:
		b.absent = ErrNotRunning
	}
	return errors.New("leave: EOF")
}

// Snapshot writes what the test wants.
func (b *beating) Snapshot(ctx context.Context, to io.Writer) (uint64, error) {
	b.mu.Lock()
	take := b.take
	b.mu.Unlock()
	return take(ctx, to)
}

// The data directory.

func (b *beating) Mode() (registry.Mode, error)         { return registry.Server, nil }
func (b *beating) KeepMode(m registry.Mode) error       { b.mode = m; return nil }
func (b *beating) Incarnation() (string, error)         { return b.incarnation, nil }
func (b *beating) KeepIncarnation(string) error         { return nil }
func (b *beating) Membership() (rule.Membership, error) { return b.membership, nil }
func (b *beating) SetRaftAside() error                  { b.aside++; return nil }
func (b *beating) Scratch() (Scratch, error)            { return b.scratch() }
func (b *beating) HasRaft() (bool, error)               { return false, nil }
func (b *beating) Addresses() ([]string, error)         { return b.known, nil }
func (b *beating) Offline() (bool, error)               { return false, nil }
func (b *beating) KeepOffline(bool) error               { return nil }
func (b *beating) String() string                       { return "memory" }

func (b *beating) KeepAddresses(addresses []string) error {
	b.known = addresses
	b.keptKnown++
	return nil
}

func (b *beating) FailedRestores() ([]rule.FailedRestore, error) { return b.failed, nil }

func (b *beating) KeepFailedRestores(list []rule.FailedRestore) error { b.failed = list; return nil }

func (b *beating) KeepMembership(m rule.Membership) error {
	if b.full == nil {
		b.membership = m
	}
	return b.full
}

// The output.

func (b *beating) Print(document any) error {
	b.set(func() { b.printed = append(b.printed, document) })
	return b.broken
}

func (b *beating) Notef(format string, args ...any) {
	b.set(func() { b.said = append(b.said, fmt.Sprintf(format, args...)) })
}

func (b *beating) Warnf(format string, args ...any) { b.Notef("warning: "+format, args...) }
