package e2e

import (
	"errors"
	"fmt"
	"syscall"
	"testing"

	"auto-consul/lib/wire"
)

// All servers are replaced, one by one, while one agent is off and another is
// paused. Every address that these two know is nobody's when they come back.
func TestServersAreReplacedWhileAgentsAreAway(t *testing.T) {
	t.Parallel()
	c := newCluster(t, newBucket(t), "quorum")
	servers := c.addServers()
	c.quickVotes("n1")
	c.add("a1")
	c.add("a2")
	c.await(3, 5)
	for _, name := range []string{"a1", "a2"} {
		c.nodes[name].awaitLeader()
	}

	c.kill("a1")
	paused := []int{c.nodes["a2"].pid("consul"), c.nodes["a2"].beats()}
	signalAll(t, syscall.SIGSTOP, paused)
	for i, gone := range []string{"n1", "n2", "n3"} {
		c.leave(gone)
		name := fmt.Sprintf("n%d", i+4)
		c.add(name)
		servers = append(servers[1:], name)
		c.awaitVoters(servers...)
	}
	c.awaitListed("n4 n5 n6", "n4 n5 n6")

	c.restart("a1", c.nodes["a1"])
	signalAll(t, syscall.SIGCONT, paused)
	// The kernel has kept what was said to the paused one: it may know some of the
	// new servers at once, and Consul then takes half a minute to tell it the rest.
	for _, name := range []string{"a1", "a2"} {
		eventually(t, "the new servers at "+name, func() error {
			_, err := c.nodes[name].leader()
			alive, aerr := c.nodes[name].aliveServers()
			return errors.Join(err, aerr, want("servers", alive, "n4 n5 n6"))
		})
	}
	c.awaitListed("n4 n5 n6", "a1 a2 n4 n5 n6")
	for _, name := range []string{"a1", "a2"} {
		if err := want("mode of "+name, c.nodes[name].read("data/mode"), wire.Agent); err != nil {
			t.Error(err)
		}
	}
	if err := want("the paused agent's process", c.nodes["a2"].pid("consul"), paused[0]); err != nil {
		t.Error(err)
	}
}

// addServers starts three nodes, and returns them when all of them vote.
func (c *cluster) addServers() []string {
	c.t.Helper()
	for _, name := range []string{"n1", "n2", "n3"} {
		c.add(name)
	}
	servers := c.await(3, 3)
	c.awaitVoters(servers...)
	return servers
}

// add starts a node that does not linger when it leaves: it drains nothing, and
// has no second pool of members to leave. It may have more in its environment.
func (c *cluster) add(name string, env ...string) {
	c.t.Helper()
	m := newMachine(c.t, name, c.store)
	m.write("consul.d/leave.hcl", "performance { leave_drain_time = \"0s\" }\nports { serf_wan = -1 }\n")
	c.nodes[name] = m
	c.restart(name, m, env...)
}

// leave takes a node out for good.
func (c *cluster) leave(name string) {
	c.t.Helper()
	m := c.nodes[name]
	if got := m.run("", m.runner("leave")...); got.code != 0 {
		c.t.Fatalf("leave of %s: code %d: %s", name, got.code, got.stderr)
	}
	c.runners[name].wait()
	delete(c.runners, name)
}

// awaitListed waits until the registry lists exactly these.
func (c *cluster) awaitListed(servers, all string) {
	c.t.Helper()
	eventually(c.t, "the members "+all, func() error { return c.look.wantListed(servers, all) })
}

// wantListed checks that the registry lists exactly these.
func (m *machine) wantListed(servers, all string) error {
	got := m.members("-e", "12")
	return errors.Join(want("servers", sorted(names(got.Servers)), servers), want("nodes", sorted(names(got.Agents)), all))
}

func signalAll(t *testing.T, sig syscall.Signal, pids []int) {
	t.Helper()
	for _, pid := range pids {
		if err := syscall.Kill(pid, sig); err != nil {
			t.Fatalf("%v to %d: %v", sig, pid, err)
		}
	}
}
