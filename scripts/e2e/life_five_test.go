package e2e

import (
	"errors"
	"strings"
	"testing"

	"auto-consul/lib/wire"
)

// Two of five servers die at once: two clients take their places, one after the other.
// Then three servers are enough: the cluster ends with three voters and two clients. All
// the time more than the majority votes.
func TestTwoOfFiveServersDie(t *testing.T) {
	t.Parallel()
	c := newCluster(t, newDirectory(t), "quorum")
	c.env, c.desired = []string{"AC_GRACE=1"}, 5
	first := []string{"n1", "n2", "n3", "n4", "n5"}
	for _, name := range first {
		c.add(name)
	}
	c.await(5, 5)
	c.awaitVoters(first...)
	c.quickVotes("n1")
	c.add("a1")
	c.add("a2")
	c.await(5, 7)
	n1 := c.nodes["n1"]
	n1.command("consul", "kv", "put", "kept", "yes")

	w := c.watch("n1")
	c.kill("n4", "n5")
	c.awaitVoters("n1", "n2", "n3", "a1", "a2")
	c.awaitOldRecord()
	w.wantBounds(5, 3) // until Consul has let the dead ones go there are five
	if err := c.hasSlots("n1", "n2", "n3", "a1", "a2"); err != nil {
		t.Error(err)
	}

	w = c.watch("n1")
	n1.command("ac-decide", "-r", c.store.url, "-n", "n1", "-a", n1.address, "-d", n1.path("data"), "-s", "3", "-e", "12", "-resize")
	c.awaitListed("n1 n2 n3", "a1 a2 n1 n2 n3") // those that came last go
	c.awaitVoters("n1", "n2", "n3")
	w.wantBounds(5, 3)
	for name, m := range c.nodes {
		if name == "n4" || name == "n5" {
			continue
		}
		mode := wire.Server
		if strings.HasPrefix(name, "a") {
			mode = wire.Agent
		}
		m.awaitLeader()
		if err := errors.Join(want("mode", m.read("data/mode"), mode),
			want("key", strings.TrimSpace(m.command("consul", "kv", "get", "kept")), "yes")); err != nil {
			t.Error(name, err)
		}
	}
	c.awaitOldRecord()
}

// Two of three servers die, and with them the quorum: no client becomes a server, for
// there is nobody who could take one in. When one of the two is back, a client takes the
// place of the other.
func TestTwoOfThreeServersDie(t *testing.T) {
	t.Parallel()
	c := newCluster(t, newBucket(t), "quorum")
	c.env = []string{"AC_GRACE=1"}
	c.addServers()
	c.quickVotes("n1")
	c.add("a1")
	c.await(3, 4)
	c.nodes["n1"].command("consul", "kv", "put", "kept", "yes")
	a1 := c.nodes["a1"]
	a1.awaitLeader()
	process := a1.pid("consul")

	c.kill("n2", "n3")
	eventually(t, "a client that stays what it is", func() error {
		return contains("said", c.runners["a1"].err.String(), "this client does not take its place: there is no leader, who could take a server in")
	})
	if err := errors.Join(c.hasSlots("n1", "n2", "n3"), want("process", a1.pid("consul"), process)); err != nil {
		t.Error(err)
	}

	c.restart("n2", c.nodes["n2"])
	c.awaitVoters("n1", "n2", "a1")
	c.awaitOldRecord()
	if err := errors.Join(c.hasSlots("n1", "n2", "a1"), want("key", strings.TrimSpace(a1.command("consul", "kv", "get", "kept")), "yes")); err != nil {
		t.Error(err)
	}
}
