package e2e

import (
	"errors"
	"syscall"
	"testing"
)

// Two of three servers die for good, and then the third.
func TestOutageQuorum(t *testing.T) {
	t.Parallel()
	c := newCluster(t, newDirectory(t), "quorum")
	c.startFast("n1", "n2", "n3")
	c.awaitPeers(c.await(3, 3))
	n1 := c.nodes["n1"]
	n1.command("consul", "snapshot", "save", n1.path("save.snap"))
	for _, name := range []string{"n2", "n3"} {
		c.die(name)
	}
	c.awaitNoLeader("n1")
	// As long as a server beats that takes no part, a recovery is refused.
	eventually(t, "the silence of the others", func() error { return want("servers", names(c.look.members("-e", "12").Servers), "n1") })
	asked := n1.recovers("-dry-run")
	wantOutage(t, "The quorum is lost", func() string { return c.runners["n1"].err.String() + asked.stderr })

	c.die("n1")
	// As long as one beats, the new node takes the place of one that is dead.
	eventually(t, "their silence", func() error { return want("servers", names(c.look.members("-e", "12").Servers), "") })
	wantOutage(t, "All servers are lost", c.waits("new"))
	c.store.keep(t, c.look.members("-e", "12").Cluster.ClusterID, 1, n1.read("save.snap"))
	wantOutage(t, "All servers are lost, and there is a snapshot", c.waits("new2"))
}

// waits starts a blank machine, which is to wait, and returns what it says.
func (c *cluster) waits(name string) func() string {
	c.t.Helper()
	m := newMachine(c.t, name, c.store)
	p := m.start(m.runner("-s", "3", "-e", "12", "-t", "3", "run", "--", "-client="+m.address)...)
	return func() string {
		if err := errors.Join(want("ended", p.ended(), false), want("agents", len(m.pids("consul")), 0)); err != nil {
			c.t.Error(err)
		}
		return p.err.String()
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
