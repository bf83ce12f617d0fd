package e2e

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"auto-consul/lib/scripttest"
)

// The store goes away, and every node of a healthy cluster is started again, one after
// the other. The client comes back by itself, from the addresses that it remembers, and
// each server waits until it is told to do without the store. Then the store comes back,
// and nothing is to be seen of it all (R58).
func TestRestartsWhileTheStoreIsAway(t *testing.T) {
	t.Parallel()
	c, p := newProxiedCluster(t)
	c.startFast("n1", "n2", "n3")
	c.awaitPeers(c.await(3, 3))
	c.startFast("n4")
	c.await(3, 4)
	n1, client := c.nodes["n1"], c.nodes["n4"]
	if got := n1.run("", "consul", "kv", "put", "kept", "yes"); got.code != 0 {
		t.Fatal(got.stderr)
	}
	c.awaitRemembered()
	p.set("refuse")

	c.stop("n4")
	c.startFast("n4")
	client.awaitLeader()
	if err := contains("stderr", c.runners["n4"].err.String(), "started without the store ("); err != nil {
		t.Error(err)
	}
	for _, name := range []string{"n1", "n2", "n3"} {
		c.restartWithoutStore(name)
	}
	if got := n1.run("", "consul", "kv", "get", "kept"); strings.TrimSpace(got.stdout) != "yes" {
		t.Errorf("got %q, %s, want what was written before", got.stdout, got.stderr)
	}

	wantOutage(t, "The store is away", func() (said string) {
		for _, p := range c.runners {
			said += p.err.String()
		}
		return said
	})

	p.set("pass")
	c.await(3, 4)
	c.awaitPeers([]string{"n1", "n2", "n3"})
	for name, m := range c.nodes {
		if err := exists(m.path("data/offline")); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s: got %v, want the permission used up", name, err)
		}
	}
}

// newProxiedCluster returns a cluster whose store can be taken away from it.
func newProxiedCluster(t *testing.T) (*cluster, *proxy) {
	t.Helper()
	s := newBucket(t)
	g, err := theGateway()
	if err != nil {
		t.Fatal(err)
	}
	p := newProxy(t, g.Endpoint, func(string) {})
	s.env = scripttest.StoreEnv("http://" + p.address)
	return newCluster(t, s, "quorum"), p
}

// startFast starts machines, again if they are known, with little patience for the store.
func (c *cluster) startFast(names ...string) {
	c.t.Helper()
	for _, name := range names {
		m := c.nodes[name]
		if m == nil {
			m = newMachine(c.t, name, c.store)
			c.nodes[name] = m
		}
		c.runners[name] = m.start(m.runner("-s", "3", "-birth", c.birth, "-e", "12", "-t", "3", "-timeout", "1", "-wait", "2",
			"run", "--", "-client="+m.address)...)
	}
}

// awaitRemembered waits until the data directory of every node says where the other
// servers are, and those of servers that their birth has succeeded.
func (c *cluster) awaitRemembered() {
	c.t.Helper()
	eventually(c.t, "what the nodes are to remember", func() error {
		var err error
		for name, m := range c.nodes {
			others := 2
			if strings.TrimSpace(m.read("data/mode")) == "agent" {
				others = 3
			} else {
				err = errors.Join(err, contains(name+"'s membership", m.read("data/cluster"), `"established":true`))
			}
			err = errors.Join(err, want(name+"'s addresses", len(strings.Fields(m.read("data/addresses"))), others))
		}
		return err
	})
}

// restartWithoutStore stops a server and starts it again while the store is away: its
// runner tries as long as it takes, and it starts when it is told to do without.
func (c *cluster) restartWithoutStore(name string) {
	c.t.Helper()
	m := c.nodes[name]
	c.stop(name)
	c.startFast(name)
	p := c.runners[name]
	const waits = "waiting for the store (2s at most; to start without it: "
	eventually(c.t, name+" to wait a second time", func() error {
		return atLeast("waits", strings.Count(p.err.String(), waits), 2)
	})
	if p.ended() || len(m.pids("consul")) > 0 {
		c.t.Fatalf("got %s ended %v, %v running, want it to wait", name, p.ended(), m.programs())
	}
	if got := m.run("", m.runner("offline")...); got.code != 0 {
		c.t.Fatalf("offline: code %d: %s", got.code, got.stderr)
	}
	m.awaitLeader()
	eventually(c.t, "three voters", func() error { return m.voters(3) })
	if err := errors.Join(
		contains("stderr", p.err.String(), "started without the store, as the operator has allowed"),
		contains("stderr", p.err.String(), "the store is still away, so the decision is not confirmed"),
	); err != nil {
		c.t.Error(err)
	}
}

// The permission to do without the store is for a server that has something to start
// with.
func TestOfflineIsForServers(t *testing.T) {
	t.Parallel()
	m := newMachine(t, "node1", newDirectory(t))
	got := m.run("", m.runner("offline")...)
	if err := errors.Join(want("code", got.code, 1), want("stdout", got.stdout, ""), contains("stderr", got.stderr, "holds no raft data")); err != nil {
		t.Error(err)
	}
	p := m.start(m.runner("-t", "2", "run", "--", "-client="+m.address)...)
	m.awaitLeader()
	eventually(t, "the birth to be remembered", func() error { return contains("membership", m.read("data/cluster"), `"established":true`) })
	if got := m.run("", m.runner("offline")...); got.code != 0 || got.stdout != "" {
		t.Errorf("got %d, %q, %s, want it kept", got.code, got.stdout, got.stderr)
	}
	p.signal(syscall.SIGTERM)
	p.wait()
	m.start(m.runner("-t", "2", "run", "--", "-client="+m.address)...)
	m.awaitLeader()
	if err := exists(m.path("data/offline")); err == nil {
		t.Error(fmt.Errorf("got the permission kept after a decision that did not need it"))
	}
}

// The store's clock was ahead for a while, and is right again. The only server dies, and a
// heartbeat of then names another, which is dead: it holds a new node up for an expiry.
func TestOutageClock(t *testing.T) {
	t.Parallel()
	const ahead = "servers/20990101000000-server9"
	s := newDirectory(t)
	o := newOutageServer(t, s)
	if err := s.put(ahead, "192.0.2.9"); err != nil {
		t.Fatal(err)
	}
	wantOutage(t, "The store's clock was wrong", o.table)
	killAll(t, o.id())
	eventually(t, "the server's silence", func() error { return contains("the table", o.table(), "The place of server1 is vacant") })
	m := newMachine(t, "server2", s)
	begin := time.Now()
	m.start(m.runner("-e", "4", "-t", "1", "run", "--", "-client="+m.address)...)
	m.awaitLeader()
	if took := time.Since(begin); took < 4*time.Second {
		t.Errorf("got a leader after %v, want an expiry of 4s at least", took)
	}
	keys, err := s.keys()
	if err := errors.Join(err, want(ahead+" is there", slices.Contains(keys, ahead), false)); err != nil {
		t.Error(err)
	}
}
