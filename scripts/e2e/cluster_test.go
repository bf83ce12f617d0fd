package e2e

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"syscall"
	"testing"

	"auto-consul/lib/wire"
)

// pipeline is the three programs as a user would chain them in a shell.
func (m *machine) pipeline() []string {
	return []string{
		"sh", "-c", `ac-members -r "$1" | ac-decide -n "$2" -a "$3" -d "$4" | ac-exec -a "$3" -d "$4" -c "$5" -- -client="$3"`,
		"sh", m.store.url, m.node, m.address, m.path("data"), m.path("consul.d"),
	}
}

// The walk through two machines: the first bootstraps, the second becomes an
// agent; heartbeats are somebody else's, one by one and in a loop.
func TestPipeline(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, s store) {
		first, second := newMachine(t, "server1", s), newMachine(t, "client1", s)

		res := first.run("", "ac-decide", "-r", s.url, "-n", first.node, "-a", first.address, "-d", first.path("data"), "-dry-run")
		d := decode[wire.Decision](t, res.stdout)
		if err := errors.Join(want("mode", d.Mode, wire.Server), want("bootstrap", d.Bootstrap, true), want("join", len(d.Join), 0)); err != nil {
			t.Error(err)
		}
		first.start(first.pipeline()...)
		first.awaitLeader()
		if got := first.members(); len(got.Servers)+len(got.Agents) != 0 {
			t.Errorf("got members %v before a heartbeat", got)
		}
		res = first.run("", "ac-heartbeat", "-r", s.url)
		beat := decode[wire.Beat](t, res.stdout)
		if err := errors.Join(want("node", beat.Node, first.node), want("address", beat.Address, first.address),
			want("role", beat.Role, wire.Server), want("keys", len(beat.Keys), 2)); err != nil {
			t.Error(err)
		}

		second.start(second.pipeline()...)
		second.awaitLeader()
		loop := second.start("ac-heartbeat", "-r", s.url, "-t", "1")
		eventually(t, "the second node's heartbeats", func() error {
			got := first.members()
			return errors.Join(want("servers", names(got.Servers), first.node),
				want("agents", sorted(names(got.Agents)), second.node+" "+first.node))
		})
		eventually(t, "three beats", func() error {
			return atLeast("lines", strings.Count(loop.out.String(), "\n"), 3)
		})
		loop.signal(syscall.SIGTERM)
		if err := want("the loop's exit code", loop.wait().code, 0); err != nil {
			t.Error(err)
		}
		for line := range strings.Lines(loop.out.String()) {
			if got := decode[wire.Beat](t, line); got.Role != wire.Agent || len(got.Keys) != 1 {
				t.Errorf("got beat %s", line)
			}
		}
		if err := errors.Join(want("first mode", first.read("data/mode"), "server"), want("second mode", second.read("data/mode"), "agent")); err != nil {
			t.Error(err)
		}
	})
}

// Five machines start at once, with one command line. Three become servers; one
// of them stops and is replaced.
func TestReplacement(t *testing.T) {
	t.Parallel()
	for _, birth := range []string{"first", "quorum"} {
		t.Run(birth, func(t *testing.T) {
			t.Parallel()
			onEachStore(t, func(t *testing.T, s store) { testReplacement(t, s, birth) })
		})
	}
}

func testReplacement(t *testing.T, s store, birth string) {
	const foreign = "servers/README"
	if err := s.put(foreign, "not a heartbeat"); err != nil {
		t.Fatal(err)
	}
	c := newCluster(t, s, birth)
	for _, name := range []string{"n1", "n2", "n3", "n4", "n5"} {
		c.start(name)
	}
	servers := c.await(3, 5)
	c.awaitPeers(servers)

	// Not the leader: where one server bootstraps it is the only voter at first.
	gone := c.follower(servers)
	c.stop(gone)
	left := c.await(2, 4)
	keys, err := s.keys()
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range keys {
		if strings.HasSuffix(key, "-"+gone) {
			t.Errorf("an expired heartbeat is still there: %s", key)
		}
	}
	if !slices.Contains(keys, foreign) {
		t.Errorf("a foreign key is gone from %v", keys)
	}

	c.start("n6")
	now := c.await(3, 5)
	if err := want("servers", strings.Join(now, " "), sorted(strings.Join(append(left, "n6"), " "))); err != nil {
		t.Error(err)
	}
	c.awaitPeers(now)
}

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
