package node

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"auto-consul/lib/registry"
	"auto-consul/lib/rule"
	"auto-consul/lib/storetest"
)

// The leader's loop keeps a snapshot every hour, each of another index, and says so. It
// asks what is kept, writes, reads back and asks again: four requests (R54).
func TestLifeSnapshots(t *testing.T) {
	t.Parallel()
	leading(t, func(t *testing.T, b *beating) {
		b.starts()
		time.Sleep(time.Second)
		synctest.Wait()
		b.wantSnapshots("7")
		b.says("wrote snapshots/c1/0000000001-00000000000000000007-20000101000000.snap, 7 bytes, and compared it; 0 older ones were removed")
		if n := b.srv.Count(storetest.Op("list")); n != 2+1 { // one is the test's
			t.Errorf("got %d listings, want 3", n)
		}
		b.wantSent("put", "snapshots/", 1)
		b.wantSent("get", "snapshots/", 1)
		b.set(func() { b.status.LogIndex = 8 })
		time.Sleep(50 * time.Minute)
		b.wantSnapshots("7")
		time.Sleep(12 * time.Minute)
		b.wantSnapshots("7 8")
		b.says("wrote snapshots/c1/0000000001-00000000000000000008-")
		// Nothing has changed: the agent is not even asked.
		time.Sleep(5 * time.Hour)
		b.wantSnapshots("7 8")
		if b.taken != 2 {
			t.Errorf("got the agent asked %d times, want 2", b.taken)
		}
		b.says()
	})
}

// Whoever is not the leader of the cluster that the record names keeps none (R54), nor
// does a loop that was not told to.
func TestLifeWithoutSnapshots(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(b *beating){
		"not told":       func(b *beating) { b.Snapshots = 0 },
		"not the leader": func(b *beating) { b.status.Leads = false },
		"a client": func(b *beating) {
			b.status = Status{Node: "s1", Address: "192.0.2.1", Members: 4, KnownServers: 3}
		},
		"of no cluster": func(b *beating) { b.membership = rule.Membership{} },
	} {
		leading(t, func(t *testing.T, b *beating) {
			change(b)
			b.runs(3 * time.Hour)
			b.wantSent("list", "snapshots", 0)
			if b.taken > 0 || b.snapshots() != "" {
				t.Errorf("%s: got %d snapshots taken, kept %q", name, b.taken, b.snapshots())
			}
		})
	}
}

// A server that becomes the leader goes on where the last one has stopped (R54).
func TestLifeSnapshotsOfAnotherLeader(t *testing.T) {
	t.Parallel()
	leading(t, func(t *testing.T, b *beating) {
		key := registry.ConsulSnapshot{ClusterID: "c1", Term: 1, Index: 5, Time: time.Now().Add(-20 * time.Minute)}.Key()
		if err := b.Observer.Registry.Store.Upload(t.Context(), key, strings.NewReader("state 5")); err != nil {
			t.Fatal(err)
		}
		b.starts()
		time.Sleep(39 * time.Minute)
		b.wantSnapshots("5")
		time.Sleep(3 * time.Minute)
		b.wantSnapshots("5 7")
		// Another leads for a while.
		b.set(func() { b.status.Leads = false })
		time.Sleep(3 * time.Hour)
		b.set(func() { b.status.Leads, b.status.LogIndex = true, 9 })
		time.Sleep(2 * time.Minute)
		b.wantSnapshots("5 7 9")
	})
}

// What is kept is thinned with each snapshot, and other clusters' folders, and keys that
// are no snapshot's, are left alone (R54).
func TestLifeThinsSnapshots(t *testing.T) {
	t.Parallel()
	leading(t, func(t *testing.T, b *beating) {
		put := func(cluster string, index uint64, age time.Duration) string {
			t.Helper()
			key := registry.ConsulSnapshot{ClusterID: cluster, Term: 1, Index: index, Time: time.Now().Add(-age)}.Key()
			if err := b.Observer.Registry.Store.Upload(t.Context(), key, strings.NewReader(fmt.Sprintf("state %d", index))); err != nil {
				t.Fatal(err)
			}
			return key
		}
		put("c1", 1, 400*24*time.Hour)
		put("c1", 2, 23*time.Hour)
		others := []string{put("c2", 1, 400*24*time.Hour), put("c2", 2, 23*time.Hour), "snapshots/c1/notes"}
		if err := b.Observer.Registry.Store.Put(t.Context(), others[2], nil); err != nil {
			t.Fatal(err)
		}
		b.srv.Deny(storetest.Op("delete"))
		b.runs(time.Second)
		b.wantSnapshots("1 2 7")
		b.says("0 older ones were removed", "warning: remove older snapshots: delete s3://b/r/snapshots/c1/")
		b.srv.Deny(nil)
		b.set(func() { b.status.LogIndex = 8 })
		time.Sleep(time.Hour)
		b.runs(time.Second)
		b.wantSnapshots("2 7 8")
		b.says("wrote the cluster record", "1 older ones were removed")
		for _, key := range others {
			if _, there := b.srv.Body(t, "b", "r/"+key); !there {
				t.Errorf("%s was removed", key)
			}
		}
	})
}
