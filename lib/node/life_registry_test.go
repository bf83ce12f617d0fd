package node

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"auto-consul/lib/rule"
	"auto-consul/lib/storetest"
)

// An address that never answers keeps no other waiting and is left out; one that hangs
// is asked for once until it is answered.
func TestJoins(t *testing.T) {
	t.Parallel()
	lifetime(t, led(), func(t *testing.T, b *beating) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		b.joinable, b.blackholes, b.hangs = []string{"a", "b"}, []string{"hole"}, []string{"slow"}
		for range 2 {
			begin := time.Now()
			got := b.joins.joinEach(ctx, b, []string{"hole", "slow", "a", "b"})
			if len(got) != 2 || got[0].err != nil || got[1].err != nil || time.Since(begin) > joinWait {
				t.Errorf("got %v after %v, want two joins", got, time.Since(begin))
			}
		}
		slices.Sort(b.joined)
		if want := []string{"a", "a", "b", "b", "slow"}; !slices.Equal(b.joined, want) {
			t.Errorf("got %q asked for, want %q", b.joined, want)
		}
		// Where all seem to be black holes, the agent may have ways that this process has not.
		if got := b.joins.joinEach(ctx, b, []string{"hole"}); len(got) != 1 {
			t.Errorf("got %v, want the only address asked for", got)
		}
	})
}

// Own heartbeats go when they have expired. Where nothing may be removed, eight at most
// are tried again, so that a beat stays a few requests.
func TestLifeTidies(t *testing.T) {
	t.Parallel()
	for denied, most := range map[bool]int{false: 2, true: 2 * (maxRetriedRemovals + 1)} {
		lifetime(t, Status{Node: "s1", Address: "192.0.2.1", Members: 4, KnownServers: 3}, func(t *testing.T, b *beating) {
			b.record(rule.Established, nil)
			if denied {
				b.srv.Deny(storetest.Op("delete"))
			}
			if err := b.run(30 * time.Minute); err != nil {
				t.Fatal(err)
			}
			b.srv.Forget()
			if err := b.run(testTicks + time.Second); err != nil {
				t.Fatal(err)
			}
			if got := b.sent("delete", "agents/"); got < 1 || got > most {
				t.Errorf("denied %t: got %d removals in two beats, want %d at most", denied, got, most)
			}
			if got := len(b.written); got > maxRetriedRemovals+3 {
				t.Errorf("denied %t: got %d to be removed later, want %d and those that are live", denied, got, maxRetriedRemovals)
			}
			b.srv.Deny(nil)
			b.runs(testTicks)
			if got := len(b.written); got > 3 {
				t.Errorf("denied %t: got %v left to be removed later, want those alone that are live", denied, b.written)
			}
		})
	}
}

// The number of servers that the record wants is kept, so that a record that vanishes is
// written back with it (R36).
func TestLifeKeepsTheDesiredNumber(t *testing.T) {
	t.Parallel()
	lifetime(t, led(), func(t *testing.T, b *beating) {
		b.record(rule.Established, func(r *rule.Record) { r.Desired = 5 })
		if err := b.run(time.Second); err != nil {
			t.Fatal(err)
		}
		if b.membership.Desired != 5 {
			t.Errorf("got %d kept, want 5", b.membership.Desired)
		}
		if err := b.Observer.Registry.Store.Delete(t.Context(), rule.RecordKey); err != nil {
			t.Fatal(err)
		}
		if err := b.run(testTicks); err != nil {
			t.Fatal(err)
		}
		b.says("wrote the cluster record: the cluster record was gone")
		seen, err := b.Observer.Record(t.Context())
		if err != nil || seen.Record == nil || seen.Record.Desired != 5 {
			t.Errorf("got %+v, %v, want five servers desired", seen.Record, err)
		}
	})
}

// A node that leaves is out of the registry before its slot is (R38), for a free slot
// beside live heartbeats would be no vacancy.
func TestLifeLeaves(t *testing.T) {
	t.Parallel()
	lifetime(t, led(), func(t *testing.T, b *beating) {
		b.record(rule.Established, nil)
		if err := b.run(time.Second); err != nil {
			t.Fatal(err)
		}
		b.srv.Forget()
		if err := b.Beater.Leave(t.Context(), false); err != nil {
			t.Fatal(err)
		}
		var order []string
		for _, q := range b.srv.Requests() {
			if q.Op == "delete" || q.Conditional() {
				order = append(order, q.Op+" "+strings.Split(strings.TrimPrefix(q.Key, "r/"), "/")[0])
			}
		}
		if want := []string{"delete agents", "delete servers", "put cluster.json"}; len(order) != 3 || order[2] != want[2] {
			t.Errorf("got %q, want the heartbeats removed before the slot", order)
		}
	})
}

// Beats of one second write the same keys, which are remembered once: those to be removed
// later would otherwise push each other out.
func TestLifeRemembersAKeyOnce(t *testing.T) {
	t.Parallel()
	lifetime(t, led(), func(t *testing.T, b *beating) {
		b.record(rule.Established, nil)
		for range 3 {
			if err := b.Beat(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if len(b.written) != 2 {
			t.Errorf("got %v, want one key of each role", b.written)
		}
	})
}
