package node

import (
	"context"
	"fmt"
	"io"
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

	mu sync.Mutex
	testAgent
	testDisk
	joined  []string // addresses that the agent was told to join
	left    int      // how often the agent was told to leave
	taken   int      // how often it was asked for a snapshot
	printed []any
	broken  error // the output takes no document
	said    []string
	drawn   float64 // what each random number is
}

// testAgent is how the agent answers.
type testAgent struct {
	status     Status
	absent     error // the answer to what it is, instead of the status
	mute       bool  // it answers nothing
	joinable   []string
	blackholes []string
	hangs      []string
	denied     bool                    // nobody may make it join or leave
	stays      bool                    // it leaves and does not end
	resigns    func(name string) error // what happens as it is to end without leaving; nil: not supported
	leaders    []string                // what it says of the leader, one after the other; empty: what the status says
	dead       bool                    // the other voters are
	peersErr   error                   // it does not say who votes
	ownBehind  bool                    // as it knows itself, s2 does not vote
	take       func(context.Context, io.Writer) (uint64, error)
	staleNodes []StaleNode
	staleErr   error // it does not say which nodes are stale
	looks      int   // how often it was asked for them
}

// testDisk is what the data directory holds.
type testDisk struct {
	incarnation string
	membership  rule.Membership
	full        error         // nothing more can be kept
	known       []string      // addresses of servers, as they are kept
	keptKnown   int           // how often they were
	aside       int           // how often its raft data was put aside
	mode        registry.Mode // what was kept last
	scratch     func() (Scratch, error)
	failed      []rule.FailedRestore
	placed      []string // what else was done to it
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
		b := &beating{
			t: t, srv: storetest.New(t), testAgent: testAgent{status: status},
			testDisk: testDisk{incarnation: "i1", membership: rule.Membership{ClusterID: "c1", Term: 1, Desired: 3, Birth: rule.First}},
		}
		b.srv.SetClock(time.Now)
		b.srv.CreateBucket(t, "b")
		b.Beater = &Beater{
			Agent: b, Disk: b, Out: b, Random: claim.Random{ID: claim.NewID, Draw: b.draw},
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

// runs lets the loop go on for so long, which must not end it.
func (b *beating) runs(d time.Duration) {
	b.t.Helper()
	if err := b.run(d); err != nil {
		b.t.Fatal(err)
	}
}

// starts lets the loop go on until the test ends, which must not end it.
func (b *beating) starts() {
	ctx, cancel := context.WithCancel(b.t.Context())
	ended := make(chan error, 1)
	go func() { ended <- b.Run(ctx) }()
	b.t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			b.t.Error(err)
		}
	})
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

func (b *beating) draw() float64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.drawn
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
