package node

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"auto-consul/lib/claim"
	"auto-consul/lib/registry"
	"auto-consul/lib/rule"
	"auto-consul/lib/storetest"
)

const (
	testExpiry = 2 * time.Minute
	testTicks  = time.Minute
)

// beating is a node s1 of cluster c1 in a bubble of virtual time: its agent, its data
// directory and its output in memory, and its registry in process.
type beating struct {
	*Beater
	t   *testing.T
	srv *storetest.Server

	mu         sync.Mutex
	status     Status
	absent     error // what the agent answers instead
	joinable   []string
	blackholes []string
	hangs      []string
	denied     bool // the agent lets nobody join
	joined     []string
	membership rule.Membership
	said       []string
}

// led is a server with a leader.
func led() Status {
	return Status{Node: "s1", Address: "192.0.2.1", Server: true, Members: 3, Leader: "192.0.2.2:8300", LogIndex: 7}
}

// blank is a server that has found no cluster.
func blank() Status { return Status{Node: "s1", Address: "192.0.2.1", Server: true, Members: 1} }

// lifetime runs a test of a beating node.
func lifetime(t *testing.T, status Status, test func(t *testing.T, b *beating)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		b := &beating{t: t, srv: storetest.New(t), status: status, membership: rule.Membership{ClusterID: "c1", Term: 1, Desired: 3, Birth: rule.First}}
		b.srv.SetClock(time.Now)
		b.srv.CreateBucket(t, "b")
		b.Beater = &Beater{
			Agent: b, Disk: b, Out: b, Random: claim.Random{ID: claim.NewID, Draw: func() float64 { return 0 }},
			Observer: claim.Observer{Registry: &registry.Registry{Store: b.srv.Open(t, "b", "r"), Expiry: testExpiry}},
			Expiry:   testExpiry, Ticks: testTicks, Timeout: 10 * time.Second,
		}
		test(t, b)
	})
}

// record stores a record of cluster c1 with slots of s1 and s2 that were claimed now.
func (b *beating) record(state rule.State, change func(*rule.Record)) {
	b.t.Helper()
	slot := func(n int) rule.Slot {
		return rule.Slot{Incarnation: fmt.Sprintf("i%d", n), Node: fmt.Sprintf("s%d", n), Address: fmt.Sprintf("192.0.2.%d", n), Since: time.Now().UTC()}
	}
	rec := rule.Record{
		Version: 1, Seq: 1, Write: claim.NewID(), ClusterID: "c1", State: state, Birth: rule.First, Desired: 3,
		Bootstrap: rule.Bootstrap{Incarnation: "i2", Node: "s2", Address: "192.0.2.2", Term: 1, Since: time.Now().UTC()},
		Servers:   []rule.Slot{slot(2), slot(1)},
	}
	if change != nil {
		change(&rec)
	}
	body, err := rec.Encode()
	if err == nil {
		err = b.Observer.Registry.Store.Put(b.t.Context(), rule.RecordKey, body)
	}
	if err != nil {
		b.t.Fatal(err)
	}
	b.srv.Forget()
}

// run lets the loop go on for so long and returns how it has ended, nil if it has not.
func (b *beating) run(d time.Duration) error {
	ctx, cancel := context.WithTimeout(b.t.Context(), d)
	defer cancel()
	err := b.Run(ctx)
	synctest.Wait()
	return err
}

// says wants the lines that were said since it was asked last, each a part of one.
func (b *beating) says(parts ...string) {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	same := len(b.said) == len(parts)
	for i := range min(len(b.said), len(parts)) {
		same = same && strings.Contains(b.said[i], parts[i])
	}
	if !same {
		b.t.Errorf("got said\n%s\nwant\n%s", strings.Join(b.said, "\n"), strings.Join(parts, "\n"))
	}
	b.said = nil
}

// set changes the agent.
func (b *beating) set(change func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	change()
}

// sent counts the requests of an operation for keys that begin so.
func (b *beating) sent(op, begin string) int {
	return b.srv.Count(func(q storetest.Request) bool { return q.Op == op && strings.HasPrefix(q.Key, "r/"+begin) })
}

func (b *beating) wantSent(op, begin string, want int) {
	b.t.Helper()
	if got := b.sent(op, begin); got != want {
		b.t.Errorf("got %d requests to %s %s…, want %d", got, op, begin, want)
	}
}

// The agent.

func (b *beating) Status(context.Context) (Status, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.status, b.absent
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

func (b *beating) Leader(context.Context) (string, error) { return b.status.Leader, nil }

func (b *beating) Peers(context.Context) ([]Peer, error) {
	return []Peer{{Node: "s1", Voter: true}, {Node: "s2", Voter: true}, {Node: "s3", Voter: true}}, nil
}

func (b *beating) FillAlive(_ context.Context, peers []Peer) error {
	for i := range peers {
		peers[i].Alive = true
	}
	return nil
}

func (b *beating) Leave(context.Context) error {
	b.set(func() { b.absent = ErrNotRunning })
	return nil
}

// The data directory.

func (b *beating) Mode() (registry.Mode, error)         { return registry.Server, nil }
func (b *beating) KeepMode(registry.Mode) error         { return nil }
func (b *beating) Incarnation() (string, error)         { return "i1", nil }
func (b *beating) KeepIncarnation(string) error         { return nil }
func (b *beating) Membership() (rule.Membership, error) { return b.membership, nil }
func (b *beating) HasRaft() (bool, error)               { return false, nil }
func (b *beating) String() string                       { return "memory" }

func (b *beating) KeepMembership(m rule.Membership) error {
	b.membership = m
	return nil
}

// The output.

func (b *beating) Print(any) error { return nil }

func (b *beating) Notef(format string, args ...any) {
	b.set(func() { b.said = append(b.said, fmt.Sprintf(format, args...)) })
}

func (b *beating) Warnf(format string, args ...any) { b.Notef("warning: "+format, args...) }
