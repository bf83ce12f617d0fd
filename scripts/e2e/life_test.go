package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"

	"auto-consul/lib/wire"
)

// A gate opens when the agent has got as far as it says, and not before.
func TestGate(t *testing.T) {
	t.Parallel()
	m := newMachine(t, "server1", newDirectory(t))
	gate := func(what, timeout string) result {
		return m.run("", "ac-heartbeat", "-r", m.store.url, "-d", m.path("data"), "-until", what, "-wait", timeout)
	}
	got := gate("leader", "1s")
	if err := errors.Join(want("code", got.code, 75), want("stdout", got.stdout, ""), contains("stderr", got.stderr, "not running")); err != nil {
		t.Error(err)
	}
	m.start(m.runner("run", "--", "-client="+m.address)...)
	for _, what := range []string{"joined", "leader", "voter"} {
		got := gate(what, "1m")
		if got.code != 0 {
			t.Fatalf("%s: code %d: %s", what, got.code, got.stderr)
		}
		beat := decode[wire.Beat](t, got.stdout)
		if err := errors.Join(want("role", beat.Role, wire.Server), want("keys", len(beat.Keys), 2)); err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// An agent whose first targets are all dead is joined to the members of now.
func TestLonelyAgentIsJoined(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, s store) {
		server, agent := newMachine(t, "server1", s), newMachine(t, "agent1", s)
		server.start(server.runner("-t", "2", "run", "--", "-client="+server.address)...)
		server.awaitLeader()
		decision, err := json.Marshal(wire.Decision{
			Version: 1, Mode: wire.Agent, Join: []string{freeAddress(t)}, Node: agent.node, Address: agent.address,
		})
		if err != nil {
			t.Fatal(err)
		}
		startProcess(t, agent.environ(), string(decision), "ac-exec", "-a", agent.address, "-d", agent.path("data"),
			"-c", agent.path("consul.d"), "--", "-client="+agent.address)
		eventually(t, "the agent", func() error {
			var self struct{}
			return agent.get("/v1/agent/self", &self)
		})
		loop := agent.start("ac-heartbeat", "-r", s.url, "-t", "2", "-d", agent.path("data"))
		agent.awaitLeader()
		if err := contains("stderr", loop.err.String(), "joined "+server.address); err != nil {
			t.Error(err)
		}
	})
}

// Leaving gives the place back at once; the last voter does not go unasked.
func TestLeave(t *testing.T) {
	t.Parallel()
	c := newCluster(t, newBucket(t), "quorum")
	for _, name := range []string{"n1", "n2", "n3"} {
		c.start(name)
	}
	c.awaitPeers(c.await(3, 3))
	gone := c.nodes["n2"]
	got := gone.run("", gone.runner("leave")...)
	if got.code != 0 {
		t.Fatalf("leave: code %d: %s", got.code, got.stderr)
	}
	left := decode[wire.Left](t, got.stdout)
	if err := errors.Join(want("node", left.Node, "n2"), want("slot", left.Slot, true), atLeast("removed", len(left.Removed), 2)); err != nil {
		t.Error(err)
	}
	c.runners["n2"].wait()
	delete(c.runners, "n2")
	keys, err := c.store.keys()
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range keys {
		if strings.HasSuffix(key, "-n2") {
			t.Errorf("%s is still there", key)
		}
	}
	// At once: the expiry has not passed, and nothing is waited for.
	m := newMachine(t, "n4", c.store)
	d := decode[wire.Decision](t, m.run("", "ac-decide", "-r", c.store.url, "-n", "n4", "-a", m.address, "-s", "3",
		"-d", m.path("data"), "-wait", "0", "-dry-run").stdout)
	if err := want("mode of the replacement", d.Mode, wire.Server); err != nil {
		t.Error(err)
	}
}

func TestLastServerLeavesByForceOnly(t *testing.T) {
	t.Parallel()
	m := newMachine(t, "server1", newDirectory(t))
	p := m.start(m.runner("-t", "2", "run", "--", "-client="+m.address)...)
	m.awaitLeader()
	got := m.run("", m.runner("leave")...)
	if err := errors.Join(want("code", got.code, 1), contains("stderr", got.stderr, "-force"), want("ended", p.ended(), false)); err != nil {
		t.Error(err)
	}
	if got := m.run("", m.runner("-force", "leave")...); got.code != 0 {
		t.Errorf("with force: code %d: %s", got.code, got.stderr)
	}
	p.wait()
}

// All servers are killed and started again at once, with new addresses or with
// each other's: it is the same cluster, with what was written to it.
func TestAllServersComeBack(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, s store) {
		c := newCluster(t, s, "quorum")
		for _, name := range []string{"n1", "n2", "n3"} {
			c.start(name)
		}
		servers := c.await(3, 3)
		c.awaitPeers(servers)
		n1 := c.nodes["n1"]
		if got := n1.run("", "consul", "kv", "put", "kept", "yes"); got.code != 0 {
			t.Fatal(got.stderr)
		}
		before := n1.members().Cluster
		for name, p := range c.runners {
			p.signalGroup(syscall.SIGKILL)
			p.wait()
			killAll(t, c.nodes[name].id())
		}
		n2, n3 := c.nodes["n2"], c.nodes["n3"]
		n1.address, n2.address, n3.address = n2.address, n3.address, n1.address
		if strings.HasPrefix(s.url, "file:") {
			n1.address, n2.address, n3.address = freeAddress(t), freeAddress(t), freeAddress(t)
		}
		for name, m := range c.nodes {
			c.restart(name, m)
		}
		eventually(t, "a leader and the key", func() error {
			got := n1.run("", "consul", "kv", "get", "kept")
			return errors.Join(want("code", got.code, 0), want("value", strings.TrimSpace(got.stdout), "yes"))
		})
		c.await(3, 3)
		after := n1.members().Cluster
		if before == nil || after == nil || before.ClusterID != after.ClusterID || after.Generation != before.Generation {
			t.Errorf("the record was %+v and is %+v", before, after)
		}
	})
}

// restart starts a machine again on the data that it has, with more in its
// environment.
func (c *cluster) restart(name string, m *machine, env ...string) {
	c.t.Helper()
	m.env = slices.Concat([]string{fmt.Sprintf("CONSUL_HTTP_ADDR=%s:8500", m.address)}, c.env, env)
	c.t.Cleanup(func() { killAll(c.t, m.id()) })
	c.runners[name] = c.launch(m)
}

// A runner that is killed leaves nothing behind, and its data is picked up.
func TestKilledRunnerLeavesNothing(t *testing.T) {
	t.Parallel()
	m := newMachine(t, "server1", newDirectory(t))
	argv := m.runner("-t", "2", "run", "--", "-client="+m.address)
	p := m.start(argv...)
	m.awaitLeader()
	p.signal(syscall.SIGKILL)
	m.wantNothingLeft()
	m.start(argv...)
	m.awaitLeader()
}

// Many times, for it is a matter of threads whether the kernel still knows whose
// death ends the agent.
func TestKilledRunnersLeaveNothing(t *testing.T) {
	t.Parallel()
	m := newMachine(t, "node", newDirectory(t))
	fake := m.fakeConsul(": >up\nexec sleep 1000\n")
	for range 20 {
		p := m.start(m.runner("-t", "1", "-consul", fake, "run")...)
		m.awaitFile("up")
		p.signal(syscall.SIGKILL)
		m.wantNothingLeft()
		if err := os.Remove(m.path("up")); err != nil {
			t.Fatal(err)
		}
	}
}
