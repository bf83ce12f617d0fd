package registry_test

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"auto-consul/lib/registry"
	"auto-consul/lib/storetest"
)

var at = time.Date(2014, 5, 16, 9, 27, 31, 0, time.UTC)

func TestSnapshotKey(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		snapshot registry.ConsulSnapshot
		want     string
	}{
		{
			registry.ConsulSnapshot{ClusterID: "0123456789abcdef", Term: 1, Index: 42, Time: at},
			"snapshots/0123456789abcdef/0000000001-00000000000000000042-20140516092731.snap",
		},
		{
			registry.ConsulSnapshot{ClusterID: "c", Term: 9_999_999_999, Index: math.MaxUint64, Time: at.In(time.FixedZone("", 3600))},
			"snapshots/c/9999999999-18446744073709551615-20140516092731.snap",
		},
	} {
		key := tt.snapshot.Key()
		if key != tt.want {
			t.Errorf("got %s, want %s", key, tt.want)
		}
		got, err := registry.ParseSnapshotKey(key)
		tt.snapshot.Time = at
		if err != nil || got != tt.snapshot {
			t.Errorf("%s: got %+v, %v, want %+v", key, got, err, tt.snapshot)
		}
	}
}

var badSnapshots = []string{
	"", "snapshots", "snapshots/c", "snapshots/c/", "snapshots/c/x.snap",
	"snapshots//0000000001-00000000000000000042-20140516092731.snap",
	"snapshots/../0000000001-00000000000000000042-20140516092731.snap",
	"snapshots/a/b/0000000001-00000000000000000042-20140516092731.snap",
	"snapshots/-c/0000000001-00000000000000000042-20140516092731.snap",
	"snapshots/c/1-00000000000000000042-20140516092731.snap",
	"snapshots/c/0000000001-42-20140516092731.snap",
	"snapshots/c/0000000000-00000000000000000042-20140516092731.snap",
	"snapshots/c/0000000001-99999999999999999999-20140516092731.snap",
	"snapshots/c/0000000001-00000000000000000042-20141316092731.snap",
	"snapshots/c/0000000001-00000000000000000042-20140516092731",
	"snapshots/c/0000000001-00000000000000000042-20140516092731.snap.gz",
	"snapshots/c/0000000001-00000000000000000042-20140516092731.snap\n",
	"snapshots-old/c/0000000001-00000000000000000042-20140516092731.snap",
	"servers/c/0000000001-00000000000000000042-20140516092731.snap",
}

func TestParseSnapshotKeyFails(t *testing.T) {
	t.Parallel()
	for _, key := range badSnapshots {
		if got, err := registry.ParseSnapshotKey(key); err == nil || got != (registry.ConsulSnapshot{}) {
			t.Errorf("got %q read as %+v", key, got)
		}
	}
}

func FuzzParseSnapshotKey(f *testing.F) {
	for _, key := range append(badSnapshots, registry.ConsulSnapshot{ClusterID: "c", Term: 1, Index: 42, Time: at}.Key()) {
		f.Add(key)
	}
	f.Fuzz(func(t *testing.T, key string) {
		s, err := registry.ParseSnapshotKey(key)
		if err != nil {
			return
		}
		if got := s.Key(); got != key {
			t.Errorf("%q was read as %+v, whose key is %q", key, s, got)
		}
		if registry.CheckClusterID(s.ClusterID) != nil || strings.Count(key, "/") != 2 || s.Term < 1 {
			t.Errorf("%q was read as %+v", key, s)
		}
	})
}

// The newest is the last, also where a recovery went back to an older log, or the
// store's clock went back.
func TestSnapshots(t *testing.T) {
	t.Parallel()
	srv := storetest.New(t)
	srv.CreateBucket(t, "b")
	store := srv.Open(t, "b", "")
	want := []registry.ConsulSnapshot{
		{ClusterID: "c", Term: 1, Index: 9, Time: at.Add(time.Hour), Size: 1},
		{ClusterID: "c", Term: 1, Index: 1000, Time: at, Size: 2},
		{ClusterID: "c", Term: 2, Index: 10, Time: at.Add(2 * time.Hour), Size: 3},
	}
	keys := []string{"snapshots/c/notes.txt", "snapshots/c/older/x", "snapshots/c2/" + strings.TrimPrefix(want[0].Key(), "snapshots/c/")}
	for _, s := range want {
		keys = append(keys, s.Key())
	}
	for i, key := range keys {
		if err := store.Upload(t.Context(), key, strings.NewReader("xxx"[:max(1, i-2)])); err != nil {
			t.Fatal(err)
		}
	}
	srv.Forget()
	got, now, err := registry.Snapshots(t.Context(), store, "c")
	if err != nil || !slices.Equal(got, want) || now.IsZero() {
		t.Errorf("got %v, %v, %v, want %v", got, now, err, want)
	}
	if n := srv.Count(nil); n != 1 {
		t.Errorf("got %d requests, want 1", n)
	}
	if got, _, err := registry.Snapshots(t.Context(), store, "none"); err != nil || got != nil {
		t.Errorf("got %v, %v, want none", got, err)
	}
	for _, id := range []string{"", "..", "a/b", "-c", strings.Repeat("c", 129)} {
		if _, _, err := registry.Snapshots(t.Context(), store, id); err == nil {
			t.Errorf("got the cluster id %q accepted", id)
		}
	}
	srv.Outage(true)
	if got, _, err := registry.Snapshots(t.Context(), store, "c"); err == nil || got != nil {
		t.Errorf("got %v, %v, want an error", got, err)
	}
}
