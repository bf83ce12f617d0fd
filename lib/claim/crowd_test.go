package claim_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"auto-consul/lib/claim"
	"auto-consul/lib/registry"
	"auto-consul/lib/rule"
	"auto-consul/lib/s3store"
	"auto-consul/lib/storetest"
)

// counted counts one node's requests, and the writes to the record among them.
type counted struct {
	*storetest.Server
	all, swaps atomic.Int64
}

func (c *counted) Do(q *http.Request) (*http.Response, error) {
	c.all.Add(1)
	if q.Method == http.MethodPut && strings.HasSuffix(q.URL.Path, "/"+rule.RecordKey) {
		c.swaps.Add(1)
	}
	return c.Server.Do(q)
}

// outcome is what became of many nodes.
type outcome struct {
	mu                           sync.Mutex
	bootstraps, servers, clients int
	clusters                     map[string]int
	requests, maxRequests, swaps int64
}

func (o *outcome) add(d rule.Decision, seen rule.Observation, c *counted) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if d.Bootstrap {
		o.bootstraps++
	}
	if d.Mode == registry.Server {
		o.servers++
	} else {
		o.clients++
	}
	if seen.Record != nil {
		o.clusters[seen.Record.ClusterID]++
	}
	o.requests += c.all.Load()
	o.maxRequests, o.swaps = max(o.maxRequests, c.all.Load()), max(o.swaps, c.swaps.Load())
}

// start lets many nodes decide at one moment.
func start(t *testing.T, r *rig, decide func(n int, observer claim.Observer) (rule.Decision, rule.Observation, error)) *outcome {
	t.Helper()
	o := &outcome{clusters: map[string]int{}}
	gate := make(chan struct{})
	var wg sync.WaitGroup
	for n := range crowd {
		c := &counted{Server: r.srv}
		observer := claim.Observer{Registry: &registry.Registry{Store: r.srv.Open(t, "b", "r", s3store.WithHTTPClient(c)), Expiry: expiry}}
		wg.Go(func() {
			<-gate
			d, seen, err := decide(n, observer)
			if err != nil {
				t.Errorf("node %d: %v", n, err)
				return
			}
			o.add(d, seen, c)
		})
	}
	close(gate)
	wg.Wait()
	return o
}

// Any number of nodes that start at one moment, with one command line, agree on one
// bootstrap (R1) and on as many servers as are desired (R8, R18), and ask the store for
// little (R17, R39).
func TestCrowd(t *testing.T) {
	for _, latency := range []time.Duration{0, 20 * time.Millisecond} {
		for _, desired := range []int{1, 3, 5} {
			t.Run(fmt.Sprintf("%d desired, latency %v", desired, latency), func(t *testing.T) {
				bubble(t, func(t *testing.T, r *rig) {
					r.srv.SetFault(func(storetest.Request) storetest.Fault { return storetest.Fault{Delay: latency} })
					o := start(t, r, func(n int, observer claim.Observer) (rule.Decision, rule.Observation, error) {
						d := r.decider(n)
						d.Self.Address = fmt.Sprintf("10.0.%d.%d", n/250, n%250+1)
						d.Observer, d.Policy.Desired = observer, desired
						return d.Decide(t.Context(), nil)
					})
					t.Logf("%.2f requests a node, %d at most; %d swaps tried at most; %v of virtual time",
						float64(o.requests)/crowd, o.maxRequests, o.swaps, r.passed())
					if o.bootstraps != 1 || o.servers != desired || o.clients != crowd-desired || len(o.clusters) != 1 {
						t.Errorf("got %d bootstraps, %d servers, %d clients in clusters %v; want 1, %d, %d in one",
							o.bootstraps, o.servers, o.clients, o.clusters, desired, crowd-desired)
					}
					if o.swaps > 8 {
						t.Errorf("got a node that tried %d swaps, want 8 at most", o.swaps)
					}
					most := int64(3)
					if latency > 0 {
						most = 8 // some have gone on before they could see anybody's record
					}
					if o.requests > most*crowd {
						t.Errorf("got %d requests, want %d a node at most", o.requests, most)
					}
				})
			})
		}
	}
}

// The control: by the plain rule the same start makes many clusters (R42).
func TestCrowdPlain(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		r.srv.SetFault(func(storetest.Request) storetest.Fault { return storetest.Fault{Delay: 20 * time.Millisecond} })
		o := start(t, r, func(n int, observer claim.Observer) (rule.Decision, rule.Observation, error) {
			snap, err := observer.Heartbeats(t.Context())
			return rule.Plain(r.decider(n).Self, 1, snap), rule.Observation{Snapshot: snap}, err
		})
		t.Logf("%d bootstraps", o.bootstraps)
		if o.bootstraps < 2 {
			t.Errorf("got %d bootstraps by the plain rule, want it to show its race", o.bootstraps)
		}
	})
}
