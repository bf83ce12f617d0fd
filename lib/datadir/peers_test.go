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
)

const someID = "0b1c2d3e-4f50-6172-8394-a5b6c7d8e9f0"

// server is Consul's own folder of a server, with raft data and a node id.
func server(t *testing.T, id string) string {
	t.Helper()
	folder := holding(t, "server/raft/snapshots/2-16-1700000000000/state.bin", "x").Consul(registry.Server)
	if id != "" {
		if err := os.WriteFile(filepath.Join(folder, "node-id"), []byte(id), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

func contents(t *testing.T, path ...string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(path...))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// Consul deletes a peers.json that has no peers.info beside it.
func TestMakeSoleVoter(t *testing.T) {
	t.Parallel()
	folder := server(t, someID+"\n")
	for _, at := range []string{"10.0.0.1:8300", "[2001:db8::1]:8300"} { // what a crash left is written over
		if err := datadir.MakeSoleVoter(folder, netip.MustParseAddrPort(at)); err != nil {
			t.Fatal(err)
		}
		want := `[{"id":"` + someID + `","address":"` + at + `","non_voter":false}]`
		if got := contents(t, folder, "raft", "peers.json"); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		if contents(t, folder, "raft", "peers.info") == "" {
			t.Error("got an empty peers.info")
		}
	}
	if got := files(t, datadir.Dir(filepath.Join(folder, "raft"))); !slices.Equal(got, []string{"peers.info", "peers.json", "snapshots"}) {
		t.Errorf("got files %q, want nothing else left", got)
	}
}

// A crash at any moment leaves no peers.json without its peers.info: here the second
// cannot be written.
func TestMakeSoleVoterInOrder(t *testing.T) {
	t.Parallel()
	folder := server(t, someID)
	if err := os.MkdirAll(filepath.Join(folder, "raft", "peers.info", "in the way"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := datadir.MakeSoleVoter(folder, netip.MustParseAddrPort("10.0.0.1:8300")); err == nil {
		t.Error("got no error")
	}
	if _, err := os.Stat(filepath.Join(folder, "raft", "peers.json")); !os.IsNotExist(err) {
		t.Errorf("got %v, want no peers.json", err)
	}
}

// Consul would fail at each start: nothing is written.
func TestMakeSoleVoterRefuses(t *testing.T) {
	t.Parallel()
	empty := holding(t, "server/node-id", someID).Consul(registry.Server)
	for name, tt := range map[string]struct{ folder, want string }{
		"no node id":   {server(t, ""), "node-id"},
		"bad node id":  {server(t, "x"), "want a node id"},
		"no raft data": {empty, "no raft data"},
	} {
		err := datadir.MakeSoleVoter(tt.folder, netip.MustParseAddrPort("10.0.0.1:8300"))
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want %q", name, err, tt.want)
		}
		for _, file := range []string{"peers.json", "peers.info"} {
			if _, err := os.Stat(filepath.Join(tt.folder, "raft", file)); !os.IsNotExist(err) {
				t.Errorf("%s: got %v, want no %s", name, err, file)
			}
		}
	}
}
