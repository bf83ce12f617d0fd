package claim_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"auto-consul/lib/claim"
	"auto-consul/lib/registry"
	"auto-consul/lib/storetest"
)

// attends has node s9 attend to the record, as a server with a leader.
func attends(r *rig) (hold bool, wrote []string, err error) {
	a := running{kept: kept("c1", 1), leader: true, raft: true}.attendance()
	_, hold, wrote, err = r.reader.Attend(r.t.Context(), a, claim.NewDice())
	return hold, wrote, err
}

// What a beat wants written is written under whatever others write meanwhile,
// and seen before the beat.
func TestReaderAttends(t *testing.T) {
	t.Parallel()
	own := func() *claim.Record { return rec(claim.Bootstrapping, 2, slot(9, time.Second)) }
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
			r.once(ofRecord("put"), storetest.Fault{}, func() { r.overwrite(rec(claim.Bootstrapping, 2, slot(9, time.Second), slot(1, time.Second))) })
		}, false, 1, true, 2, "established term 1 by i9: i9 i1"},
		{"conflicts without end", func(r *rig) {
			r.srv.SetFault(func(q storetest.Request) storetest.Fault {
				if q.Conditional() {
					return storetest.Fault{Status: 412, Code: "PreconditionFailed"}
				}
				return storetest.Fault{}
			})
		}, true, 0, false, 10, "bootstrapping term 1 by i9: i9"},
		{"answer lost", func(r *rig) { r.faults(ofRecord("put"), storetest.Fault{LoseAnswer: true}) }, true, 0, false, 1, "established term 1 by i9: i9"},
		{"denied", func(r *rig) { r.srv.Deny(storetest.Swaps) }, true, 0, false, 1, "bootstrapping term 1 by i9: i9"},
		{"record not read", func(r *rig) { r.srv.Deny(ofRecord("get")) }, true, 0, false, 0, "bootstrapping term 1 by i9: i9"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			bubble(t, func(t *testing.T, r *rig) {
				r.offset = time.Until(epoch) * -1 // the attendance's times are the tables'
				r.put(own())
				tt.fault(r)
				hold, wrote, err := attends(r)
				if hold != tt.hold || len(wrote) != tt.wrote || (err == nil) != tt.ok {
					t.Errorf("got hold %t, wrote %q, %v; want hold %t, %d writes, success %t", hold, wrote, err, tt.hold, tt.wrote, tt.ok)
				}
				if got := r.srv.Count(func(q storetest.Request) bool { return q.Conditional() }); got != tt.swaps {
					t.Errorf("got %d swaps, want %d", got, tt.swaps)
				}
				r.wantStored(tt.want)
			})
		})
	}
}

// A record that vanished is written back by one of the servers, and by one only.
func TestReaderWritesBack(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, r *rig) {
		r.once(ofRecord("put"), storetest.Fault{}, func() { r.overwrite(rec(claim.Established, 1, slot(1, 0))) })
		hold, wrote, err := attends(r)
		if hold || len(wrote) != 0 || err != nil {
			t.Errorf("got hold %t, wrote %q, %v; want nothing written over the other's", hold, wrote, err)
		}
		r.wantStored("established term 1 by i1: i1")
	})
}

