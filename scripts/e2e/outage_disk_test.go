package e2e

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// The disk of a blank machine is full, and that of the leader of three becomes so while it
// runs. Another leads then. When there is room again, the full one must be restarted, and has
// what was acknowledged by it and by the others.
func TestOutageFullDisk(t *testing.T) {
	t.Parallel()
	blank := newMachine(t, "server1", newDirectory(t))
	small(t, blank, "64k")
	if err := os.WriteFile(blank.path("data/fill"), make([]byte, 65<<10), 0o644); err == nil {
		t.Error("the file system is not full")
	}
	claimed := blank.start(blank.outageArgs()...).wait()
	keys, err := blank.store.keys()
	if err := errors.Join(err, want("keys", strings.Join(keys, " "), "")); err != nil {
		t.Errorf("it has claimed something: %v", err)
	}

	c := newCluster(t, newDirectory(t), "quorum")
	servers := []string{"n1", "n2", "n3"}
	for _, name := range servers {
		c.nodes[name] = newMachine(t, name, c.store)
		small(t, c.nodes[name], "100m") // Consul's log has files of 64 MiB
		c.restart(name, c.nodes[name])
	}
	c.awaitVoters(c.await(3, 3)...)
	full := c.leads(servers)
	others := c.without(full)
	for _, name := range others {
		small(t, c.nodes[name], "400m")
	}
	value, written := strings.Repeat("x", 128<<10), 0
	for ; written < 1000 && c.nodes[others[0]].putKey(fmt.Sprintf("disk/%d", written), value) == nil; written++ {
	}
	wantOutage(t, "A disk is full", func() string { return claimed.stderr + c.runners[full].out.String() })
	c.leads(others)
	eventually(t, "a key to be written", func() error { return c.nodes[others[0]].putKey("disk/over", "yes") })
	small(t, c.nodes[full], "400m")
	if err := c.nodes[full].wantStaleKeys("disk", written+1); err == nil {
		t.Error("the full server has all keys without a restart, which the page asks for")
	}
	c.stop(full)
	c.restart(full, c.nodes[full])
	eventually(t, "all keys at "+full, func() error {
		return errors.Join(want("keys written", written > 0, true), c.nodes[full].wantStaleKeys("disk", written+1))
	})
	c.awaitVoters(servers...)
}

// small gives a machine's data directory a file system of so many bytes, or the one that it
// has another size.
func small(t *testing.T, m *machine, size string) {
	t.Helper()
	dir, how := m.path("data"), "size="+size
	if exists(dir) == nil {
		how = "remount," + how
	} else {
		t.Cleanup(func() { _ = exec.Command("umount", "-l", dir).Run() })
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", how, "tmpfs", dir).CombinedOutput(); err != nil {
		t.Fatalf("mount: %v: %s", err, out)
	}
}
