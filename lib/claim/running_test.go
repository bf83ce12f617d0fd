package claim_test

import (
	"errors"
	"testing"
	"time"

	"auto-consul/lib/claim"
	"auto-consul/lib/registry"
	"auto-consul/lib/rule"
	"auto-consul/lib/storetest"
)

// serves has node s9 serve under the record, as a server with a leader.
func serves(r *rig) (hold bool, wrote []string, err error) {
	running := rule.Running{
		Self: rule.Self{
			Node: "s9", Address: "192.0.2.9", Incarnation: "i9", Mode: registry.Server, Raft: true,
			Membership: rule.Membership{ClusterID: "c1", Term: 1, Desired: 1, Birth: rule.First},
		},
		Expiry: expiry, Found: true,
	}
	_, order, wrote, err := r.observer.Serve(r.t.Context(), running, claim.NewRandom())
	return order.Withhold, wrote, err
}

// several is more than five swaps: how many fit into the time is drawn.
const several = -1

// What the rule wants written is written whatever others write meanwhile, and read before
// the beat (R29). A lost answer is settled by that reading (R2).
func TestObserverServes(t *testing.T) {
	t.Parallel()
	own := func() *rule.Record { return rec(rule.Bootstrapping, 2, slot(9, time.Second)) }
	tests := []struct {
		name  string
		fault func(r *rig)
		hold  bool
		wrote int
		ok    bool
		swaps int
		want  string
	}{
		{"written", func(*rig) {}, false, 1, true, 1, "established term 1 by i9: i9"},
		{"another slot was claimed meanwhile", func(r *rig) {
			r.once(ofRecord("put"), storetest.Fault{}, func() { r.overwrite(rec(rule.Bootstrapping, 2, slot(9, time.Second), slot(1, time.Second))) })
		}, false, 1, true, 2, "established term 1 by i9: i9 i1"},
		{"conflicts without end", func(r *rig) {
			r.srv.SetFault(func(q storetest.Request) storetest.Fault {
				if q.Conditional() {
					return storetest.Fault{Status: 412, Code: "PreconditionFailed"}
				}
				return storetest.Fault{}
			})
		}, true, 0, false, several, "bootstrapping term 1 by i9: i9"},
		{"answer lost", func(r *rig) { r.faults(ofRecord("put"), storetest.Fault{LoseAnswer: true}) }, false, 1, true, 1, "established term 1 by i9: i9"},
		{"denied", func(r *rig) { r.srv.Deny(storetest.Swaps) }, true, 0, false, 1, "bootstrapping term 1 by i9: i9"},
		{"record not read", func(r *rig) { r.srv.Deny(ofRecord("get")) }, true, 0, false, 0, "bootstrapping term 1 by i9: i9"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			bubble(t, func(t *testing.T, r *rig) {
				r.offset = time.Until(epoch) * -1 // the times of a beat are the tables'
				r.put(own())
				tt.fault(r)
				hold, wrote, err := serves(r)
				if hold != tt.hold || len(wrote) != tt.wrote || (err == nil) != tt.ok {
					t.Errorf("got hold %t, wrote %q, %v; want hold %t, %d writes, success %t", hold, wrote, err, tt.hold, tt.wrote, tt.ok)
				}
				if got := r.srv.Count(func(q storetest.Request) bool { return q.Conditional() }); got != tt.swaps && !(tt.swaps == several && got > 5) {
					t.Errorf("got %d swaps, want %d", got, tt.swaps)
				}
				r.wantStored(tt.want)
			})
		})
	}
}

// A record that vanished is written back by one server only (R36).
func TestObserverWritesBack(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, r *rig) {
		r.once(ofRecord("put"), storetest.Fault{}, func() { r.overwrite(rec(rule.Established, 1, slot(1, 0))) })
		hold, wrote, err := serves(r)
		if hold || len(wrote) != 0 || err != nil {
			t.Errorf("got hold %t, wrote %q, %v; want nothing written over the other's", hold, wrote, err)
		}
		r.wantStored("established term 1 by i1: i1")
	})
}

