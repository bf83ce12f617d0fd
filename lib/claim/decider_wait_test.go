package claim_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"auto-consul/lib/registry"
	"auto-consul/lib/rule"
)

// A first reading that fails is the store's error, and nothing is waited for. Later ones
// may fail for as long as the time-out (R39, R3).
func TestDeciderOutage(t *testing.T) {
	t.Parallel()
	for name, at := range map[string]time.Duration{"at first": 0, "later": 20 * time.Second} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bubble(t, func(t *testing.T, r *rig) {
				r.put(rec(rule.Established, 1, slot(1, time.Hour)))
				r.srv.Outage(at == 0)
				time.AfterFunc(at, func() { r.srv.Outage(true) })
				_, _, err := r.decider(9).Decide(t.Context(), nil)
				if err == nil || errors.Is(err, rule.ErrUndecided) || errors.Is(err, registry.ErrDenied) {
					t.Errorf("got %v, want the store's error", err)
				}
				want := time.Duration(0)
				if at > 0 {
					want = 55 * time.Second // the reading at 25 s fails, and failures are borne for 30 s
				}
				if got := r.passed(); got < want || got > want+time.Second {
					t.Errorf("got it after %v, want %v", got, want)
				}
				r.srv.Outage(false)
				r.wantStored("established term 1 by i1: i1")
			})
		})
	}
}

// All waiting has an end, which says what was waited for (R39).
func TestDeciderWaitLimit(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		rec     *rule.Record
		answers bool
		dry     bool
		want    string
		wait    time.Duration
	}{
		{
			"another incarnation of its name", rec(rule.Established, 2, slot(1, 0), elsewhere("i8", "s9", 8, 0)), false, false,
			"undecided: waited 45s for another incarnation of node s9, at 192.0.2.8, to be gone", 45 * time.Second,
		},
		{
			"a silent server", rec(rule.Bootstrapping, 1, slot(1, time.Hour)), false, false,
			"undecided: waited 45s to see whether server s1, silent and at 192.0.2.1, is dead", 45 * time.Second,
		},
		{
			"a lost cluster", rec(rule.Established, 3, slot(1, time.Hour), slot(2, time.Hour)), false, false,
			"undecided: waited 5m0s for the servers of cluster c1 to come back; if they never will, this starts an empty one in its place: START OVER", 5 * time.Minute,
		},
		{
			"one that answers", rec(rule.Established, 1, slot(1, time.Hour)), true, false,
			"undecided: waited 5m0s for server s1, which sends no heartbeats: somebody answers at 192.0.2.1", 5 * time.Minute,
		},
		{
			"dry run", rec(rule.Established, 1, slot(1, time.Hour)), false, true,
			"undecided: would wait to see whether cluster c1 is lost: no server sends heartbeats", 0,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			bubble(t, func(t *testing.T, r *rig) {
				r.put(with(tt.rec, func(*rule.Record) {}))
				before, d := r.stored(), r.decider(9)
				d.Wait, d.DryRun = tt.wait, tt.dry
				d.Answers = func(context.Context, string) bool { return tt.answers }
				_, _, err := d.Decide(t.Context(), nil)
				if !errors.Is(err, rule.ErrUndecided) || fmt.Sprint(err) != tt.want {
					t.Errorf("got  %v\nwant %s", err, tt.want)
				}
				if got := r.passed(); got != tt.wait {
					t.Errorf("got it after %v, want %v", got, tt.wait)
				}
				_, what, _ := strings.Cut(tt.want, "waited "+tt.wait.String())
				if got := r.progress(); !tt.dry && strings.Count(got, "waiting"+what+" (") != 1 {
					t.Errorf("got said\n%s\nwant it told once what is waited for and how long", got)
				}
				r.wantStored(before)
				if got := r.srv.Keys(t, "b"); !slices.Equal(got, []string{"r/" + rule.RecordKey}) {
					t.Errorf("got keys %q, want the record alone", got)
				}
			})
		})
	}
}

// A decision that waits ends when it is told to.
func TestDeciderCancelled(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, r *rig) {
		r.put(rec(rule.Established, 1, slot(1, time.Hour)))
		ctx, cancel := context.WithTimeout(t.Context(), 15*time.Second)
		defer cancel()
		_, _, err := r.decider(9).Decide(ctx, nil)
		if !errors.Is(err, context.DeadlineExceeded) || r.passed() != 15*time.Second {
			t.Errorf("got %v after %v", err, r.passed())
		}
	})
}

// The node that was to bootstrap is frozen and answers, then dies: one that answers is
// never replaced, as it may wake (R10). Then a client that was decided takes the birth
// over (R22, R19).
func TestDeciderTakesOver(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, r *rig) {
		r.put(rec(rule.Bootstrapping, 1, slot(1, 0)))
		const frozen = 300 * time.Second
		d := r.decider(9)
		d.Self.Mode, d.Self.Membership = "agent", rule.Membership{ClusterID: "c1", Term: 1, Desired: 1, Birth: rule.First, Open: true}
		time.Sleep(expiry)
		d.Answers = func(_ context.Context, address string) bool { return address == "192.0.2.1" && r.passed() < frozen }
		r.wantDecided(d, "server bootstrap join [] held [s9] of 1; s1 died before it had bootstrapped: term 2")
		if got := r.passed(); got < frozen+3*time.Second || got > frozen+21*time.Second {
			t.Errorf("got the birth taken over after %v, want it some seconds after %v", got, frozen)
		}
		r.wantStored("bootstrapping term 2 by i9: i9")
		if !strings.Contains(r.progress(), "waiting for server s1, which sends no heartbeats: somebody answers at 192.0.2.1") {
			t.Errorf("got said\n%s", r.progress())
		}
	})
}

// The machine's clock is of no account: only the store's is (R4).
func TestDeciderMachineClock(t *testing.T) {
	t.Parallel()
	const year = 365 * 24 * time.Hour
	for _, offset := range []time.Duration{-20 * year, -time.Hour, 0, time.Hour, 30 * year} {
		t.Run(offset.String(), func(t *testing.T) {
			t.Parallel()
			bubble(t, func(t *testing.T, r *rig) {
				r.offset = offset
				r.wantDecided(r.decider(1), "server bootstrap join [] held [s1] of 1; no live servers and no cluster record")
				r.beat(0, 1)
				r.wantDecided(r.decider(2), "agent join [192.0.2.1] held [s1] of 1; 1 servers held, 1 desired")
				began := r.passed()
				time.Sleep(expiry) // s1 is dead
				r.wantDecided(r.decider(9), "server bootstrap join [] held [s9] of 1; s1 died before it had bootstrapped: term 2")
				if got := r.passed() - began; got < 2*expiry || got > 2*expiry+20*time.Second {
					t.Errorf("got it after %v, want two expiries and a bit", got)
				}
			})
		})
	}
}
