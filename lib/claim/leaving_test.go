package claim_test

import (
	"testing"
	"time"

	"auto-consul/lib/claim"
	"auto-consul/lib/registry"
	"auto-consul/lib/rule"
	"auto-consul/lib/storetest"
)

// A server is marked as one that steps down when a reading has shown that, whatever the
// answer to the write was (R2), and only as long as it is to (R50). What was read is
// returned, because the cluster is asked again by it.
func TestObserverMarksLeaving(t *testing.T) {
	t.Parallel()
	open := rule.Membership{ClusterID: "c1", Term: 1, Desired: 1, Birth: rule.First, Open: true}
	server := rule.Running{
		Self:     rule.Self{Node: "s9", Address: "192.0.2.9", Incarnation: "i9", Mode: registry.Server, Raft: true, Membership: open},
		Eligible: true, Expiry: expiry, Found: true, Voter: true,
	}
	marked := func(incarnation string, age time.Duration) func(r *rig) {
		return func(r *rig) {
			r.overwrite(with(rec(rule.Established, 1, slot(1, time.Hour)), func(rec *rule.Record) {
				rec.Leaving = &rule.Leaving{Incarnation: incarnation, Node: "s" + incarnation[1:], Since: r.now().Add(-age)}
			}))
		}
	}
	free := func(r *rig) { r.overwrite(rec(rule.Established, 2, slot(1, time.Hour))) }
	first := func(what func(r *rig)) func(r *rig) {
		return func(r *rig) { r.once(ofRecord("put"), storetest.Fault{}, func() { what(r) }) }
	}
	for _, tt := range []struct {
		name       string
		so         func(r *rig)
		marked, ok bool
		swaps      int
		desired    int // in what was read
	}{
		{"written", func(*rig) {}, true, true, 1, 1},
		{"it is marked already", marked("i9", time.Second), true, true, 0, 1},
		{"its mark is due for renewal", marked("i9", expiry/2), true, true, 1, 1},
		{"its mark is not renewed", func(r *rig) { marked("i9", expiry/2)(r); r.srv.Deny(storetest.Swaps) }, false, false, 1, 1},
		{"another is", marked("i3", 0), false, true, 0, 1},
		{"another is marked meanwhile", first(marked("i3", 0)), false, true, 1, 1},
		{"a place has become free meanwhile", first(free), false, true, 1, 2},
		{"answer lost", func(r *rig) { r.faults(ofRecord("put"), storetest.Fault{LoseAnswer: true}) }, true, true, 1, 1},
		{"lost on the way", func(r *rig) { r.faults(ofRecord("put"), storetest.Fault{Drop: true}) }, false, false, 1, 1},
		{"denied", func(r *rig) { r.srv.Deny(storetest.Swaps) }, false, false, 1, 1},
		{"not read", func(r *rig) { r.srv.Deny(ofRecord("get")) }, false, false, 0, 0},
	} {
		bubble(t, func(t *testing.T, r *rig) {
			r.put(rec(rule.Established, 1, slot(1, time.Hour)))
			tt.so(r)
			r.srv.Forget()
			seen, got, err := r.observer.MarkLeaving(t.Context(), server, claim.NewRandom())
			if got != tt.marked || (err == nil) != tt.ok {
				t.Errorf("%s: got marked %t, %v; want %t, success %t", tt.name, got, err, tt.marked, tt.ok)
			}
			if swaps := r.srv.Count(storetest.Swaps); swaps != tt.swaps {
				t.Errorf("%s: got %d swaps, want %d", tt.name, swaps, tt.swaps)
			}
			if seen.Record == nil && tt.desired > 0 || seen.Record != nil && seen.Record.Desired != tt.desired {
				t.Errorf("%s: got %+v read, want %d desired", tt.name, seen.Record, tt.desired)
			}
		})
	}
}