// A server that leaves gives back the slot in its name, by a write; who may still
// bootstrap keeps it (R38).
func TestObserverGivesBack(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		rec  *rule.Record
		gave bool
		want string
	}{
		{"no record", nil, false, ""},
		{"a slot", rec(rule.Established, 2, slot(1, 0), slot(9, 0)), true, "established term 1 by i1: i1"},
		{"who has bootstrapped", rec(rule.Established, 2, slot(9, 0), slot(1, 0)), true, "established term 1 by i9: i1"},
		{"who joins a birth", rec(rule.Bootstrapping, 2, slot(1, 0), slot(9, 0)), true, "bootstrapping term 1 by i1: i1"},
		{"who may bootstrap keeps it: others take over from it", rec(rule.Bootstrapping, 2, slot(9, 0), slot(1, 0)), false, "bootstrapping term 1 by i9: i9 i1"},
		{"another node's", rec(rule.Established, 2, slot(1, 0), elsewhere("i9", "s8", 8, 0)), false, "established term 1 by i1: i1 i9"},
		{"no slot", rec(rule.Established, 1, slot(1, 0)), false, "established term 1 by i1: i1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			bubble(t, func(t *testing.T, r *rig) {
				if tt.rec != nil {
					r.put(tt.rec)
				}
				gave, err := r.observer.GiveBack(t.Context(), "i9", "s9", claim.NewRandom())
				if gave != tt.gave || err != nil {
					t.Errorf("got %t, %v, want %t", gave, err, tt.gave)
				}
				r.wantStored(tt.want)
			})
		})
	}
}

// What was given back is what a reading has shown (R38, R2).
func TestObserverGivesBackFaults(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, r *rig) {
		r.put(rec(rule.Established, 2, slot(1, 0), slot(9, 0)))
		r.faults(ofRecord("put"), storetest.Fault{LoseAnswer: true})
		if gave, err := r.observer.GiveBack(t.Context(), "i9", "s9", claim.NewRandom()); !gave || err != nil {
			t.Errorf("answer lost: got %t, %v, want it given back", gave, err)
		}
		r.put(rec(rule.Established, 2, slot(1, 0), slot(9, 0)))
		r.faults(ofRecord("put"), storetest.Fault{Drop: true})
		if gave, err := r.observer.GiveBack(t.Context(), "i9", "s9", claim.NewRandom()); gave || err == nil {
			t.Errorf("lost on the way: got %t, %v, want an error", gave, err)
		}
		r.put(rec(rule.Established, 2, slot(1, 0), slot(9, 0)))
		r.faults(ofRecord("put"), storetest.Fault{Status: 412, Code: "PreconditionFailed"}, storetest.Fault{Status: 409, Code: "ConditionalRequestConflict"})
		if gave, err := r.observer.GiveBack(t.Context(), "i9", "s9", claim.NewRandom()); !gave || err != nil {
			t.Errorf("got %t, %v, want it given back in the end", gave, err)
		}
		r.put(rec(rule.Established, 2, slot(1, 0), slot(9, 0)))
		r.srv.Deny(storetest.Swaps)
		if gave, err := r.observer.GiveBack(t.Context(), "i9", "s9", claim.NewRandom()); gave || !errors.Is(err, registry.ErrDenied) {
			t.Errorf("got %t, %v, want access denied", gave, err)
		}
		r.srv.Deny(nil)
		r.srv.SetFault(func(q storetest.Request) storetest.Fault {
			return storetest.Fault{Status: map[bool]int{true: 412}[q.Conditional()], Code: "PreconditionFailed"}
		})
		if gave, err := r.observer.GiveBack(t.Context(), "i9", "s9", claim.NewRandom()); gave || !errors.Is(err, rule.ErrUndecided) {
			t.Errorf("got %t, %v, want it undecided after tries enough", gave, err)
		}
		r.wantStored("established term 1 by i1: i1 i9")
	})
}
