package claim_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"auto-consul/lib/claim"
	"auto-consul/lib/registry"
	"auto-consul/lib/rule"
	"auto-consul/lib/storetest"
)

// After a write that another node has won, old heartbeats beside the new record would
// show silence that is none: whoever has beaten since they were listed lives. Nobody is
// replaced, although nobody answers anywhere (R5).
func TestDeciderForgetsHeartbeats(t *testing.T) {
	t.Parallel()
	s1, s2 := slot(1, time.Hour), slot(2, 110*time.Second)
	wantClient := func(t *testing.T, r *rig, d *claim.Decider, first *rule.Observation, stored string) {
		t.Helper()
		d.Policy.Desired = 3
		v, _, err := d.Decide(t.Context(), first)
		if err != nil || v.Mode != "agent" {
			t.Errorf("got %s, evidence %q, %v; want a client", showDecision(v), v.Proof, err)
		}
		r.wantStored(stored)
	}
	t.Run("of a document that has lain about", func(t *testing.T) {
		t.Parallel()
		bubble(t, func(t *testing.T, r *rig) {
			r.put(rec(rule.Established, 3, s1, s2))
			r.beat(time.Second, 1)
			document, err := r.observer.All(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			time.Sleep(70 * time.Second)
			r.put(rec(rule.Established, 3, s1, slot(2, 180*time.Second), slot(3, time.Minute)))
			r.beat(time.Second, 1, 2, 3)
			wantClient(t, r, r.decider(9), &document, "established term 1 by i1: i1 i2 i3")
		})
	})
	t.Run("of before a swap without an answer", func(t *testing.T) {
		t.Parallel()
		bubble(t, func(t *testing.T, r *rig) {
			// The slot of s2, dead for long, is lost to s4 while the claim hangs; s3,
			// claimed 115 s ago, beats for the first time meanwhile.
			r.put(rec(rule.Established, 3, s1, slot(2, time.Hour), slot(3, 115*time.Second)))
			r.beat(70*time.Second, 1)
			r.beat(10*time.Second, 1)
			time.AfterFunc(3*time.Second, func() { r.beat(0, 3) })
			r.once(ofRecord("put"), storetest.Fault{Delay: time.Hour}, func() {
				time.AfterFunc(5*time.Second, func() {
					r.overwrite(rec(rule.Established, 3, s1, slot(3, 120*time.Second), slot(4, 0)))
				})
			})
			wantClient(t, r, r.decider(9), nil, "established term 1 by i1: i1 i3 i4")
		})
	})
}

// A claim that is made from an old document is renewed before it is acted upon: it is as
// fresh as any (R5, R16).
func TestDeciderRenewsAnOldClaim(t *testing.T) {
	t.Parallel()
	for _, age := range []time.Duration{90 * time.Second, 150 * time.Second} {
		bubble(t, func(t *testing.T, r *rig) {
			r.put(rec(rule.Established, 2, slot(1, time.Hour)))
			r.beat(time.Second, 1)
			document, err := r.observer.All(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			time.Sleep(age)
			r.beat(time.Second, 1)
			d := r.decider(9)
			v, seen, err := d.Decide(t.Context(), &document)
			if err != nil || v.Mode != "server" {
				t.Fatalf("got %s, %v; want a server", showDecision(v), err)
			}
			if got := r.now().Sub(seen.Record.Servers[1].Since); got > 2*time.Second {
				t.Errorf("a document %v old: got a claim %v old, want a new one", age, got)
			}
		})
	}
}

// Heartbeats that were read a moment ago are not read again, although the record has been
// (R5).
func TestDeciderKeepsFreshHeartbeats(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, r *rig) {
		r.put(rec(rule.Established, 3, slot(1, time.Hour)))
		r.beat(time.Second, 1)
		r.once(ofRecord("put"), storetest.Fault{}, func() { r.overwrite(rec(rule.Established, 3, slot(1, time.Hour), slot(2, 0))) })
		d := r.decider(9)
		d.Policy.Desired = 3
		r.wantDecided(d, "server join [192.0.2.1 192.0.2.2] held [s1 s2 s9] of 3; 2 servers held, 3 desired")
		if got := r.srv.Count(storetest.Op("list")); got != 2 {
			t.Errorf("got %d listings, want one a role", got)
		}
	})
}

