package node_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"auto-consul/lib/claim"
	"auto-consul/lib/node"
	"auto-consul/lib/registry"
	"auto-consul/lib/rule"
	"auto-consul/lib/storetest"
)

// recoverRig is the registry of four servers, of which the last two are gone, in virtual
// time.
type recoverRig struct {
	*registry.Registry
	t   *testing.T
	srv *storetest.Server
}

// rigTime runs a test with such a registry.
func rigTime(t *testing.T, test func(t *testing.T, r *recoverRig)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		srv := storetest.New(t)
		srv.SetClock(time.Now)
		srv.CreateBucket(t, "b")
		r := &recoverRig{&registry.Registry{Store: srv.Open(t, "b", "r"), Expiry: 2 * time.Minute}, t, srv}
		rec := birthOf(4)
		rec.State, rec.Servers = rule.Established, nil
		for n := range 4 {
			rec.Servers = append(rec.Servers, rule.Slot{
				Incarnation: fmt.Sprintf("i%d", n), Node: fmt.Sprintf("s%d", n), Address: fmt.Sprintf("192.0.2.%d", n), Since: time.Now().UTC(),
			})
		}
		body, err := rec.Encode()
		if err == nil {
			err = r.Store.Put(t.Context(), rule.RecordKey, body)
		}
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		test(t, r)
	})
}

// fakeAgent is an agent that knows a leader, or none, and says nothing else.
type fakeAgent struct {
	node.Agent
	leader string
}

func (a fakeAgent) Leader(context.Context) (string, error) { return a.leader, nil }
func (a fakeAgent) Status(context.Context) (node.Status, error) {
	return node.Status{}, node.ErrNotRunning
}

// lines is an output that keeps what it is told.
type lines struct {
	mu   sync.Mutex
	text string
}

func (l *lines) Print(any) error { return nil }
func (l *lines) Notef(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text += fmt.Sprintf(format, args...) + "\n"
}
func (l *lines) Warnf(format string, args ...any) { l.Notef("warning: "+format, args...) }

// server returns the command on server n, whose log ends with an entry and whose agent ends
// after a while.
func (r *recoverRig) server(n int, index uint64, agent time.Duration, gone ...string) (node.Recoverer, *lines) {
	out, begun := &lines{}, time.Now()
	log := rule.Log{ID: fmt.Sprintf("v%d", n), Term: 2, Index: index}
	for i := range 4 {
		log.Voters = append(log.Voters, rule.Voter{ID: fmt.Sprintf("v%d", i), Address: fmt.Sprintf("192.0.2.%d", i)})
	}
	return node.Recoverer{
		Observer: claim.Observer{Registry: r.Registry}, Out: out, Agent: fakeAgent{},
		Disk:   &memoryDisk{raft: true, incarnation: fmt.Sprintf("i%d", n), membership: rule.Membership{ClusterID: "c1", Term: 1}},
		Random: claim.NewRandom(), Answers: func(_ context.Context, address string) bool { return address == "192.0.2.1" },
		ReadLog: func() (rule.Log, bool, error) { return log, time.Since(begun) >= agent, nil },
		Node:    fmt.Sprintf("s%d", n), Address: fmt.Sprintf("192.0.2.%d", n), Gone: gone,
		Policy: rule.Policy{Desired: 4, Expiry: 2 * time.Minute}, Wait: 10 * time.Minute, Timeout: 10 * time.Second,
	}, out
}

func (r *recoverRig) record() *rule.Record {
	r.t.Helper()
	seen, err := claim.Observer{Registry: r.Registry}.Record(r.t.Context())
	if err != nil {
		r.t.Fatal(err)
	}
	return seen.Record
}

// Recover is typed on the server with the older log first. The newer one goes ahead, an
// expiry after its log is known, and both commands say so (R56, R57).
func TestRecoverNewestLog(t *testing.T) {
	t.Parallel()
	rigTime(t, func(t *testing.T, r *recoverRig) {
		older, _ := r.server(0, 40, 30*time.Second, "s2", "s3")
		newer, _ := r.server(1, 41, 30*time.Second, "s2", "s3")
		begun, winners := time.Now(), make(chan string, 2)
		typed := func(c node.Recoverer) {
			d, _, err := c.Recover(t.Context())
			if err != nil {
				t.Error(err)
			}
			winners <- d.Winner
		}
		go typed(older)
		time.Sleep(time.Minute)
		go typed(newer)
		for range 2 {
			if got := <-winners; got != "s1" {
				t.Errorf("got winner %q, want s1", got)
			}
		}
		if took := time.Since(begun).Round(10 * time.Second); took < 3*time.Minute || took > 4*time.Minute {
			t.Errorf("took %v, want an expiry after the second one's log", took)
		}
		rec := r.record()
		if rec.Bootstrap.Term != 2 || rec.Bootstrap.Node != "s1" || len(rec.Servers) != 1 || len(rec.Survivors) != 0 || len(rec.Recovery.TookPart) != 2 {
			t.Errorf("got %+v", rec)
		}
	})
}

