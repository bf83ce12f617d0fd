package e2e

import (
	"errors"
	"os"
	"strings"
	"testing"

	"auto-consul/lib/wire"
)

// A client takes a dead server's place and dies for good before its server starts. The
// next one dies when its server runs and does not vote yet. The third votes.
func TestWinnersDie(t *testing.T) {
	t.Parallel()
	c := newCluster(t, newBucket(t), "quorum")
	c.env = []string{"AC_GRACE=1"}
	c.addServers()
	for _, name := range []string{"a1", "a2", "a3"} {
		c.addHeld(name)
	}
	c.await(3, 6)
	n1 := c.nodes["n1"]
	n1.command("consul", "kv", "put", "kept", "yes")
	c.stabilization("n1", "1m") // longer than it takes here to see that a server does not vote

	c.kill("n3")
	first := c.awaitHeld("a1", "a2", "a3")
	c.wantPromoted(first)
	c.kill(first)

	rest := c.without("n1", "n2", "n3", first)
	second := c.awaitHeld(rest...)
	c.wantPromoted(second)
	c.release(second)
	eventually(t, "a server "+second+" that does not vote", func() error {
		alive, err := n1.aliveServers()
		voters, verr := n1.voterNames()
		return errors.Join(err, verr, want("servers alive", alive, sorted("n1 n2 "+second)), want("voters", voters, "n1 n2"))
	})
	c.kill(second)

	third := c.without("n1", "n2", "n3", first, second)[0]
	c.release(third)
	c.quickVotes("n1")
	c.awaitVoters("n1", "n2", third)
	c.awaitOldRecord()
	got := strings.TrimSpace(c.nodes[third].command("consul", "kv", "get", "kept"))
	if err := errors.Join(want("key", got, "yes"), c.hasSlots("n1", "n2", third)); err != nil {
		t.Error(err)
	}
}

// A dead server comes back when a client has claimed its place and has not started as a
// server yet. For a moment there may be one server more than desired, and there are
// never fewer voters than before.
func TestDeadServerComesBackAfterTheClaim(t *testing.T) {
	t.Parallel()
	c := newCluster(t, newDirectory(t), "quorum")
	c.env = []string{"AC_GRACE=1"}
	c.addServers()
	c.quickVotes("n1")
	c.addHeld("a1")
	c.await(3, 4)
	id := c.nodes["a1"].read("data/agent/node-id")

	c.kill("n3")
	c.awaitHeld("a1")
	c.wantPromoted("a1")
	c.restart("n3", c.nodes["n3"])
	c.awaitVoters("n1", "n2", "n3")
	w := c.watch("n1")
	c.release("a1")
	// Whoever of the two holds the slot in the end, the other one is a client.
	server, client := "a1", "n3"
	eventually(t, "three servers and a client", func() error {
		got := c.look.members("-e", "12")
		if names := " " + names(got.Servers) + " "; strings.Contains(names, " n3 ") && !strings.Contains(names, " a1 ") {
			server, client = "n3", "a1"
		} else {
			server, client = "a1", "n3"
		}
		return errors.Join(want("servers", sorted(names(got.Servers)), sorted("n1 n2 "+server)),
			want("nodes", len(got.Agents), 4), want("mode of "+client, c.nodes[client].read("data/mode"), wire.Agent),
			c.hasSlots("n1", "n2", server))
	})
	c.awaitVoters("n1", "n2", server)
	w.wantBounds(3, 3)
	c.awaitOldRecord()
	if server == "a1" {
		if err := want("node id", c.nodes["a1"].read("data/server/node-id"), id); err != nil {
			t.Error(err)
		}
	}
}

// addHeld starts a node whose Consul does not start as a server before it is released.
func (c *cluster) addHeld(name string) {
	c.t.Helper()
	m := newMachine(c.t, name, c.store)
	m.write("consul.d/leave.hcl", "performance { leave_drain_time = \"0s\" }\nports { serf_wan = -1 }\n")
	m.write("hold", "")
	script := m.write("held-consul", `#!/bin/sh
case "$*" in
  *' -server=true '*) : >'`+m.path("held")+`'; while [ -e '`+m.path("hold")+`' ]; do sleep 0.1; done ;;
esac
exec consul "$@"
`)
	c.nodes[name] = m
	c.restart(name, m, "AC_CONSUL="+script)
}

// release lets a node's Consul start as a server.
func (c *cluster) release(name string) {
	c.t.Helper()
	if err := os.Remove(c.nodes[name].path("hold")); err != nil {
		c.t.Fatal(err)
	}
}

// awaitHeld waits until one of these nodes is about to start as a server, and returns it.
func (c *cluster) awaitHeld(names ...string) (found string) {
	c.t.Helper()
	eventually(c.t, "a client that takes the place", func() error {
		var held []string
		for _, name := range names {
			if exists(c.nodes[name].path("held")) == nil {
				held = append(held, name)
			}
		}
		if len(held) > 1 {
			c.t.Fatalf("%v start as servers at once, for one place", held)
		}
		found = strings.Join(held, "")
		return want("a node that starts as a server", found != "", true)
	})
	return found
}

// wantPromoted checks that the record names this node, and no other, as a client that has
// taken a place.
func (c *cluster) wantPromoted(name string) {
	c.t.Helper()
	rec, err := c.store.record()
	if err := errors.Join(err, want("clients that take a place", strings.Join(rec.promoted(), " "), name)); err != nil {
		c.t.Error(err)
	}
}

// hasSlots checks that these nodes hold the record's slots.
func (c *cluster) hasSlots(names ...string) error {
	rec, err := c.store.record()
	return errors.Join(err, want("slots", slotNames(rec.Servers), sorted(strings.Join(names, " "))))
}