func TestReaderGivesBack(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		rec  *claim.Record
		gave bool
		want string
	}{
		{"no record", nil, false, ""},
		{"a slot", rec(claim.Established, 2, slot(1, 0), slot(9, 0)), true, "established term 1 by i1: i1"},
		{"who has bootstrapped", rec(claim.Established, 2, slot(9, 0), slot(1, 0)), true, "established term 1 by i9: i1"},
		{"who joins a birth", rec(claim.Bootstrapping, 2, slot(1, 0), slot(9, 0)), true, "bootstrapping term 1 by i1: i1"},
		{"who may bootstrap keeps it: others take over from it", rec(claim.Bootstrapping, 2, slot(9, 0), slot(1, 0)), false, "bootstrapping term 1 by i9: i9 i1"},
		{"another node's", rec(claim.Established, 2, slot(1, 0), elsewhere("i9", "s8", 8, 0)), false, "established term 1 by i1: i1 i9"},
		{"no slot", rec(claim.Established, 1, slot(1, 0)), false, "established term 1 by i1: i1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			bubble(t, func(t *testing.T, r *rig) {
				if tt.rec != nil {
					r.put(tt.rec)
				}
				gave, err := r.reader.GiveBack(t.Context(), "i9", "s9", claim.NewDice())
				if gave != tt.gave || err != nil {
					t.Errorf("got %t, %v, want %t", gave, err, tt.gave)
				}
				r.wantStored(tt.want)
			})
		})
	}
}

func TestReaderGivesBackFaults(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, r *rig) {
		r.put(rec(claim.Established, 2, slot(1, 0), slot(9, 0)))
		r.faults(ofRecord("put"), storetest.Fault{Status: 412, Code: "PreconditionFailed"}, storetest.Fault{Status: 409, Code: "ConditionalRequestConflict"})
		if gave, err := r.reader.GiveBack(t.Context(), "i9", "s9", claim.NewDice()); !gave || err != nil {
			t.Errorf("got %t, %v, want it given back in the end", gave, err)
		}
		r.put(rec(claim.Established, 2, slot(1, 0), slot(9, 0)))
		r.srv.Deny(storetest.Swaps)
		if gave, err := r.reader.GiveBack(t.Context(), "i9", "s9", claim.NewDice()); gave || !errors.Is(err, registry.ErrDenied) {
			t.Errorf("got %t, %v, want access denied", gave, err)
		}
		r.srv.Deny(nil)
		r.srv.SetFault(func(q storetest.Request) storetest.Fault {
			return storetest.Fault{Status: map[bool]int{true: 412}[q.Conditional()], Code: "PreconditionFailed"}
		})
		if gave, err := r.reader.GiveBack(t.Context(), "i9", "s9", claim.NewDice()); gave || !errors.Is(err, claim.ErrUndecided) {
			t.Errorf("got %t, %v, want it undecided after tries enough", gave, err)
		}
		r.wantStored("established term 1 by i1: i1 i9")
	})
}

// Whom a lonely agent may join: the live, and where there are none the addresses
// last known; never itself.
func TestTargets(t *testing.T) {
	t.Parallel()
	look := func(servers ...registry.Member) claim.Look {
		l := claim.Look{Record: rec(claim.Established, 3, slot(1, time.Hour), slot(2, time.Minute), slot(9, time.Hour))}
		l.Live = map[registry.Role][]registry.Member{registry.Servers: servers, registry.Agents: servers}
		return l
	}
	self := claim.Self{Node: "s9", Address: "192.0.2.9"}
	many := look(beats(3, time.Second))
	many.Live[registry.Agents] = []registry.Member{beats(6, time.Minute), beats(7, time.Minute), beats(8, time.Minute)}
	many.More = []registry.Role{registry.Agents}
	tests := []struct {
		name, mode string
		look       claim.Look
		want       string
	}{
		{"server, nobody lives", "server", look(), "192.0.2.2 192.0.2.1"},
		{"server", "server", look(beats(3, time.Second), beats(9, 0)), "192.0.2.3 192.0.2.2 192.0.2.1"},
		{"agent", "agent", look(beats(3, time.Second)), "192.0.2.3 192.0.2.2 192.0.2.1"},
		{"no record", "agent", claim.Look{}, ""},
		{"agent among many", "agent", many, "192.0.2.3 192.0.2.2 192.0.2.1 192.0.2.8 192.0.2.7"},
	}
	for _, tt := range tests {
		if got := claim.Targets(tt.mode, self, tt.look); !slices.Equal(got, strings.Fields(tt.want)) {
			t.Errorf("%s: got %q, want %s", tt.name, got, tt.want)
		}
	}
}
