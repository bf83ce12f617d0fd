package datadir_test

import (
	"maps"
	"strings"
	"testing"

	"auto-consul/lib/datadir"
	"auto-consul/lib/registry"
)

// A change of role that is killed after any of its steps goes on with the next call, also
// between the removal of what was set aside long ago and the rename that takes its place.
func TestRoleInterrupted(t *testing.T) {
	t.Parallel()
	older := map[string]string{
		"raft.before/older": "", "server_metadata.json.before": "older", "agent.before/older": "", "server.before/older": "",
	}
	for name, change := range map[string]struct {
		files    map[string]string
		from, to registry.Mode
		steps    int
		call     func(d datadir.Dir) error
		want     map[string]string
	}{
		"server": {
			map[string]string{"agent/node-id": "c", "agent/services/1": "web", clientsRaft: entry, "agent/server_metadata.json": "{}", "server/node-id": "s"},
			registry.Client, registry.Server, 4,
			func(d datadir.Dir) error { return d.TakeRole(registry.Server) },
			map[string]string{"server/node-id": "c", "server/services/1": "web", "raft.before/wal/1-0.wal": entry, "server_metadata.json.before": "{}", "server.before/node-id": "s"},
		},
		"client": {
			map[string]string{"server/node-id": "s", "server/services/1": "web", metadata: "{}", "agent/serf/local.snapshot": ""},
			registry.Server, registry.Client, 3,
			func(d datadir.Dir) error { return d.TakeRole(registry.Client) },
			map[string]string{"agent/node-id": "s", "agent/services/1": "web", "server_metadata.json.before": "{}", "agent.before/serf/local.snapshot": ""},
		},
		"raft data aside": {
			map[string]string{"server/node-id": "s", "server/services/1": "web", segment: entry, metadata: "{}", "agent/node-id": "c"},
			registry.Server, registry.Client, 4,
			datadir.Dir.SetRaftAside,
			map[string]string{"agent/node-id": "s", "agent/services/1": "web", "raft.before/wal/1-0.wal": entry, "server_metadata.json.before": "{}", "agent.before/node-id": "c"},
		},
	} {
		for _, before := range []map[string]string{nil, older} {
			files, want := maps.Clone(change.files), maps.Clone(change.want)
			for name, text := range before {
				files[name] = text
				if base, _, _ := strings.Cut(name, "/"); !replaced(want, base) {
					want[name] = text
				}
			}
			for steps := range change.steps + 1 {
				d := with(t, files)
				if taken, err := d.StartRename(change.from, change.to, steps); err != nil || !taken {
					t.Fatalf("%s: got %t, %v for %d steps, want them taken", name, taken, err, steps)
				}
				if err := change.call(d); err != nil {
					t.Errorf("%s, %d steps: %v", name, steps, err)
				}
				wantFiles(t, d, want)
			}
			if taken, err := with(t, files).StartRename(change.from, change.to, change.steps+1); err != nil || taken {
				t.Errorf("%s: got %t, %v for more than %d steps, want no more", name, taken, err, change.steps)
			}
		}
	}
}

// replaced reports whether some files lie at a name, or below it.
func replaced(files map[string]string, name string) bool {
	for path := range files {
		if base, _, _ := strings.Cut(path, "/"); base == name {
			return true
		}
	}
	return false
}