// A node that decides waits for as long as its entry counts, however short its own wait is,
// and then for the outcome (R39, R56).
func TestPrepareWaitsForRecovery(t *testing.T) {
	t.Parallel()
	rigTime(t, func(t *testing.T, r *recoverRig) {
		c, out := r.server(0, 40, 0, "s2", "s3")
		c.Answers = func(context.Context, string) bool { return true } // s1 lives, and nobody types there
		c.Gone = nil
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Minute)
		defer cancel()
		c.Wait = time.Hour
		ended := make(chan error, 1)
		go func() {
			_, _, err := c.Recover(ctx)
			ended <- err
		}()
		time.Sleep(time.Second)
		p := node.Preparer{
			Observer: c.Observer, Disk: c.Disk, Out: out, Random: c.Random, Answers: c.Answers, Node: "s0", Address: "192.0.2.0",
			Policy: c.Policy, Claims: true, Wait: time.Minute, Timeout: 10 * time.Second, MayServe: func() error { return nil },
		}
		begun := time.Now()
		decided, err := p.Prepare(t.Context(), nil)
		if took := time.Since(begun).Round(time.Minute); err != nil || decided.Mode != registry.Server || took < 20*time.Minute || took > 22*time.Minute {
			t.Errorf("got %s after %v, %v; want a server when the recovery is given up", decided.Mode, took, err)
		}
		<-ended
	})
}

// One who is refused, or told to stop, leaves no entry (R56).
func TestRecoverRefused(t *testing.T) {
	t.Parallel()
	rigTime(t, func(t *testing.T, r *recoverRig) {
		c, _ := r.server(0, 40, 0, "s2", "s3")
		c.Agent = fakeAgent{leader: "192.0.2.2:8300"}
		if _, _, err := c.Recover(t.Context()); !errors.Is(err, rule.ErrRefused) {
			t.Errorf("a leader: got %v", err)
		}
		c, _ = r.server(0, 40, 0, "s2", "s3")
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if _, _, err := c.Recover(ctx); err == nil {
			t.Error("s1 answers and takes no part: want it waited for")
		}
		if rec := r.record(); len(rec.Survivors) != 0 || rec.Bootstrap.Term != 1 {
			t.Errorf("got %+v", rec)
		}
		c, _ = r.server(0, 40, 0, "s2", "s3")
		c.Wait = time.Minute
		if _, _, err := c.Recover(t.Context()); !errors.Is(err, rule.ErrUndecided) {
			t.Errorf("after -wait: got %v", err)
		}
		blank := c
		blank.Disk = &memoryDisk{}
		if _, _, err := blank.Recover(t.Context()); !errors.Is(err, rule.ErrRefused) {
			t.Errorf("a blank directory: got %v", err)
		}
	})
}

// A dry run says what would be done, and does nothing (R56).
func TestRecoverPreview(t *testing.T) {
	t.Parallel()
	rigTime(t, func(t *testing.T, r *recoverRig) {
		before := r.record().Write
		c, out := r.server(0, 40, 0)
		if err := c.Preview(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{
			"the log of s0 ends with entry 40 of term 2", "that of s0", "recover must be typed on s1",
			"-gone s2 -gone s3", "1 of 4 voters take part",
		} {
			if !strings.Contains(out.text, want) {
				t.Errorf("got\n%swant %q", out.text, want)
			}
		}
		c, out = r.server(0, 40, time.Hour)
		if err := c.Preview(t.Context()); err != nil || !strings.Contains(out.text, "who votes is not known") {
			t.Errorf("an agent runs that does not answer: got %v\n%s", err, out.text)
		}
		c.Agent = fakeAgent{leader: "192.0.2.2:8300"}
		if err := c.Preview(t.Context()); !errors.Is(err, rule.ErrRefused) {
			t.Errorf("a leader: got %v", err)
		}
		if got := r.record().Write; got != before {
			t.Error("the record was written")
		}
	})
}
