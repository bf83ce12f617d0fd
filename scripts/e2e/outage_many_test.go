package e2e

import (
	"errors"
	"os"
	"syscall"
	"testing"
)

// Two of three servers die for good, and then the third.
func TestOutageQuorum(t *testing.T) {
	t.Parallel()
	c := newCluster(t, newDirectory(t), "quorum")
	c.startFast("n1", "n2", "n3")
	c.awaitPeers(c.await(3, 3))
	for _, name := range []string{"n2", "n3"} {
		c.die(name)
	}
	wantOutage(t, "The quorum is lost", func() string { return c.runners["n1"].err.String() })

	c.die("n1")
	for _, m := range c.nodes {
		if err := os.RemoveAll(m.path("data")); err != nil {
			t.Fatal(err)
		}
	}
	// As long as one beats, the new node takes the place of one that is dead.
	eventually(t, "their silence", func() error { return want("servers", names(c.look.members("-e", "12").Servers), "") })
	m := newMachine(t, "new", c.store)
	p := m.start(m.runner("-s", "3", "-e", "12", "-t", "3", "run", "--", "-client="+m.address)...)
	wantOutage(t, "All servers are lost", func() string { return p.err.String() })
	if err := errors.Join(want("ended", p.ended(), false), want("agents", len(m.pids("consul")), 0)); err != nil {
		t.Error(err)
	}
}

// die ends a machine for good.
func (c *cluster) die(name string) {
	c.t.Helper()
	c.runners[name].signalGroup(syscall.SIGKILL)
	c.runners[name].wait()
	killAll(c.t, c.nodes[name].id())
	delete(c.runners, name)
}
