package datadir

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"auto-consul/lib/registry"
)

// What root writes in a folder of another user belongs to that user, and a file of root's
// that this user has linked there stays root's.
func TestRootWritesForTheOwner(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root can give files away")
	}
	const user = 65534
	owner := func(path string) uint32 {
		t.Helper()
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		return info.Sys().(*syscall.Stat_t).Uid
	}
	folder := func() Dir {
		t.Helper()
		dir := t.TempDir()
		if err := os.Chown(dir, user, user); err != nil {
			t.Fatal(err)
		}
		return Dir(dir)
	}
	mine, linked := folder(), folder()
	if err := mine.KeepMode(registry.Server); err != nil {
		t.Fatal(err)
	}
	if err := mine.Occupy(time.Second, func() {}); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"mode", "lock"} {
		if got := owner(mine.path(name)); got != user {
			t.Errorf("%s belongs to %d, want %d", name, got, user)
		}
	}
	secret := filepath.Join(t.TempDir(), "secret")
	err := os.WriteFile(secret, nil, 0o600)
	if err == nil {
		err = os.Link(secret, linked.path("lock"))
	}
	if err == nil {
		err = linked.Occupy(time.Second, func() {})
	}
	if got := owner(secret); err != nil || got != 0 {
		t.Errorf("got %v; the file that was linked belongs to %d, want 0", err, got)
	}
}
