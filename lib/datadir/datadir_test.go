package datadir_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"auto-consul/lib/datadir"
	"auto-consul/lib/registry"
	"auto-consul/lib/rule"
)

// newDir is a data directory below folders that do not exist yet.
func newDir(t *testing.T) datadir.Dir {
	t.Helper()
	return datadir.Dir(filepath.Join(t.TempDir(), "consul", "state"))
}

// holding is a data directory that holds one file.
func holding(t *testing.T, name, text string) datadir.Dir {
	t.Helper()
	d := newDir(t)
	path := filepath.Join(string(d), name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return d
}

func files(t *testing.T, d datadir.Dir) []string {
	t.Helper()
	entries, err := os.ReadDir(string(d))
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range entries {
		out = append(out, e.Name())
	}
	return out
}

func wantMode(t *testing.T, d datadir.Dir, want registry.Mode) {
	t.Helper()
	if got, err := d.Mode(); err != nil || got != want {
		t.Errorf("got mode %q, %v, want %q", got, err, want)
	}
}

func TestKeepMode(t *testing.T) {
	t.Parallel()
	d := newDir(t)
	wantMode(t, d, "")
	for _, mode := range []registry.Mode{registry.Server, registry.Client, registry.Client} {
		if err := d.KeepMode(mode); err != nil {
			t.Fatal(err)
		}
		wantMode(t, d, mode)
		// The gem reads the bare word.
		if got, err := os.ReadFile(filepath.Join(string(d), "mode")); err != nil || registry.Mode(got) != mode {
			t.Errorf("got %q, %v, want %q", got, err, mode)
		}
	}
	if got := files(t, d); !slices.Equal(got, []string{"mode"}) {
		t.Errorf("got files %q, want mode alone", got)
	}
}

// Consul may run as another user than the one who decided.
func TestModeIsReadable(t *testing.T) {
	t.Parallel()
	d := newDir(t)
	if err := d.KeepMode(registry.Client); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(filepath.Join(string(d), "mode"))
	if err != nil || info.Mode().Perm() != 0o644 {
		t.Errorf("got %v, %v, want permissions 0644", info, err)
	}
}

// An open file keeps what it held: it was replaced, not written over.
func TestReplaceIsAtomic(t *testing.T) {
	t.Parallel()
	d := holding(t, "mode", "server")
	before, err := os.Open(filepath.Join(string(d), "mode"))
	if err != nil {
		t.Fatal(err)
	}
	defer before.Close()
	if err := d.KeepMode(registry.Client); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 16)
	if n, err := before.Read(buf); err != nil || string(buf[:n]) != "server" {
		t.Errorf("got %q, %v, want %q still", buf[:n], err, registry.Server)
	}
	wantMode(t, d, registry.Client)
}

func TestMode(t *testing.T) {
	t.Parallel()
	tests := []struct {
		text string
		want registry.Mode
	}{
		{"server", registry.Server},
		{"agent", registry.Client},
		{"agent\n", registry.Client},
		{" server \r\n", registry.Server},
		{"", ""},
		{"\n", ""},
	}
	for _, tt := range tests {
		wantMode(t, holding(t, "mode", tt.text), tt.want)
	}
}

func TestModeGarbage(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"Server", "client", "server agent", "server\nagent", "\x00", strings.Repeat("x", 1000)} {
		d := holding(t, "mode", text)
		got, err := d.Mode()
		if err == nil || got != "" {
			t.Errorf("%.20q: got %q, %v, want an error", text, got, err)
			continue
		}
		if path := filepath.Join(string(d), "mode"); !strings.Contains(err.Error(), path) || len(err.Error()) > len(path)+200 {
			t.Errorf("got %q, want the file named and the error short", err)
		}
		// Keeping a mode is the remedy.
		if err := d.KeepMode(registry.Client); err != nil {
			t.Error(err)
		}
		wantMode(t, d, registry.Client)
	}
}

func TestUnreadable(t *testing.T) {
	t.Parallel()
	d := holding(t, "mode/inside", "")
	if got, err := d.Mode(); err == nil {
		t.Errorf("a folder in the way: got %q, want an error", got)
	}
	below := datadir.Dir(filepath.Join(string(holding(t, "file", "")), "file", "state"))
	if got, err := below.Mode(); err == nil {
		t.Errorf("below a file: got %q, want an error", got)
	}
	if got, err := below.HasRaft(); err == nil || got {
		t.Errorf("below a file: got raft %t, %v, want an error", got, err)
	}
}

func TestUnwritable(t *testing.T) {
	t.Parallel()
	d := holding(t, "mode/inside", "")
	if err := d.KeepMode(registry.Client); err == nil {
		t.Error("a folder in the way: got no error")
	}
	if got := files(t, d); !slices.Equal(got, []string{"mode"}) {
		t.Errorf("got files %q left, want none but the folder", got)
	}
	parent := holding(t, "file", "text")
	for _, name := range []string{"file", "file/state"} {
		if err := datadir.Dir(filepath.Join(string(parent), name)).KeepMode(registry.Client); err == nil {
			t.Errorf("%s: got no error", name)
		}
	}
	if got, err := os.ReadFile(filepath.Join(string(parent), "file")); err != nil || string(got) != "text" {
		t.Errorf("got %q, %v, want the file as it was", got, err)
	}
}

func TestIncarnation(t *testing.T) {
	t.Parallel()
	d := newDir(t)
	if got, err := d.Incarnation(); err != nil || got != "" {
		t.Errorf("got %q, %v of a new folder, want none", got, err)
	}
	if err := d.KeepIncarnation("0123abcd"); err != nil {
		t.Fatal(err)
	}
	if got, err := d.Incarnation(); err != nil || got != "0123abcd" {
		t.Errorf("got %q, %v, want what was kept", got, err)
	}
	if err := d.KeepIncarnation("0123abcd"); err != nil {
		t.Errorf("got %v of what is kept already", err)
	}
	if err := d.KeepIncarnation("4567ef01"); !errors.Is(err, rule.ErrUndecided) {
		t.Errorf("got %v, want another incarnation refused", err)
	}
	if got, err := d.Incarnation(); err != nil || got != "0123abcd" {
		t.Errorf("got %q, %v, want the first", got, err)
	}
	wantMode(t, d, "")
}

func TestConsul(t *testing.T) {
	t.Parallel()
	d := datadir.Dir("/d")
	for mode, want := range map[registry.Mode]string{registry.Server: "/d/server", registry.Client: "/d/agent"} {
		if got := d.Consul(mode); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
