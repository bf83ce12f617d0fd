package datadir_test

import (
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"auto-consul/lib/datadir"
	"auto-consul/lib/registry"
)

const (
	segment     = "server/raft/wal/1-0.wal"
	clientsRaft = "agent/raft/wal/1-0.wal"
)

var (
	entry   = strings.Repeat("\x00", 32) + "\x01"
	noEntry = strings.Repeat("\x00", 4096)
)

// with is a data directory that holds some files, by their path.
func with(t *testing.T, texts map[string]string) datadir.Dir {
	t.Helper()
	d := newDir(t)
	for name, text := range texts {
		path := filepath.Join(string(d), name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return d
}

// wantFiles checks that a data directory holds these files and no others.
func wantFiles(t *testing.T, d datadir.Dir, want map[string]string) {
	t.Helper()
	got := map[string]string{}
	err := fs.WalkDir(os.DirFS(string(d)), ".", func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		text, err := os.ReadFile(filepath.Join(string(d), path))
		got[path] = string(text)
		return err
	})
	if err != nil && len(want) > 0 || !maps.Equal(got, want) {
		t.Errorf("got files %q, %v, want %q", got, err, want)
	}
}

// same are the files of a data directory that nothing happens to.
func same(files map[string]string) [2]map[string]string {
	return [2]map[string]string{files, files}
}

func TestTakeRole(t *testing.T) {
	t.Parallel()
	type texts = map[string]string
	tests := []struct {
		name  string
		mode  registry.Mode
		files [2]texts // before and after
	}{
		{"a new server", registry.Server, same(nil)},
		{"a new client", registry.Client, same(nil)},
		{"a server", registry.Server, same(texts{"server/node-id": "s", segment: entry, metadata: "{}", "mode": "server"})},
		{"a client", registry.Client, same(texts{"agent/node-id": "c", "agent/services/1": "web"})},
		{"a server that found no cluster", registry.Server, same(texts{"server/node-id": "s", segment: noEntry, metadata: "{}"})},
		{"a client becomes a server", registry.Server, [2]texts{
			{"agent/node-id": "c", "agent/services/1": "web", "agent/serf/local.snapshot": "alive", "mode": "server", "cluster": "{}"},
			{"server/node-id": "c", "server/services/1": "web", "server/serf/local.snapshot": "alive", "mode": "server", "cluster": "{}"},
		}},
		{"a client that was a server", registry.Server, [2]texts{
			{"agent/node-id": "c", "server/node-id": "s", segment: noEntry, "server.before/node-id": "older"},
			{"server/node-id": "c", "server.before/node-id": "s", "server.before/raft/wal/1-0.wal": noEntry},
		}},
		{"a client beside a folder in which nothing ran", registry.Server, [2]texts{
			{"agent/node-id": "c", "server/serf/local.snapshot": ""},
			{"server/node-id": "c", "server.before/serf/local.snapshot": ""},
		}},
		{"raft data stays in use", registry.Server, same(texts{"agent/node-id": "c", "server/node-id": "s", segment: entry})},
		{"no client ran", registry.Server, same(texts{"agent/serf/local.snapshot": "", "server/node-id": "s"})},
		{"what a server left in the client's folder", registry.Server, [2]texts{
			{"agent/node-id": "c", clientsRaft: entry, "agent/server_metadata.json": "{}", "raft.before/older": "", "server_metadata.json.before": "older"},
			{"server/node-id": "c", "raft.before/wal/1-0.wal": entry, "server_metadata.json.before": "{}"},
		}},
		{"a server that found no cluster becomes a client", registry.Client, [2]texts{
			{"server/node-id": "s", "server/services/1": "web", segment: noEntry, metadata: "{}", "agent/serf/local.snapshot": ""},
			{"agent/node-id": "s", "agent/services/1": "web", clientsRaft: noEntry, "server_metadata.json.before": "{}", "agent.before/serf/local.snapshot": ""},
		}},
		{"raft data is no client's", registry.Client, same(texts{"server/node-id": "s", segment: entry, metadata: "{}"})},
		{"a mode that was set", registry.Client, same(texts{"agent/node-id": "c", "server/node-id": "s", segment: entry})},
		{"a client beside a server without raft data", registry.Client, same(texts{"agent/node-id": "c", "server/node-id": "s"})},
		{"no server ran", registry.Client, same(texts{"server/serf/local.snapshot": ""})},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := with(t, tt.files[0])
			for range 2 {
				if err := d.TakeRole(tt.mode); err != nil {
					t.Fatal(err)
				}
				wantFiles(t, d, tt.files[1])
			}
		})
	}
}

func TestSetRaftAside(t *testing.T) {
	t.Parallel()
	type texts = map[string]string
	for name, files := range map[string][2]texts{
		"nothing there": same(nil),
		"a client":      same(texts{"agent/node-id": "c"}),
		"a server": {
			{"server/node-id": "s", "server/services/1": "web", segment: entry, metadata: "{}", "mode": "agent"},
			{"agent/node-id": "s", "agent/services/1": "web", "raft.before/wal/1-0.wal": entry, "server_metadata.json.before": "{}", "mode": "agent"},
		},
		"a server that was a client": {
			{"server/node-id": "s", segment: entry, "raft.before/older": "", "agent/node-id": "c", "agent.before/node-id": "older"},
			{"agent/node-id": "s", "raft.before/wal/1-0.wal": entry, "agent.before/node-id": "c"},
		},
		"raft data alone": {
			{segment: entry, "agent/node-id": "c"},
			{"raft.before/wal/1-0.wal": entry, "agent/node-id": "c"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := with(t, files[0])
			for range 2 {
				if err := d.SetRaftAside(); err != nil {
					t.Fatal(err)
				}
				wantFiles(t, d, files[1])
				if err := d.TakeRole(registry.Client); err != nil {
					t.Fatal(err)
				}
				wantFiles(t, d, files[1])
			}
		})
	}
}

// What cannot be read, or is not Consul's folder, is left alone.
func TestRoleUnreadable(t *testing.T) {
	t.Parallel()
	for _, mode := range []registry.Mode{registry.Server, registry.Client} {
		for _, file := range []string{"server", "agent"} {
			d := holding(t, file, "text")
			if err := d.TakeRole(mode); err == nil {
				t.Errorf("%s, and a file at %s: got no error", mode, file)
			}
			wantFiles(t, d, map[string]string{file: "text"})
		}
	}
	d := holding(t, "server", "text")
	if err := d.SetRaftAside(); err == nil {
		t.Error("a file at server: got no error")
	}
}

// The age of a server's folder is of no account where the node goes on in the client's.
func TestCheckAgeOfClient(t *testing.T) {
	t.Parallel()
	d := lastSeen(t, 3*time.Hour)
	if err := d.CheckAge(2 * time.Hour); err == nil {
		t.Error("a server: got no error")
	}
	if err := os.MkdirAll(filepath.Join(string(d), "agent"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(string(d), "agent", "node-id"), []byte("c"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := d.CheckAge(2 * time.Hour); err != nil {
		t.Errorf("a client: got %v, want none", err)
	}
	if err := d.TakeRole(registry.Server); err != nil {
		t.Fatal(err)
	}
	if err := d.CheckAge(2 * time.Hour); err != nil {
		t.Errorf("a server that was a client: got %v, want none", err)
	}
}
