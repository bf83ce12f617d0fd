package claim_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"auto-consul/lib/registry"
	"auto-consul/lib/rule"
	"auto-consul/lib/storetest"
)

// The path of nearly every node: the record and the listings side by side, then the
// addresses, and nothing is written (R17, R39).
func TestDeciderAsksLittle(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, r *rig) {
		r.put(rec(rule.Established, 1, slot(1, time.Hour)))
		r.beat(time.Second, 1)
		r.srv.SetFault(func(storetest.Request) storetest.Fault { return storetest.Fault{Delay: 50 * time.Millisecond} })
		r.start = time.Now()
		r.wantDecided(r.decider(9), "agent join [192.0.2.1] held [s1] of 1; 1 servers held, 1 desired")
		want := []string{
			"   0ms get cluster.json",
			"  10ms list agents/",
			"  10ms list servers/",
			"  60ms get agents/…-s1",
			"  60ms get servers/…-s1",
		}
		if got := r.sends(); !slices.Equal(got, want) {
			t.Errorf("got requests\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		// Two rounds of 50 ms, and the record's head start.
		if got := r.passed(); got > 110*time.Millisecond {
			t.Errorf("got a decision after %v of virtual time, want 110ms at most", got)
		}
	})
}

// That holds however many clients there are, and although they no longer fit into one
// answer (R17, R26).
func TestDeciderAsksLittleOfMany(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, r *rig) {
		r.put(rec(rule.Established, 1, slot(1, time.Hour)))
		for n := range 600 {
			for _, age := range []time.Duration{time.Minute, time.Second} {
				if _, err := r.observer.Registry.Beat(t.Context(), fmt.Sprintf("a%d", n), "192.0.2.77", r.now().Add(-age), registry.Agents); err != nil {
					t.Fatal(err)
				}
			}
		}
		r.beat(time.Second, 1)
		r.srv.SetFault(func(storetest.Request) storetest.Fault { return storetest.Fault{Delay: 50 * time.Millisecond} })
		r.start = time.Now()
		r.wantDecided(r.decider(9), "agent join [192.0.2.1 192.0.2.77] held [s1] of 1; 1 servers held, 1 desired")
		if got := r.passed(); got > 110*time.Millisecond {
			t.Errorf("got a decision after %v of virtual time, want 110ms at most", got)
		}
		if got := r.srv.Count(nil); got > 11 {
			t.Errorf("got %d requests, want the record, two listings and 8 addresses at most", got)
		}
	})
}

// The control: a creation takes more rounds, and so more than the bound on the latency.
func TestDeciderLatencyControl(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, r *rig) {
		r.srv.SetFault(func(storetest.Request) storetest.Fault { return storetest.Fault{Delay: 50 * time.Millisecond} })
		r.wantDecided(r.decider(9), "server bootstrap join [] held [s9] of 1; no live servers and no cluster record")
		if got := r.passed(); got < 500*time.Millisecond {
			t.Errorf("got a cluster created after %v of virtual time, want more rounds than that", got)
		}
	})
}

// Where every slot is fresh, nothing is read but the record (R17).
func TestDeciderAllSlotsFresh(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, r *rig) {
		r.put(rec(rule.Bootstrapping, 1, slot(1, time.Second)))
		r.wantDecided(r.decider(9), "agent join [192.0.2.1] held [s1] of 1; 1 servers held, 1 desired")
		if got, want := r.sends(), []string{"   0ms get cluster.json"}; !slices.Equal(got, want) {
			t.Errorf("got requests %q, want %q", got, want)
		}
	})
}

// The node that creates the record draws a pause (R39), reads the heartbeats after the
// record was missing (R6), and alone pays for the probe of the store (R40). It finds its
// own slot when it is asked again (R16).
func TestDeciderCreates(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, r *rig) {
		d := r.decider(9)
		d.Random.Draw = func() float64 { return 0.25 }
		r.wantDecided(d, "server bootstrap join [] held [s9] of 1; no live servers and no cluster record")
		want := []string{
			"   0ms get cluster.json",
			"  25ms delete cluster.probe",
			"  25ms get cluster.json", "  25ms get cluster.json",
			"  25ms get cluster.probe",
			"  25ms list agents/", "  25ms list servers/",
			"  25ms swap cluster.json",
			"  25ms swap cluster.probe", "  25ms swap cluster.probe", "  25ms swap cluster.probe", "  25ms swap cluster.probe",
		}
		if got := r.sends(); !slices.Equal(got, want) {
			t.Errorf("got requests\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		r.wantStored("bootstrapping term 1 by i9: i9")
		if got, want := r.srv.Keys(t, "b"), []string{"r/cluster.json"}; !slices.Equal(got, want) {
			t.Errorf("got keys %q, want %q", got, want)
		}
		// Asked again, it is the same.
		r.wantDecided(r.decider(9), "server bootstrap join [] held [s9] of 1; this node holds a slot")
	})
}

