package claim_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"auto-consul/lib/claim"
	"auto-consul/lib/registry"
	"auto-consul/lib/rule"
	"auto-consul/lib/storetest"
)

// What became of a write is found by reading the record, whatever was answered (R2).
func TestDeciderSwapFaults(t *testing.T) {
	t.Parallel()
	const mine = "server bootstrap join [] held [s9] of 1; "
	tests := []struct {
		name   string
		faults []storetest.Fault
		swaps  int
		says   string
		want   string
	}{
		{"answered", nil, 1, "", mine + "no live servers and no cluster record"},
		{"answer lost, took effect", []storetest.Fault{{LoseAnswer: true}}, 1, "looking whether it was written", mine + "no live servers and no cluster record"},
		{"lost on the way", []storetest.Fault{{Drop: true}}, 2, "looking whether it was written", mine + "no live servers and no cluster record"},
		{"lost twice", []storetest.Fault{{Drop: true}, {Drop: true}}, 3, "looking whether it was written", mine + "no live servers and no cluster record"},
		// It lands while the node pauses, whose next write then meets its own
		// record: it holds a slot, as it would after a crash.
		{"lands in the pause", []storetest.Fault{{Late: 20 * time.Millisecond}}, 2, "looking whether it was written", mine + "this node holds a slot"},
		{"lands much later", []storetest.Fault{{Late: time.Second}}, 2, "looking whether it was written", mine + "no live servers and no cluster record"},
		{"409", []storetest.Fault{{Status: http.StatusConflict, Code: "ConditionalRequestConflict"}}, 2, "", mine + "no live servers and no cluster record"},
		{"412", []storetest.Fault{{Status: http.StatusPreconditionFailed, Code: "PreconditionFailed"}}, 2, "", mine + "no live servers and no cluster record"},
		{"503", []storetest.Fault{{Status: http.StatusServiceUnavailable, Code: "SlowDown"}}, 2, "looking whether it was written", mine + "no live servers and no cluster record"},
		{"no answer in time", []storetest.Fault{{Delay: time.Hour}}, 2, "looking whether it was written", mine + "no live servers and no cluster record"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			bubble(t, func(t *testing.T, r *rig) {
				r.faults(ofRecord("put"), tt.faults...)
				d := r.decider(9)
				d.Random.Draw = func() float64 { return 0.9 }
				r.wantDecided(d, tt.want)
				time.Sleep(time.Minute) // until everything has landed
				r.wantStored("bootstrapping term 1 by i9: i9")
				if got := r.srv.Count(ofRecord("put")); got != tt.swaps {
					t.Errorf("got %d swaps, want %d", got, tt.swaps)
				}
				if got := r.progress(); !strings.Contains(got, tt.says) || tt.says == "" && got != "" {
					t.Errorf("got said %q, want %q", got, tt.says)
				}
				// What it decided is what the store holds.
				if err := stands(t, r, d); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// stands confirms a decision to bootstrap as it is confirmed before the agent starts
// (R27).
func stands(t *testing.T, r *rig, d *claim.Decider) error {
	t.Helper()
	seen, err := r.observer.Record(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return rule.Confirm(seen.Record, seen.Time, rule.Claim{
		Bootstrap: true, HasSlot: true, Node: d.Self.Node, Address: d.Self.Address,
		ClusterID: seen.Record.ClusterID, Incarnation: d.Self.Incarnation, Term: 1, Expiry: expiry,
	})
}

// Another node was faster, between the observation and the write (R2).
func TestDeciderLosesTheRace(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]storetest.Fault{"refused": {}, "refused, answer lost": {LoseAnswer: true}, "lost on the way": {Drop: true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bubble(t, func(t *testing.T, r *rig) {
				r.once(ofRecord("put"), f, func() { r.decided(r.decider(1)) })
				r.wantDecided(r.decider(9), "agent join [192.0.2.1] held [s1] of 1; 1 servers held, 1 desired")
				r.wantStored("bootstrapping term 1 by i1: i1")
			})
		})
	}
}

// A record that vanishes is never taken for one that never was (R3).
func TestDeciderRecordVanishes(t *testing.T) {
	t.Parallel()
	free := func(r *rig) {
		r.put(rec(rule.Established, 2, slot(1, time.Hour)))
		r.beat(time.Second, 1)
	}
	conflict := func(r *rig) {
		r.put(rec(rule.Established, 2, slot(1, time.Hour), elsewhere("i8", "s9", 8, time.Second)))
		r.beat(time.Second, 1)
	}
	tests := []struct {
		name  string
		setup func(r *rig)
		fault func(r *rig)
	}{
		{"between observation and write", free, func(r *rig) { r.once(ofRecord("put"), storetest.Fault{}, r.vanish) }},
		{"between observation and write, whose answer is lost", free, func(r *rig) { r.once(ofRecord("put"), storetest.Fault{LoseAnswer: true}, r.vanish) }},
		{"while it waits", conflict, func(r *rig) { time.AfterFunc(15*time.Second, r.vanish) }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			bubble(t, func(t *testing.T, r *rig) {
				tt.setup(r)
				tt.fault(r)
				_, _, err := r.decider(9).Decide(t.Context(), nil)
				if !errors.Is(err, rule.ErrUndecided) || !strings.Contains(err.Error(), "the cluster record vanished") {
					t.Errorf("got %v, want the record's loss reported", err)
				}
				r.wantStored("")
			})
		})
	}
}

// What cannot be read is never "nothing there": no such reading leads to a write (R3).
func TestDeciderDenied(t *testing.T) {
	t.Parallel()
	held := func(r *rig) {
		r.put(rec(rule.Established, 1, slot(1, time.Hour)))
		r.beat(time.Second, 1)
	}
	tests := []struct {
		name  string
		setup func(r *rig)
		deny  func(storetest.Request) bool
		want  string
	}{
		{"record", held, ofRecord("get"), "get s3://b/r/cluster.json: access denied"},
		{"record that is not there", func(*rig) {}, ofRecord("get"), "get s3://b/r/cluster.json: access denied"},
		{"lists", held, storetest.Op("list"), "list s3://b/r/"},
		{"lists of nothing", func(*rig) {}, storetest.Op("list"), "list s3://b/r/"},
		{"an address", held, func(q storetest.Request) bool { return strings.Contains(q.Key, "-s1") }, "access denied"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			bubble(t, func(t *testing.T, r *rig) {
				tt.setup(r)
				r.srv.Deny(tt.deny)
				_, _, err := r.decider(9).Decide(t.Context(), nil)
				if !errors.Is(err, registry.ErrDenied) || !strings.Contains(err.Error(), tt.want) {
					t.Errorf("got %v, want %s: access denied", err, tt.want)
				}
				if got := r.writes(); got != 0 {
					t.Errorf("got %d writes, want none", got)
				}
			})
		})
	}
}

// Access denied is final, whenever it comes: nothing is tried again (R3).
func TestDeciderDeniedLate(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, r *rig) {
		r.put(rec(rule.Established, 2, slot(1, time.Hour)))
		r.beat(time.Second, 1)
		r.srv.Deny(storetest.Swaps)
		_, _, err := r.decider(9).Decide(t.Context(), nil)
		if !errors.Is(err, registry.ErrDenied) || r.srv.Count(storetest.Swaps) != 1 || r.passed() != 0 {
			t.Errorf("got %v after %d swaps and %v, want access denied at once", err, r.srv.Count(storetest.Swaps), r.passed())
		}
	})
	bubble(t, func(t *testing.T, r *rig) {
		r.put(rec(rule.Established, 1, slot(1, time.Hour)))
		time.AfterFunc(20*time.Second, func() { r.srv.Deny(storetest.Op("list")) })
		_, _, err := r.decider(9).Decide(t.Context(), nil)
		if !errors.Is(err, registry.ErrDenied) || r.passed() != 25*time.Second {
			t.Errorf("got %v after %v, want access denied at the reading that meets it", err, r.passed())
		}
	})
}

