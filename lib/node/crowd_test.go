package node

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
	"auto-consul/lib/registry"
	"auto-consul/lib/rule"
	"auto-consul/lib/storetest"
)

// A server of three dies, and a thousand clients notice. One of them takes its place, the
// others go on, and the store is asked little for it (R48).
func TestThousandClientsFillOnePlace(t *testing.T) {
	claimed, requests, restarts := fillOnePlace(t, "")
	t.Attr("requests", fmt.Sprint(requests)) // for scripts/bench
	t.Attr("restarts", fmt.Sprint(restarts))
	if claimed > testExpiry/4 {
		t.Errorf("got the place claimed %v after the first look, want it soon", claimed)
	}
}

// Where all of them are of a zone that has a server, each leaves the place to others for a
// while, and asks the store for nothing more because of that (R52).
func TestThousandClientsOfOneZone(t *testing.T) {
	claimed, _, _ := fillOnePlace(t, "a")
	if claimed < testExpiry/4 {
		t.Errorf("got the place claimed %v after the first look, want it left to others for %v", claimed, testExpiry/4)
	}
}

// fillOnePlace lets a thousand clients of a zone, of which s1 is, notice that a server of
// three has died. It returns how long after the first look a client had claimed the place,
// how many requests it took until that was seen, and how many clients were started again.
func fillOnePlace(t *testing.T, zone string) (claimed time.Duration, requests, restarted int) {
	t.Helper()
	const (
		clients  = 1000
		restarts = 10 * time.Second // from the claim until the gossip shows the new server
	)
	synctest.Test(t, func(t *testing.T) {
		srv := storetest.New(t)
		srv.SetClock(time.Now)
		srv.CreateBucket(t, "b")
		ctx, cancel := context.WithCancel(t.Context())
		first := newClient(t, srv, 0, clients)
		first.record(rule.Established, func(r *rule.Record) {
			r.Servers = append(r.Servers, rule.Slot{Incarnation: "i3", Node: "s3", Address: "192.0.2.3", Since: r.Servers[0].Since})
			r.SlotOf("i1").Zone = zone
		})
		go beatAs(ctx, first.Observer.Registry, "s1", "s2")

		all := []*beating{first}
		for n := 1; n < clients; n++ {
			all = append(all, newClient(t, srv, n, clients))
		}
		winners := make(chan int, clients)
		var loops sync.WaitGroup
		for n, b := range all {
			b.Zone = zone
			loops.Go(func() {
				if err := b.Run(ctx); errors.Is(err, rule.ErrUndecided) {
					winners <- n
				} else if err != nil {
					t.Errorf("client %d ends: %v", n, err)
				}
			})
		}
		time.Sleep(2*testExpiry - time.Second) // the first look may come a second later
		srv.Forget()
		began := time.Now()
		<-winners
		claimed = time.Since(began)
		time.Sleep(restarts)
		for _, b := range all {
			b.set(func() { b.status.KnownServers = 3 })
		}
		beats := srv.Count(func(q storetest.Request) bool { return q.Op == "put" && !strings.HasSuffix(q.Key, rule.RecordKey) })
		requests = len(srv.Requests()) - 2*beats // of which one reads the record
		t.Logf("claimed after %v, filled with %d requests beside %d beats", claimed.Round(time.Millisecond), requests, beats)
		if requests > 50 || requests < 5 {
			t.Errorf("got %d requests until the place was filled, want 50 at most", requests)
		}
		time.Sleep(10 * testExpiry)
		cancel()
		loops.Wait()
		restarted = 1 + len(winners)
		if len(winners) > 0 {
			t.Errorf("got %d more clients that became servers, want none", len(winners))
		}
		if seen, err := first.Observer.Record(t.Context()); err != nil || len(seen.Record.Servers) != 3 || seen.Record.SlotOf("i3") != nil {
			t.Errorf("got %+v, %v, want a client in the place of s3", seen.Record, err)
		}
	})
	return claimed, requests, restarted
}

// newClient returns a client of many whose gossip knows two servers, s1 and s2.
func newClient(t *testing.T, srv *storetest.Server, n, clients int) *beating {
	t.Helper()
	name, address := fmt.Sprintf("c%d", n), fmt.Sprintf("198.51.%d.%d", n/250, n%250+1)
	b := &beating{t: t, srv: srv}
	b.status = Status{Node: name, Address: address, Members: clients + 2, KnownServers: 2}
	b.incarnation, b.membership = "inc-"+name, rule.Membership{ClusterID: "c1", Term: 1, Desired: 3, Birth: rule.First, Open: true}
	b.Beater = &Beater{
		Agent: clientAgent{b}, Disk: b, Out: b, Random: claim.NewRandom(),
		Observer: claim.Observer{Registry: &registry.Registry{Store: srv.Open(t, "b", "r"), Expiry: testExpiry}},
		Expiry:   testExpiry, Ticks: testTicks, Timeout: 10 * time.Second, Sample: 1, Eligible: true,
		MayServe: func(context.Context) error { return nil },
		Answers:  func(context.Context, string) bool { return false },
	}
	return b
}

// clientAgent is an agent that knows a leader and two servers.
type clientAgent struct{ *beating }

func (clientAgent) Leader(context.Context) (string, error) { return "192.0.2.2:8300", nil }

func (clientAgent) Servers(context.Context) ([]string, error) { return []string{"s1", "s2"}, nil }

// beatAs writes the heartbeats of servers until the context ends.
func beatAs(ctx context.Context, r *registry.Registry, nodes ...string) {
	for {
		for n, node := range nodes {
			_, _ = r.Beat(ctx, node, fmt.Sprintf("192.0.2.%d", n+1), time.Now(), registry.Agents, registry.Servers)
		}
		if !sleep(ctx, testTicks) {
			return
		}
	}
}
