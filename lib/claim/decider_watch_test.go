package claim_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"auto-consul/lib/registry"
	"auto-consul/lib/rule"
	"auto-consul/lib/storetest"
)

const newCluster = "server bootstrap join [] held [s9] of 1; cluster c1 is lost: a new cluster in its place"

// All servers are watched for a whole expiry without a gap before a cluster counts as
// lost (R11, R20).
func TestDeciderWatch(t *testing.T) {
	t.Parallel()
	// Readings come every 10 s in the end, and the one that ends the watch begins a whole
	// expiry after the one that began it ended.
	tests := []struct {
		name  string
		meets func(r *rig)
		want  time.Duration
	}{
		{"undisturbed", func(*rig) {}, expiry},
		{"an outage starts it anew", func(r *rig) {
			time.AfterFunc(54*time.Second, func() { r.srv.Outage(true) })
			time.AfterFunc(75*time.Second, func() { r.srv.Outage(false) })
		}, 75*time.Second + expiry},
		{"one reading that fails starts it anew", func(r *rig) {
			time.AfterFunc(54*time.Second, func() { r.srv.Outage(true) })
			time.AfterFunc(60*time.Second+time.Nanosecond, func() { r.srv.Outage(false) })
		}, 60*time.Second + expiry},
		{"writes refused start it anew: those who live are silent, too", func(r *rig) {
			time.AfterFunc(54*time.Second, func() { r.srv.RefuseWrites(true) })
			time.AfterFunc(75*time.Second, func() { r.srv.RefuseWrites(false) })
		}, 75*time.Second + expiry},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			bubble(t, func(t *testing.T, r *rig) {
				r.put(rec(rule.Established, 1, slot(1, time.Hour)))
				tt.meets(r)
				r.wantDecided(r.decider(9), newCluster)
				// Readings are ten seconds apart, and pauses after failures short.
				if got := r.passed(); got < tt.want || got >= tt.want+11*time.Second {
					t.Errorf("got a new cluster after %v, want %v", got, tt.want)
				}
				r.wantStored("bootstrapping term 2 by i9: i9")
			})
		})
	}
}

// A server that comes back ends the watch (R11).
func TestDeciderWatchEnds(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, r *rig) {
		r.put(rec(rule.Established, 1, slot(1, time.Hour)))
		time.AfterFunc(112*time.Second, func() { r.beat(0, 1) }) // between two readings
		r.wantDecided(r.decider(9), "agent join [192.0.2.1] held [s1] of 1; 1 servers held, 1 desired")
		if got := r.passed(); got < 112*time.Second || got > 126*time.Second {
			t.Errorf("got it after %v, want it at the next reading", got)
		}
		r.wantStored("established term 1 by i1: i1")
	})
}

// Two readings that end more than half an expiry apart leave a gap, and the watch starts
// anew (R11).
func TestDeciderWatchGap(t *testing.T) {
	t.Parallel()
	for delay, want := range map[time.Duration]time.Duration{4 * time.Second: 10 * time.Second, 6 * time.Second: 20 * time.Second} {
		bubble(t, func(t *testing.T, r *rig) {
			r.put(rec(rule.Established, 1, slot(1, time.Hour)))
			r.observer.Registry.Expiry = 10 * time.Second
			d := r.decider(9)
			d.Observer, d.Policy.Expiry = r.observer, 10*time.Second
			r.faults(func(q storetest.Request) bool { return q.Op == "list" && r.passed() >= 4*time.Second }, storetest.Fault{Delay: delay})
			r.wantDecided(d, newCluster)
			if got := r.passed(); got < want || got > want+time.Second {
				t.Errorf("delay %v: got a new cluster after %v, want %v", delay, got, want)
			}
		})
	}
}

// A node that may not write need not watch (R11).
func TestDeciderWatchDenied(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, r *rig) {
		r.put(rec(rule.Established, 1, slot(1, time.Hour)))
		r.srv.Deny(storetest.Op("put"))
		_, _, err := r.decider(9).Decide(t.Context(), nil)
		if !errors.Is(err, registry.ErrDenied) || r.passed() != 0 {
			t.Errorf("got %v after %v, want it denied at once", err, r.passed())
		}
	})
}

// The traces of a cluster without a record count once they were seen, although
// ac-members, whose document showed them or which runs meanwhile, purges them (R14, R20).
func TestDeciderWatchPurged(t *testing.T) {
	t.Parallel()
	starts := map[string]func(t *testing.T, r *rig) *rule.Observation{
		"before": func(_ *testing.T, r *rig) *rule.Observation {
			return &rule.Observation{Snapshot: registry.Snapshot{Time: r.now(), Expired: []string{"servers/20261124110000-s1"}}}
		},
		"meanwhile": func(t *testing.T, r *rig) *rule.Observation {
			r.beat(time.Hour, 1)
			time.AfterFunc(30*time.Second, func() {
				snap, err := r.observer.Registry.Read(context.Background(), registry.Query{})
				if err == nil {
					snap.Expired, err = r.observer.Registry.Purge(context.Background(), snap.Expired)
				}
				if err != nil || len(snap.Expired) != 2 {
					t.Errorf("got %q purged, %v, want both heartbeats", snap.Expired, err)
				}
			})
			return nil
		},
	}
	for when, first := range starts {
		for _, policy := range []rule.Lost{rule.LostAuto, rule.LostWait} {
			t.Run(when+", "+string(policy), func(t *testing.T) {
				t.Parallel()
				bubble(t, func(t *testing.T, r *rig) {
					d := r.decider(9)
					d.Policy.Lost = policy
					_, _, err := d.Decide(t.Context(), first(t, r))
					switch {
					case policy == rule.LostWait && (!errors.Is(err, rule.ErrUndecided) || r.passed() < d.Wait):
						t.Errorf("got %v after %v, want it to wait for %v", err, r.passed(), d.Wait)
					case policy == rule.LostAuto && (err != nil || r.passed() < expiry):
						t.Errorf("got %v after %v, want a watch of %v", err, r.passed(), expiry)
					}
				})
			})
		}
	}
}
