package claim_test

import (
	"testing"
	"time"

	"auto-consul/lib/claim"
	"auto-consul/lib/rule"
	"auto-consul/lib/storetest"
)

// rounds is how many round trips a decision took, one after another, where each
// takes a tenth of a second.
func rounds(t *testing.T, r *rig, d *claim.Decider) float64 {
	t.Helper()
	const trip = 100 * time.Millisecond
	r.srv.SetFault(func(storetest.Request) storetest.Fault { return storetest.Fault{Delay: trip} })
	d.Random.Draw = func() float64 { return 0 }
	begin := r.passed()
	r.decided(d)
	return float64(r.passed()-begin) / float64(trip)
}

// What a decision costs on a store that is far away, with the tenth of a trip that a
// first observation waits for the record. The creator's last round removes
// the probe of the store; a server that is to gather others goes on meanwhile.
func TestDeciderRounds(t *testing.T) {
	t.Parallel()
	gathering := func(slots ...rule.Slot) *rule.Record {
		return with(rec(rule.Gathering, 2, slots...), func(r *rule.Record) {
			r.Birth, r.Version = rule.Auto, 2
			r.Gather = &rule.Gather{Since: epoch.Add(-time.Second), Until: epoch.Add(29 * time.Second), WaitSeconds: 30}
		})
	}
	for name, tt := range map[string]struct {
		rec  *rule.Record
		want float64
	}{
		"creator":                               {nil, 8.2},
		"server that joins":                     {gathering(slot(1, time.Second)), 3.2},
		"client, all slots are fresh":           {rec(rule.Bootstrapping, 1, slot(1, time.Second)), 1.2},
		"client of a cluster that has run long": {rec(rule.Established, 1, slot(1, time.Hour)), 2.2},
	} {
		bubble(t, func(t *testing.T, r *rig) {
			if tt.rec != nil {
				r.put(tt.rec)
			}
			if tt.rec != nil && tt.rec.State == rule.Established {
				r.beat(time.Second, 1)
			}
			if got := rounds(t, r, r.decider(9)); got > tt.want {
				t.Errorf("%s: got %v round trips, want %v at most", name, got, tt.want)
			}
		})
	}
}
