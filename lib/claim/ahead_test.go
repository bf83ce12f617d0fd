package claim_test

import (
	"strings"
	"testing"
	"time"

	"auto-consul/lib/claim"
	"auto-consul/lib/registry"
	"auto-consul/lib/rule"
)

const day = 24 * time.Hour

// The store's clock was a day ahead and is set back: a node that starts mends the record,
// waits an expiry for a server of which only heartbeats of tomorrow are there, takes its
// place when it is proved dead, and removes them (R53).
func TestDeciderAhead(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, r *rig) {
		r.put(rec(rule.Established, 2, slot(1, time.Hour), slot(2, time.Hour)))
		r.beat(-day, 1)
		for tick := range 4 { // s2 lives
			time.AfterFunc(time.Duration(tick)*expiry/2, func() { r.beat(0, 2) })
		}
		d := r.decider(9)
		d.Policy.Desired = 2
		r.wantDecided(d, "server join [192.0.2.2] held [s2 s9] of 2; 1 servers held, 2 desired: in place of s1")
		if got := r.passed(); got < expiry || got > expiry+30*time.Second {
			t.Errorf("got a decision after %v, want %v", got, expiry)
		}
		r.wantStored("established term 1 by i1: i2 i9")
		for _, want := range []string{"the store's clock was set back: agents/", "s1 lie in the future and count for 2m0s from now", "waiting to see whether s1 beats"} {
			if !strings.Contains(r.progress(), want) {
				t.Errorf("got said %s\nwant %s", r.progress(), want)
			}
		}
		for _, key := range r.srv.Keys(t, "b") {
			if strings.HasPrefix(key, "r/servers/") && strings.HasSuffix(key, "-s1") {
				t.Errorf("%s is still there", key)
			}
		}
	})
}

// Times of the record that lie in the future are mended once, and are no reason for the
// decision (R53).
func TestDeciderMends(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, r *rig) {
		r.put(rec(rule.Established, 1, slot(1, -day)))
		r.wantDecided(r.decider(9), "agent join [192.0.2.1] held [s1] of 1; 1 servers held, 1 desired")
		if !strings.Contains(r.progress(), "wrote the cluster record: the store's clock was set back, and these lie in the future: the slot of s1 by 24h0m0s") {
			t.Errorf("got said %s", r.progress())
		}
		seen, err := r.observer.Record(t.Context())
		if age := seen.Record.Servers[0].Age(r.now()); err != nil || age < 0 || age > time.Second {
			t.Errorf("got a slot that is %v old, %v", age, err)
		}
		writes := r.writes()
		r.wantDecided(r.decider(8), "agent join [192.0.2.1] held [s1] of 1; 1 servers held, 1 desired")
		if got := r.writes(); got != writes {
			t.Errorf("the next node wrote %d times", got-writes)
		}
	})
}

// A heartbeat that lies in the future counts for an expiry from when an observer has first
// seen it, in however many looks (R53).
func TestFirstSeen(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, r *rig) {
		r.beat(-day, 1)
		forgets, remembers := r.observer, r.observer
		remembers.FirstSeen = &claim.FirstSeen{}
		live := func(o claim.Observer) int {
			snap, err := o.Heartbeats(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			return len(snap.Live[registry.Servers])
		}
		for i, step := range []struct {
			pause time.Duration
			want  int
		}{{0, 1}, {expiry - time.Second, 1}, {2 * time.Second, 0}, {time.Hour, 0}} {
			time.Sleep(step.pause)
			if got := live(remembers); got != step.want {
				t.Errorf("look %d: got %d live, want %d", i, got, step.want)
			}
			if got := live(forgets); got != 1 {
				t.Errorf("look %d of an observer without memory: got %d live, want 1", i, got)
			}
		}
		r.beat(-day, 2)
		if got := live(remembers); got != 1 {
			t.Errorf("got %d live, want the one that is new", got)
		}
		r.beat(0, 1)
		if got := live(remembers); got != 2 {
			t.Errorf("got %d live, want also the one that beats now", got)
		}
	})
}
