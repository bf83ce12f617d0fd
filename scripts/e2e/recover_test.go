package e2e

import (
	"errors"
	"net/http"
	"slices"
	"syscall"
	"testing"

	"auto-consul/lib/wire"
)

// Two of three servers die for good. The third is recovered, with what was written before.
// The two come back together with their old data, which is enough for a quorum of their
// own, and are fenced. Fresh machines take their places.
func TestRecover(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, s store) {
		c := newCluster(t, s, "quorum")
		born := c.found()
		gone, left := []string{"n1", "n2"}, c.nodes["n3"]
		c.kill(gone...)
		c.awaitNoLeader("n3")
		eventually(t, "the heartbeats of those that are gone to expire", func() error {
			return want("servers", names(c.look.members("-e", "12").Servers), "n3")
		})
		if got := left.recovers(); got.code != 1 || contains("stderr", got.stderr, "-gone n1 -gone n2") != nil {
			t.Errorf("nobody named: code %d: %s", got.code, got.stderr)
		}
		// The refusal has ended the agent, which is started again and does not know at once
		// who votes.
		eventually(t, "what would be done", func() error {
			got := left.recovers("-dry-run")
			return errors.Join(want("code", got.code, 0), contains("stderr", got.stderr, "must be named: -gone n1 -gone n2"),
				contains("stderr", got.stderr, "1 of 3 voters take part"))
		})
		if got := c.look.members("-e", "12").Cluster; got == nil || got.Generation != born.Generation {
			t.Fatalf("refused, and the record is %+v", got)
		}

		after := c.recovered("n3", "n1", "n2")
		if after.ClusterID != born.ClusterID || after.Generation != born.Generation+1 {
			t.Errorf("the record was %+v and is %+v", born, after)
		}
		c.awaitSame(after, "n3")
		if err := left.putKey("since", "yes"); err != nil {
			t.Error(err)
		}

		for _, name := range gone {
			c.restart(name, c.nodes[name])
		}
		for _, name := range gone {
			if err := want("code of "+name, c.runners[name].wait().code, 76); err != nil {
				t.Error(err)
			}
			delete(c.runners, name)
		}
		c.awaitVoters("n3")

		c.start("n4")
		c.start("n5")
		c.awaitVoters("n3", "n4", "n5")
		c.awaitSame(*c.look.members("-e", "12").Cluster, "n3", "n4", "n5")
		if value, err := c.nodes["n4"].key(http.MethodGet, "since?raw", ""); err != nil || value != "yes" {
			t.Errorf("the key that was written since: %q, %v", value, err)
		}
	})
}

// recovers types the recovery on a machine.
func (m *machine) recovers(args ...string) result {
	m.t.Helper()
	return m.run("", append(m.runner("-e", "12", "-t", "3"), append([]string{"recover"}, args...)...)...)
}

// recovered has the recovery typed on a server, with others that are gone, and returns the
// record of the cluster when that server goes ahead.
func (c *cluster) recovered(name string, gone ...string) wire.Cluster {
	c.t.Helper()
	got := c.nodes[name].recovers(named(gone)...)
	if got.code != 0 {
		c.t.Fatalf("recover on %s: code %d: %s", name, got.code, got.stderr)
	}
	if err := want("winner", decode[wire.Recovered](c.t, got.stdout).Winner, name); err != nil {
		c.t.Error(err)
	}
	return *c.look.members("-e", "12").Cluster
}

// named returns the arguments that name servers as gone.
func named(gone []string) (args []string) {
	for _, name := range gone {
		args = append(args, "-gone", name)
	}
	return slices.Clip(args)
}

// awaitNoLeader waits until a server's agent knows that there is no leader.
func (c *cluster) awaitNoLeader(name string) {
	c.t.Helper()
	eventually(c.t, "no leader at "+name, func() error {
		var leader string
		err := c.nodes[name].get("/v1/status/leader", &leader)
		return errors.Join(err, want("leader", leader, ""))
	})
}

// The control: what the fence is for. The two servers that were lost are started with
// nothing but Consul while the recovered one hangs for a moment. They elect a leader and take
// writes, and what the recovered cluster has acknowledged is not there.
func TestRecoveredClusterWithoutFenceSplits(t *testing.T) {
	t.Parallel()
	c := newCluster(t, newDirectory(t), "quorum")
	c.found()
	c.kill("n1", "n2")
	c.awaitNoLeader("n3")
	c.recovered("n3", "n1", "n2")
	n1, n2, n3 := c.nodes["n1"], c.nodes["n2"], c.nodes["n3"]
	eventually(t, "a write to the recovered cluster", func() error { return n3.putKey("since", "yes") })
	if err := syscall.Kill(n3.pid("consul"), syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	for _, pair := range [][2]*machine{{n1, n2}, {n2, n1}} {
		m := pair[0]
		m.start("consul", "agent", "-server", "-node="+m.node, "-bind="+m.address, "-client="+m.address, "-data-dir="+m.path("data/server"),
			"-config-dir="+m.path("consul.d"), "-retry-join="+pair[1].address, "-retry-interval=1s")
	}
	eventually(t, "a write to the old cluster", func() error { return n1.putKey("split", "yes") })
	value, err := n1.staleKey("since")
	kept, kerr := n1.staleKey("kept")
	if err := errors.Join(err, kerr, want("since the recovery", value, ""), want("before it", kept, "yes")); err != nil {
		t.Errorf("the old cluster: %v", err)
	}
}

// While the store is away a server with old data does not start, whether it is decided
// then or was before (R28): the record that fences it cannot be read.
func TestOldServerDoesNotStartWhileTheStoreIsAway(t *testing.T) {
	t.Parallel()
	s := newBucket(t)
	c := newCluster(t, s, "quorum")
	c.found()
	gone := []string{"n1", "n2"}
	c.kill(gone...)
	c.awaitNoLeader("n3")
	decided := map[string]string{}
	for _, name := range gone { // before the recovery
		m := c.nodes[name]
		got := m.run("", "ac-decide", "-r", s.url, "-n", name, "-a", m.address, "-d", m.path("data"), "-s", "3", "-e", "12", "-dry-run")
		if got.code != 0 {
			t.Fatalf("decide: %d: %s", got.code, got.stderr)
		}
		decided[name] = got.stdout
	}
	c.recovered("n3", gone...)
	c.nodes["n3"].awaitLeader()
	for _, name := range gone {
		m := c.nodes[name]
		known := m.env
		m.env = append(slices.Clone(known), "AWS_ENDPOINT_URL_S3=http://127.0.0.1:1") // the store is away
		exec := m.run(decided[name], "ac-exec", "-a", m.address, "-d", m.path("data"), "-c", m.path("consul.d"), "-timeout", "2s")
		run := m.run("", "ac-decide", "-r", s.url, "-n", name, "-a", m.address, "-d", m.path("data"), "-s", "3", "-e", "12", "-timeout", "2s", "-wait", "3s")
		if err := errors.Join(want("decided before", exec.code, 69), want("decided now", run.code, 69)); err != nil {
			t.Errorf("%s: %v\n%s\n%s", name, err, exec.stderr, run.stderr)
		}
		m.env = known
	}
	for _, name := range gone {
		m := c.nodes[name]
		exec := m.run(decided[name], "ac-exec", "-a", m.address, "-d", m.path("data"), "-c", m.path("consul.d"))
		if err := want("with the store", exec.code, 75); err != nil {
			t.Errorf("%s: %v: %s", name, err, exec.stderr)
		}
	}
	c.awaitVoters("n3")
}
