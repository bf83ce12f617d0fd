package datadir_test

import (
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"auto-consul/lib/datadir"
	"auto-consul/lib/registry"
	"auto-consul/lib/rule"
)

// ready is a restore in a data directory with one file, as Consul has left it.
func ready(t *testing.T, d datadir.Dir) datadir.Restore {
	t.Helper()
	r, err := d.NewRestore()
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"node-id": "ffffffff-4f50-6172-8394-a5b6c7d8e9f0", "raft/snapshots/2-16-1/state.bin": "x", "serf/local.snapshot": "loopback"} {
		path := filepath.Join(r.Folder(), name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(r.Snapshot(), []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := r.Ready(someID, netip.MustParseAddrPort("10.0.0.1:8300")); err != nil {
		t.Fatal(err)
	}
	return r
}

// What was restored is there as a whole or not at all, wherever it was interrupted, and an
// interrupted restore can be repeated (R55).
func TestRestorePlace(t *testing.T) {
	t.Parallel()
	for steps := 0; ; steps++ {
		d := holding(t, "server/raft/raft.db", "") // of a server that found no cluster
		if err := os.Remove(filepath.Join(string(d), "server/raft/raft.db")); err != nil {
			t.Fatal(err)
		}
		r := ready(t, d)
		more, err := r.StartPlace(steps)
		if err != nil {
			t.Fatal(err)
		}
		has, err := d.HasRaft()
		if err != nil || has != !more {
			t.Errorf("after %d steps: got raft data %t, %v, want %t", steps, has, err, !more)
		}
		if !more {
			for _, file := range []string{"raft/peers.json", "raft/peers.info", "raft/snapshots/2-16-1/state.bin"} {
				contents(t, d.Consul(registry.Server), file)
			}
			break
		}
		if err := ready(t, d).Place(); err != nil {
			t.Errorf("again after %d steps: %v", steps, err)
		}
		if got := contents(t, d.Consul(registry.Server), "node-id"); got != someID {
			t.Errorf("got node id %s", got)
		}
		if got := files(t, datadir.Dir(d.Consul(registry.Server))); !slices.Equal(got, []string{"node-id", "raft"}) {
			t.Errorf("got files %q, want nothing else left", got)
		}
	}
}

// Raft data that is there is never written over (R13).
func TestRestoreRefuses(t *testing.T) {
	t.Parallel()
	d := holding(t, "server/raft/snapshots/2-99-1/state.bin", "mine")
	if err := ready(t, d).Place(); err == nil || !strings.Contains(err.Error(), "raft data already") {
		t.Errorf("got %v, want it refused", err)
	}
	if got := contents(t, d.Consul(registry.Server), "raft/snapshots/2-99-1/state.bin"); got != "mine" {
		t.Errorf("got %q, want it as it was", got)
	}
}

// Nobody else can read a snapshot, and the next start removes what a crash has left.
func TestRestoreIsPrivate(t *testing.T) {
	t.Parallel()
	d := newDir(t)
	if err := d.EndRestore(); err != nil {
		t.Error(err)
	}
	r := ready(t, d)
	info, err := os.Stat(filepath.Dir(r.Snapshot()))
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("got %v, %v, want permissions 0700", info, err)
	}
	if err := d.EndRestore(); err != nil {
		t.Error(err)
	}
	if got := files(t, datadir.Dir(d.Consul(registry.Server))); len(got) != 0 {
		t.Errorf("got files %q left", got)
	}
	if err := holding(t, "server", "a file").EndRestore(); err != nil {
		t.Errorf("a file in the way: %v", err)
	}
	// Without a node id of the snapshot's the one that Consul has drawn stays.
	if err := os.RemoveAll(filepath.Dir(r.Snapshot())); err != nil {
		t.Fatal(err)
	}
	r = ready(t, d)
	if err := r.Ready("", netip.MustParseAddrPort("10.0.0.1:8300")); err != nil || contents(t, r.Folder(), "node-id") != someID {
		t.Errorf("got %v, want the id as it was", err)
	}
}

// What failed is remembered until it is removed (R55).
func TestFailedRestores(t *testing.T) {
	t.Parallel()
	d := newDir(t)
	want := []rule.FailedRestore{{Snapshot: "a", Tries: 1, Why: "why"}, {Snapshot: "b", Tries: 3, Damaged: true}}
	for _, list := range [][]rule.FailedRestore{nil, want, want[:1], nil} {
		if err := d.KeepFailedRestores(list); err != nil {
			t.Fatal(err)
		}
		if got, err := d.FailedRestores(); err != nil || !slices.Equal(got, list) {
			t.Errorf("got %v, %v, want %v", got, err, list)
		}
		if _, err := os.Stat(d.FailedRestoresFile()); os.IsNotExist(err) != (list == nil) {
			t.Errorf("got %v of the file with %v", err, list)
		}
	}
	if got, err := holding(t, "restore-failed", "{").FailedRestores(); err == nil {
		t.Errorf("got %v of what cannot be read, want an error", got)
	}
}
