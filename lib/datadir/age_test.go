package datadir_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"auto-consul/lib/datadir"
)

const metadata = "server/server_metadata.json"

// lastSeen is a data directory of a server that ran so long ago.
func lastSeen(t *testing.T, ago time.Duration) datadir.Dir {
	t.Helper()
	return holding(t, metadata, fmt.Sprintf(`{"last_seen_unix":%d}`, time.Now().Add(-ago).Unix()))
}

func TestCheckAge(t *testing.T) {
	t.Parallel()
	for name, d := range map[string]datadir.Dir{
		"new": newDir(t), "young": lastSeen(t, time.Hour), "about to be too old": lastSeen(t, 2*time.Hour-time.Minute),
		"from the future": lastSeen(t, -time.Hour), "nothing said": holding(t, metadata, "{}"), "empty": holding(t, metadata, ""),
	} {
		if err := d.CheckAge(2 * time.Hour); err != nil {
			t.Errorf("%s: got %v, want none", name, err)
		}
	}
	old := lastSeen(t, 2*time.Hour+time.Minute)
	seen, _ := old.LastSeen()
	want := "this server last ran at " + seen.UTC().Format(time.RFC3339) + ", and Consul refuses to start a server that was off for more than 2h0m0s: remove " + filepath.Join(string(old), "server") + " "
	if err := old.CheckAge(2 * time.Hour); err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("got %v, want %s…", err, want)
	}
	for _, text := range []string{"{", `{"last_seen_unix":"yesterday"}`, "[]"} {
		d := holding(t, metadata, text)
		if err := d.CheckAge(time.Hour); err == nil || !strings.Contains(err.Error(), filepath.Join(string(d), metadata)) {
			t.Errorf("%s: got %v, want an error that names the file", text, err)
		}
	}
}

func TestCheckWritable(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "consul", "state")
	for range 2 {
		if err := datadir.CheckWritable(folder); err != nil {
			t.Fatal(err)
		}
	}
	if got := files(t, datadir.Dir(folder)); len(got) != 0 {
		t.Errorf("got files %q left, want none", got)
	}
	file := filepath.Join(folder, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{file, filepath.Join(file, "state")} {
		if err := datadir.CheckWritable(bad); !errors.Is(err, syscall.ENOTDIR) || !strings.HasPrefix(err.Error(), "data directory: ") {
			t.Errorf("%s: got %v, want it refused", bad, err)
		}
	}
}
