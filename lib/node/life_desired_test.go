package node

import (
	"errors"
	"testing"
	"time"

	"auto-consul/lib/rule"
	"auto-consul/lib/storetest"
)

// five changes a record so that five servers are desired.
func five(r *rule.Record) { r.Desired = 5 }

// The number of another cluster, or of a later birth, is not kept, and ends the loop.
func TestLifeKeepsNoOthersNumber(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change func(*rule.Record)
		err    error
		want   int
	}{
		"its own cluster": {func(*rule.Record) {}, nil, 5},
		"another cluster": {func(r *rule.Record) { r.ClusterID = "c2" }, rule.ErrFenced, 3},
		"a later term":    {func(r *rule.Record) { r.Bootstrap.Term = 2 }, rule.ErrFenced, 3},
	} {
		lifetime(t, led(), func(t *testing.T, b *beating) {
			b.record(rule.Established, func(r *rule.Record) { five(r); tt.change(r) })
			if err := b.run(time.Second); !errors.Is(err, tt.err) {
				t.Errorf("%s: got %v, want %v", name, err, tt.err)
			}
			if b.membership.Desired != tt.want {
				t.Errorf("%s: got %d kept, want %d", name, b.membership.Desired, tt.want)
			}
		})
	}
}

// A client keeps no number: it writes no record back.
func TestLifeOfAClientKeepsNoNumber(t *testing.T) {
	t.Parallel()
	lifetime(t, client(), func(t *testing.T, b *beating) {
		b.record(rule.Established, five)
		b.runs(time.Second)
		if b.membership.Desired != 3 {
			t.Errorf("got %d kept, want 3 as before", b.membership.Desired)
		}
	})
}

// What another program has written to the data directory since this one read it stays.
func TestLifeKeepsNothingOverAnother(t *testing.T) {
	t.Parallel()
	lifetime(t, led(), func(t *testing.T, b *beating) {
		b.record(rule.Established, five)
		other := rule.Membership{ClusterID: "c2", Term: 4, Desired: 7, Birth: rule.First}
		b.srv.SetFault(func(q storetest.Request) storetest.Fault {
			if q.Op == "get" {
				b.membership = other
			}
			return storetest.Fault{}
		})
		b.runs(time.Second)
		if b.membership != other {
			t.Errorf("got %+v kept, want %+v", b.membership, other)
		}
		b.says()
	})
}

// A data directory that cannot be written is told once, and the beats go on.
func TestLifeOnAFullDisk(t *testing.T) {
	t.Parallel()
	lifetime(t, led(), func(t *testing.T, b *beating) {
		b.record(rule.Established, five)
		b.full = errors.New("no space left on device")
		b.runs(testTicks + time.Second)
		b.says("warning: keep the desired number of servers, 5 now: no space left on device")
		b.wantSent("put", "servers/", 2)
		b.full = nil
		b.runs(testTicks)
		if b.membership.Desired != 5 {
			t.Errorf("got %d kept once there is space, want 5", b.membership.Desired)
		}
	})
}

// A record that has named this server's cluster until it vanished is written back,
// though the cluster has no leader just then (R36). A server that has seen none writes
// none.
func TestLifeWritesBackWithoutALeader(t *testing.T) {
	t.Parallel()
	leaderless := led()
	leaderless.Leader = ""
	lifetime(t, leaderless, func(t *testing.T, b *beating) {
		b.runs(time.Second)
		b.wantSent("put", rule.RecordKey, 0)
		b.record(rule.Established, nil)
		b.runs(time.Second)
		b.says()
		if err := b.Observer.Registry.Store.Delete(t.Context(), rule.RecordKey); err != nil {
			t.Fatal(err)
		}
		b.runs(testTicks)
		seen, err := b.Observer.Record(t.Context())
		if err != nil || seen.Record == nil {
			t.Fatalf("got %+v, %v, want the record back", seen.Record, err)
		}
		got := *seen.Record
		if got.ClusterID != "c1" || got.State != rule.Established || got.Desired != 3 || got.Birth != rule.First || len(got.Servers) != 1 {
			t.Errorf("got the record %+v", got)
		}
		b.says("wrote the cluster record: the cluster record was gone")
	})
}