// One that claims a slot pays for the write and for reading what became of it (R18, R2).
func TestDeciderJoins(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, r *rig) {
		r.put(rec(rule.Established, 2, slot(1, time.Hour)))
		r.beat(time.Second, 1)
		r.wantDecided(r.decider(9), "server join [192.0.2.1] held [s1 s9] of 2; 1 servers held, 2 desired"+told(2))
		want := []string{
			"   0ms get agents/…-s1", "   0ms get cluster.json", "   0ms get cluster.json", "   0ms get servers/…-s1",
			"   0ms list agents/", "   0ms list servers/", "   0ms swap cluster.json",
		}
		if got := r.sends(); !slices.Equal(got, want) {
			t.Errorf("got requests\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		r.wantStored("established term 1 by i1: i1 i9")
	})
}

// A dry run writes nothing and says what it would write.
func TestDeciderDryRun(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		setup func(r *rig)
		want  string
		says  string
	}{
		{"nothing there", func(*rig) {}, "server bootstrap join [] held [s9] of 1; no live servers and no cluster record", "dry run: would write the cluster record: no live servers and no cluster record"},
		{
			"a free slot", func(r *rig) { r.put(rec(rule.Bootstrapping, 2, slot(1, time.Second))) },
			"server join [192.0.2.1] held [s1 s9] of 2; 1 servers held, 2 desired" + told(2), "dry run: would write the cluster record: 1 servers held, 2 desired",
		},
		{"enough", func(r *rig) { r.put(rec(rule.Bootstrapping, 1, slot(1, time.Second))) }, "agent join [192.0.2.1] held [s1] of 1; 1 servers held, 1 desired", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			bubble(t, func(t *testing.T, r *rig) {
				tt.setup(r)
				before, d := r.stored(), r.decider(9)
				d.DryRun = true
				r.wantDecided(d, tt.want)
				if got := r.writes(); got != 0 {
					t.Errorf("got %d writes, want none", got)
				}
				r.wantStored(before)
				if got := r.progress(); got != tt.says {
					t.Errorf("got said %q, want %q", got, tt.says)
				}
			})
		})
	}
}

// An observation that was made elsewhere, such as a document in a pipe, is as good as its
// entity tag (R1, R18).
func TestDeciderStaleObservation(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, r *rig) {
		empty, err := r.observer.All(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		r.wantDecided(r.decider(1), "server bootstrap join [] held [s1] of 1; no live servers and no cluster record")
		v, _, err := r.decider(2).Decide(t.Context(), &empty)
		if want := "agent join [192.0.2.1] held [s1] of 1; 1 servers held, 1 desired"; err != nil || showDecision(v) != want {
			t.Errorf("got %s, %v, want %s", showDecision(v), err, want)
		}
		r.wantStored("bootstrapping term 1 by i1: i1")

		// The last free slot, seen by both.
		r.put(rec(rule.Bootstrapping, 2, slot(1, time.Second)))
		taken, err := r.observer.All(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		r.decided(r.decider(3))
		r.srv.Forget()
		v, _, err = r.decider(4).Decide(t.Context(), &taken)
		if want := "agent join [192.0.2.3 192.0.2.1] held [s1 s3] of 2; 2 servers held, 2 desired" + told(2); err != nil || showDecision(v) != want {
			t.Errorf("got %s, %v, want %s", showDecision(v), err, want)
		}
		if got := r.srv.Count(ofRecord("put")); got != 1 {
			t.Errorf("got %d swaps, want 1 that is lost", got)
		}
		r.wantStored("bootstrapping term 1 by i1: i1 i3")
	})
}
