package claim_test

import (
	"strings"
	"testing"
	"time"

	"auto-consul/lib/registry"
	"auto-consul/lib/rule"
	"auto-consul/lib/storetest"
)

// upload stores snapshots of cluster c1 with some raft indexes, and returns their keys.
func (r *rig) upload(indexes ...uint64) (keys []string) {
	r.t.Helper()
	for _, n := range indexes {
		key := registry.ConsulSnapshot{ClusterID: "c1", Term: 1, Index: n, Time: epoch}.Key()
		if err := r.observer.Registry.Store.Upload(r.t.Context(), key, strings.NewReader("x")); err != nil {
			r.t.Fatal(err)
		}
		keys = append(keys, key)
	}
	r.srv.Forget()
	return keys
}

// The snapshots are listed once the cluster is proved lost, and again after each
// observation; a listing may fail for a while (R39, R55).
func TestDeciderRestores(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, r *rig) {
		r.put(rec(rule.Established, 1, slot(1, time.Hour)))
		keys := r.upload(1, 2)
		listing := storetest.Op("list")
		r.faults(func(q storetest.Request) bool {
			return listing(q) && strings.Contains(q.Query.Get("prefix"), "snapshots/")
		}, storetest.Fault{Status: 400, Code: "Strange"})
		r.wantDecided(r.decider(9), "server bootstrap from "+keys[1]+" join [] held [s9] of 1; cluster c1 is lost: a new cluster in its place, from "+keys[1])
		if !strings.Contains(r.progress(), "trying again") {
			t.Errorf("got %q, want the failure told", r.progress())
		}
	})
}

// Who waits for the operator sees that a snapshot was removed, and restores the one before
// it (R55).
func TestDeciderRestoresOlder(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, r *rig) {
		keys := r.upload(1, 2)
		birth := rec(rule.Bootstrapping, 3, slot(9, time.Hour))
		birth.ClusterID, birth.Restore = "c2", keys[1]
		r.put(birth)
		d := r.decider(9)
		d.Self.FailedRestores = []rule.FailedRestore{{Snapshot: keys[1], Tries: 1, Damaged: true, Why: "WHY"}}
		time.AfterFunc(time.Minute, func() {
			if err := r.observer.Registry.Store.Delete(r.t.Context(), keys[1]); err != nil {
				r.t.Error(err)
			}
		})
		if got, want := r.decided(d), "server bootstrap from "+keys[0]+" join [] held [s9] of 3; "+keys[1]+" cannot be restored: the snapshot before it is"; !strings.HasPrefix(got, want) {
			t.Errorf("got %s, want %s…", got, want)
		}
		if got := r.passed(); got < time.Minute || got > time.Minute+11*time.Second {
			t.Errorf("got it after %v, want it at the next reading", got)
		}
		r.wantStored("bootstrapping term 2 by i9: i9")
	})
}
