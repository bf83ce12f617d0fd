package node

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"auto-consul/lib/registry"
	"auto-consul/lib/rule"
	"auto-consul/lib/storetest"
)

// A server of three dies, and no client of many can vote in its place: each that takes it
// runs as a server, is heard of and is not let in. In a night a few of them try, with longer
// and longer pauses, and not one after the other (R51).
func TestFleetThatCannotVote(t *testing.T) {
	const (
		clients = 60
		night   = 8 * time.Hour
	)
	synctest.Test(t, func(t *testing.T) {
		srv := storetest.New(t)
		srv.SetClock(time.Now)
		srv.CreateBucket(t, "b")
		ctx, cancel := context.WithTimeout(t.Context(), night)
		defer cancel()
		f := &fleet{}
		first := newClient(t, srv, 0, clients)
		first.record(rule.Established, func(r *rule.Record) {
			r.Servers = append(r.Servers, rule.Slot{Incarnation: "i3", Node: "s3", Address: "192.0.2.3", Since: r.Servers[0].Since})
		})
		go beatAs(ctx, first.Observer.Registry, "s1", "s2")
		f.all = append(f.all, first)
		for n := 1; n < clients; n++ {
			f.all = append(f.all, newClient(t, srv, n, clients))
		}
		var loops sync.WaitGroup
		for _, b := range f.all {
			loops.Go(func() { f.lives(ctx, b) })
		}
		loops.Wait()
		t.Logf("in %v clients have tried at %v", night, f.tried)
		if len(f.tried) < 5 || len(f.tried) > 25 { // without the longer pauses there are 54
			t.Errorf("clients were started again as servers %d times, want 5 to 25", len(f.tried))
		}
	})
}

// fleet is clients of which none comes to vote.
type fleet struct {
	mu    sync.Mutex
	all   []*beating
	tried []time.Duration // when clients were started again as servers
}

// lives runs a client until the context ends: as a server each time that it has claimed a
// place, and as a client again each time that it has given the place back.
func (f *fleet) lives(ctx context.Context, b *beating) {
	begin := time.Now()
	for ctx.Err() == nil {
		err := b.Run(ctx)
		if err != nil && !errors.Is(err, rule.ErrUndecided) {
			b.t.Errorf("%s: %v", b.status.Node, err)
		}
		if err == nil || !sleep(ctx, 5*time.Second) { // it starts again
			return
		}
		server := b.mode != registry.Client
		b.set(func() {
			b.absent, b.mode = nil, ""
			b.status.Server, b.status.Leader = server, "192.0.2.2:8300"
		})
		b.Beater = &Beater{
			Agent: b.Agent, Disk: b, Out: b, Random: b.Random, Observer: b.Observer, Expiry: b.Expiry, Ticks: b.Ticks,
			Timeout: b.Timeout, Sample: b.Sample, Eligible: true, MayServe: b.MayServe, Answers: b.Answers,
		}
		f.mu.Lock()
		known := 2
		if server {
			known++
			f.tried = append(f.tried, time.Since(begin).Round(time.Minute))
		}
		for _, other := range f.all {
			other.set(func() { other.status.KnownServers = known })
		}
		f.mu.Unlock()
	}
}
