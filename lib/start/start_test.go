package start

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"auto-consul/lib/consul"
	"auto-consul/lib/datadir"
	"auto-consul/lib/registry"
	"auto-consul/lib/rule"
)

// A server that goes ahead is made the only voter once: others may vote at a later start.
func TestRecoverOnce(t *testing.T) {
	t.Parallel()
	dir := datadir.Dir(t.TempDir())
	folder := dir.Consul(registry.Server)
	write(t, filepath.Join(folder, "raft/snapshots/2-16-1700000000000/state.bin"), "x")
	write(t, filepath.Join(folder, "node-id"), "0b1c2d3e-4f50-6172-8394-a5b6c7d8e9f0")
	kept := rule.Membership{ClusterID: "c1", Term: 2, Desired: 3, Birth: rule.Quorum}
	if err := dir.KeepMembership(kept); err != nil {
		t.Fatal(err)
	}
	a := Agent{Dir: dir, Mode: registry.Server, Launch: consul.Launch{Advertise: "192.0.2.1"}}
	if err := a.recoverData(); err != nil {
		t.Fatal(err)
	}
	peers := filepath.Join(folder, "raft/peers.json")
	if text, err := os.ReadFile(peers); err != nil || !strings.Contains(string(text), `"192.0.2.1:8300"`) {
		t.Errorf("got peers %s, %v, want 192.0.2.1:8300", text, err)
	}
	kept.Recovered = true
	if m, err := dir.Membership(); err != nil || m != kept {
		t.Errorf("got %+v, %v, want %+v", m, err, kept)
	}
	if err := os.Remove(peers); err != nil { // as Consul does when it has read them
		t.Fatal(err)
	}
	if err := a.recoverData(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(peers); err == nil {
		t.Error("got peers once more, want none")
	}
}

// Where no server could be started, the last line of ac-exec says why.
func TestMayServe(t *testing.T) {
	bin := t.TempDir()
	t.Setenv("PATH", bin+":"+os.Getenv("PATH"))
	program := filepath.Join(bin, "ac-exec")
	write(t, program, "#!/bin/sh\necho \"$*\" >"+bin+"/asked\n")
	if err := MayServe(t.Context(), "-data-dir", "d"); err != nil {
		t.Errorf("got %v, want nothing in the way", err)
	}
	if asked, err := os.ReadFile(bin + "/asked"); err != nil || string(asked) != "-check -mode server -data-dir d\n" {
		t.Errorf("asked with %q, %v", asked, err)
	}
	write(t, program, "#!/bin/sh\necho 'ac-exec: a warning' >&2\necho 'ac-exec: error: port 8300 is taken' >&2\nexit 69\n")
	const want = "no server could be started here: error: port 8300 is taken"
	if err := MayServe(t.Context()); err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
}