// What cannot be written for as long as the time-out is an error, and what others always
// write first leaves the node undecided (R39, R2).
func TestDeciderGivesUpSwapping(t *testing.T) {
	t.Parallel()
	undecided := func(err error) bool {
		return errors.Is(err, rule.ErrUndecided) && strings.Contains(err.Error(), "could not be swapped in ")
	}
	tests := []struct {
		name   string
		status int
		limit  time.Duration
		is     func(error) bool
	}{
		{"writes are refused", http.StatusServiceUnavailable, 30 * time.Second, func(err error) bool {
			return strings.Contains(err.Error(), "swap s3://b/r/cluster.json: ") && !errors.Is(err, rule.ErrUndecided)
		}},
		{"others are always faster", http.StatusPreconditionFailed, 10 * time.Minute, undecided},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			bubble(t, func(t *testing.T, r *rig) {
				r.put(rec(rule.Established, 2, slot(1, time.Hour)))
				r.beat(time.Second, 1)
				for at := time.Minute; at < tt.limit; at += time.Minute {
					time.AfterFunc(at, func() { r.beat(0, 1) })
				}
				r.srv.SetFault(func(q storetest.Request) storetest.Fault {
					if !q.Conditional() {
						return storetest.Fault{}
					}
					return storetest.Fault{Status: tt.status, Code: http.StatusText(tt.status)}
				})
				_, _, err := r.decider(9).Decide(t.Context(), nil)
				if err == nil || !tt.is(err) {
					t.Errorf("got %v after %v", err, r.passed())
				}
				if got := r.passed(); got < tt.limit || got > tt.limit+15*time.Second {
					t.Errorf("got it after %v, want %v", got, tt.limit)
				}
			})
		})
	}
}

// A living server whose renewals others always win sends no heartbeat at all: one under
// agents/ alone would give its slot to whoever asks (R29, R35).
func TestServerThatCannotRenew(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, r *rig) {
		r.offset = -time.Until(epoch)
		r.put(rec(rule.Established, 2, slot(1, time.Hour), slot(9, time.Hour)))
		r.srv.SetFault(func(q storetest.Request) storetest.Fault {
			if q.Conditional() {
				return storetest.Fault{Status: http.StatusPreconditionFailed, Code: "PreconditionFailed"}
			}
			return storetest.Fault{}
		})
		if _, _, err := serves(r); !errors.Is(err, registry.ErrConflict) {
			t.Errorf("got %v, want %v", err, registry.ErrConflict)
		}
	})
}

// Copies of one data directory, as in an image of a machine, start at once: one of them
// at most may act on its decision (R23, R27).
func TestCopiesOfADataDirectory(t *testing.T) {
	t.Parallel()
	for _, started := range []bool{false, true} {
		t.Run(fmt.Sprintf("the first has started %t", started), func(t *testing.T) {
			t.Parallel()
			bubble(t, func(t *testing.T, r *rig) {
				var acts, ends []string
				for n := 1; n <= 3; n++ {
					d := r.decider(n)
					d.Self.Incarnation = "image"
					d.Wait = 30 * time.Second
					d.Answers = func(_ context.Context, address string) bool { return started && address == "192.0.2.1" }
					_, _, err := d.Decide(t.Context(), nil)
					switch {
					case err != nil:
						ends = append(ends, err.Error())
					case stands(t, r, d) == nil:
						acts = append(acts, d.Self.Node)
					}
				}
				want := "undecided: waited 30s to see whether this data directory is a copy: its incarnation is node s1, at 192.0.2.1, which may be about to start"
				if started {
					want = "fenced: this data directory is a copy: its incarnation is node s1, and somebody answers at 192.0.2.1: start with an empty data directory"
				}
				if !slices.Equal(acts, []string{"s1"}) || len(ends) != 2 || ends[0] != want {
					t.Errorf("got %q to act and %q, want s1 alone and %s", acts, ends, want)
				}
			})
		})
	}
}
