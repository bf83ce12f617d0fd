package claim_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"auto-consul/lib/claim"
	"auto-consul/lib/rule"
	"auto-consul/lib/storetest"
)

// A thousand nodes of few zones that start at one moment wait for each other as R52 says,
// and ask the store for little meanwhile: who waits for other zones is in no hurry.
func TestCrowdInZones(t *testing.T) {
	for _, zones := range []int{1, 3} {
		t.Run(fmt.Sprintf("%d zones", zones), func(t *testing.T) {
			bubble(t, func(t *testing.T, r *rig) {
				r.srv.SetFault(func(storetest.Request) storetest.Fault { return storetest.Fault{Delay: 20 * time.Millisecond} })
				o := start(t, r, func(n int, observer claim.Observer) (rule.Decision, rule.Observation, error) {
					d := r.decider(n)
					d.Self.Address = fmt.Sprintf("10.0.%d.%d", n/250, n%250+1)
					d.Self.Zone = fmt.Sprintf("z%d", n%zones)
					d.Observer, d.Policy.Desired = observer, 3
					d.Policy.Birth, d.Policy.BirthWait = rule.Auto, expiry/4
					return d.Decide(t.Context(), nil)
				})
				t.Logf("%.2f requests a node, %d at most; %d swaps tried at most; %v of virtual time",
					float64(o.requests)/crowd, o.maxRequests, o.swaps, r.passed())
				if o.requests > 16*crowd {
					t.Errorf("got %d requests, want 16 a node at most", o.requests)
				}
				if o.bootstraps != 0 || o.servers != 3 || o.clients != crowd-3 || len(o.clusters) != 1 {
					t.Errorf("got %d bootstraps, %d servers, %d clients in clusters %v; want a birth by quorum of 3 in one",
						o.bootstraps, o.servers, o.clients, o.clusters)
				}
			})
		})
	}
}

// Five servers of three zones are never three in one zone where the others have two nodes
// and one: a node whose zone has two servers waits for longer than one whose zone has one
// (R52). Otherwise the loss of one zone could take the quorum with it.
func TestFiveServersInThreeZones(t *testing.T) {
	for round := range 10 { // in which others are quick
		bubble(t, func(t *testing.T, r *rig) {
			var nodes sync.WaitGroup
			for n, zone := range "aaaabbc" {
				nodes.Go(func() {
					d := r.decider(1 + n + 7*round)
					d.Self.Zone, d.Policy.Desired = string(zone), 5
					d.Policy.Birth, d.Policy.BirthWait = rule.Auto, expiry/4
					time.Sleep(time.Duration(d.Random.Draw() * float64(time.Second)))
					if _, _, err := d.Decide(t.Context(), nil); err != nil {
						t.Errorf("node %d: %v", n, err)
					}
				})
			}
			nodes.Wait()
			seen, err := r.observer.Record(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			servers := map[string]int{}
			for _, slot := range seen.Record.Servers {
				servers[slot.Zone]++
			}
			if seen.Record.Birth != rule.Quorum || servers["a"] != 2 || servers["b"] != 2 || servers["c"] != 1 {
				t.Errorf("got birth %s with servers %v, want quorum with two, two and one", seen.Record.Birth, servers)
			}
		})
	}
}
