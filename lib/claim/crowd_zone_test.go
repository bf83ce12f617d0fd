package claim_test

import (
	"fmt"
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