// A record that cannot be read in full is named, and stays as it is (R1).
func TestDeciderGarbage(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"no json": "<html>", "empty": "", "half": `{"version":1,"seq":`, "a later version": `{"version":2}`,
		"a field wrong": `{"version":1,"cluster_id":"c1","state":"asleep"}`,
		"too large":     `{"version":1,"write":"` + strings.Repeat("x", 70_000) + `"}`,
		"enormous":      strings.Repeat("x", registry.MaxObject+1),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bubble(t, func(t *testing.T, r *rig) {
				if err := r.observer.Registry.Store.Put(t.Context(), rule.RecordKey, []byte(body)); err != nil {
					t.Fatal(err)
				}
				r.srv.Forget()
				_, _, err := r.decider(9).Decide(t.Context(), nil)
				if err == nil || !strings.Contains(err.Error(), "cluster.json") || errors.Is(err, rule.ErrUndecided) || errors.Is(err, rule.ErrFenced) {
					t.Errorf("got %v, want an error that names cluster.json", err)
				}
				if got, _ := r.srv.Body(t, "b", "r/"+rule.RecordKey); string(got) != body || r.writes() != 0 {
					t.Errorf("got %.40q after %d writes, want it left alone", got, r.writes())
				}
			})
		})
	}
}

// A record that nobody could read is not written, and not tried again (R1).
func TestDeciderRecordTooLarge(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, r *rig) {
		full := rec(rule.Established, 1000)
		var err error
		for n := 0; err == nil; n++ {
			s := slot(n, 0)
			s.Address, s.Since = fmt.Sprintf("192.0.%d.%d", n/256, n%256), r.now()
			full.Servers = append(full.Servers, s)
			_, err = full.Encode()
		}
		full.Servers = full.Servers[:len(full.Servers)-1]
		for i := range full.Servers {
			full.Servers[i].Since = epoch // which put makes now
		}
		r.put(full)
		r.beat(time.Second, 1)
		before := r.stored()
		_, _, err = r.decider(9999).Decide(t.Context(), nil)
		if err == nil || !strings.Contains(err.Error(), "cluster.json: cannot be written: ") {
			t.Errorf("got %v, want an error that names cluster.json", err)
		}
		if got := r.srv.Count(ofRecord("put")); got != 0 {
			t.Errorf("got %d swaps, want none", got)
		}
		r.wantStored(before)
	})
}
