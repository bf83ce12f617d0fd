package e2e

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// cluster is machines that share a registry.
type cluster struct {
	t       *testing.T
	store   store
	birth   string
	desired int      // servers
	env     []string // of all nodes that restart starts
	look    *machine // for looking at the registry
	nodes   map[string]*machine
	runners map[string]*process
}

func newCluster(t *testing.T, s store, birth string) *cluster {
	return &cluster{
		t: t, store: s, birth: birth, desired: 3, look: newMachine(t, "look", s),
		nodes: map[string]*machine{}, runners: map[string]*process{},
	}
}

func (c *cluster) start(name string) {
	c.t.Helper()
	m := newMachine(c.t, name, c.store)
	c.nodes[name] = m
	c.runners[name] = c.launch(m)
}

// launch starts a machine's runner.
func (c *cluster) launch(m *machine) *process {
	c.t.Helper()
	return m.start(m.runner("-s", fmt.Sprint(c.desired), "-birth", c.birth, "-e", "12", "-t", "3", "run", "--", "-client="+m.address)...)
}

func (c *cluster) stop(names ...string) {
	c.t.Helper()
	for _, name := range names {
		c.runners[name].signal(syscall.SIGTERM)
		c.runners[name].wait()
		delete(c.runners, name)
	}
}

// await waits until the registry lists so many servers, and so many nodes in
// all, and returns the servers. All nodes have to be running meanwhile.
func (c *cluster) await(servers, all int) (list []string) {
	c.t.Helper()
	eventually(c.t, fmt.Sprintf("%d servers, %d nodes", servers, all), func() error {
		for name, p := range c.runners {
			if p.ended() {
				c.t.Fatalf("%s has ended", name)
			}
		}
		got := c.look.members("-e", "12")
		list = strings.Fields(sorted(names(got.Servers)))
		return errors.Join(want("servers", len(got.Servers), servers), want("nodes", len(got.Agents), all))
	})
	return list
}

func (c *cluster) follower(servers []string) (name string) {
	c.t.Helper()
	eventually(c.t, "a follower", func() error {
		leader, err := c.nodes[servers[0]].leader()
		for _, s := range servers {
			if c.nodes[s].raftAddress() != leader {
				name = s
			}
		}
		return err
	})
	return name
}

func (c *cluster) awaitPeers(names []string) {
	c.t.Helper()
	var peers []*machine
	for _, name := range names {
		peers = append(peers, c.nodes[name])
	}
	peers[0].awaitPeers(peers...)
}

// awaitPeers waits until the raft peers are these, and all know the same leader.
func (m *machine) awaitPeers(peers ...*machine) {
	m.t.Helper()
	eventually(m.t, "the raft peers", func() error {
		leader, err := m.leader()
		for _, p := range peers {
			err = errors.Join(err, p.follows(leader, raftAddresses(peers...)))
		}
		return err
	})
}

// follows checks which leader and peers the machine's agent knows.
func (m *machine) follows(leader, peers string) error {
	theirs, err := m.leader()
	var got []string
	perr := m.get("/v1/status/peers", &got)
	return errors.Join(err, perr, want("leader of "+m.node, theirs, leader),
		want("peers of "+m.node, sorted(strings.Join(got, " ")), peers))
}

// raftAddress returns where the machine's server talks to the other servers.
func (m *machine) raftAddress() string { return m.address + ":8300" }

// raftAddresses returns where the servers of machines talk to each other, sorted.
func raftAddresses[M interface{ raftAddress() string }](machines ...M) string {
	var out []string
	for _, m := range machines {
		out = append(out, m.raftAddress())
	}
	return sorted(strings.Join(out, " "))
}

// voters checks how many of the raft's servers vote.
func (m *machine) voters(n int) error {
	names, err := m.voterNames()
	return errors.Join(err, want("voters", len(strings.Fields(names)), n))
}

// voterNames returns the names of the raft's servers that vote, sorted.
func (m *machine) voterNames() (string, error) {
	var raft struct {
		Servers []struct {
			Node  string
			Voter bool
		}
	}
	err := m.get("/v1/operator/raft/configuration", &raft)
	var names []string
	for _, peer := range raft.Servers {
		if peer.Voter {
			names = append(names, peer.Node)
		}
	}
	return sorted(strings.Join(names, " ")), err
}

func sorted(words string) string {
	list := strings.Fields(words)
	slices.Sort(list)
	return strings.Join(list, " ")
}

func atLeast(what string, got, least int) error {
	if got < least {
		return fmt.Errorf("%s: got %d, want %d or more", what, got, least)
	}
	return nil
}
