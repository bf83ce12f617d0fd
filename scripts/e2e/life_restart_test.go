package e2e

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"syscall"
	"testing"

	"auto-consul/lib/wire"
)

// One server after the other is stopped, or killed, and started again on its data.
// Whether the one that bootstrapped comes first or last, it is the same cluster.
func TestRollingRestarts(t *testing.T) {
	t.Parallel()
	c := newCluster(t, newBucket(t), "quorum")
	born := c.found()
	first, others := born.Bootstrap, c.without(born.Bootstrap)
	for _, end := range []func(names ...string){c.stop, c.kill} {
		for _, order := range [][]string{append([]string{first}, others...), append(slices.Clone(others), first)} {
			for _, name := range order {
				end(name)
				c.restart(name, c.nodes[name])
				c.awaitVoters(order...)
			}
			c.awaitSame(born, order...)
		}
	}
}

// All servers of a cluster that was born by one are killed. Whether that one comes
// back first or last, and though for a while it is alone, it is the same cluster.
func TestBootstrapServerComesBackFirstOrLast(t *testing.T) {
	t.Parallel()
	c := newCluster(t, newBucket(t), "first")
	born := c.found()
	first, others := born.Bootstrap, c.without(born.Bootstrap)
	for _, order := range [][]string{append([]string{first}, others...), append(slices.Clone(others), first)} {
		c.kill("n1", "n2", "n3")
		for i, name := range order {
			c.restart(name, c.nodes[name])
			if i == 0 {
				c.nodes[name].awaitAgent()
				if leader, err := c.nodes[name].leader(); err == nil {
					t.Errorf("%s is alone and knows the leader %s", name, leader)
				}
			}
		}
		c.awaitVoters(order...)
		c.awaitSame(born, order...)
	}
}

// awaitAgent waits until the agent answers.
func (m *machine) awaitAgent() {
	m.t.Helper()
	eventually(m.t, "the agent of "+m.node, func() error {
		_, err := m.aliveServers()
		return err
	})
}

// All servers are killed, and the one that bootstrapped is not seen again.
func TestBootstrapServerNeverComesBack(t *testing.T) {
	t.Parallel()
	c := newCluster(t, newDirectory(t), "quorum")
	born := c.found()
	others := c.without(born.Bootstrap)
	c.kill("n1", "n2", "n3")
	for _, name := range others {
		c.restart(name, c.nodes[name])
	}
	c.awaitSame(born, others...)
}

// All servers are away for so long that the registry forgets them. Nobody else
// bootstraps meanwhile, nor do they when they come back, whatever they are told
// of lost clusters.
func TestRestartAfterTheExpiry(t *testing.T) {
	t.Parallel()
	for policy, open := range map[string]func(*testing.T) store{"auto": newBucket, "bootstrap": newDirectory} {
		t.Run(policy, func(t *testing.T) {
			t.Parallel()
			testRestartAfterTheExpiry(t, open(t), policy)
		})
	}
}

func testRestartAfterTheExpiry(t *testing.T, s store, policy string) {
	c := newCluster(t, s, "quorum")
	born := c.found()
	c.kill("n1", "n2", "n3")
	c.awaitSilence()
	before, err := s.get("cluster.json")
	if err != nil {
		t.Fatal(err)
	}

	blank := newMachine(t, "n9", s)
	got := blank.run("", "ac-decide", "-r", s.url, "-n", "n9", "-a", blank.address, "-s", "3", "-e", "12",
		"-d", blank.path("data"), "-wait", "2s", "-lost-cluster", policy)
	after, err := s.get("cluster.json")
	if err := errors.Join(err, want("a blank node's code", got.code, 75), want("stdout", got.stdout, ""),
		contains("stderr", got.stderr, "is lost"), want("its mode", blank.read("data/mode"), ""),
		want("the record", after, before)); err != nil {
		t.Error(err)
	}
	blank.wantKeys("cluster.json")

	for name, m := range c.nodes {
		c.restart(name, m, "AC_LOST_CLUSTER="+policy)
	}
	c.awaitVoters("n1", "n2", "n3")
	c.awaitSame(born, "n1", "n2", "n3")
	for name, m := range c.nodes {
		argv := running(t, m.id())[m.pid("consul")]
		if err := errors.Join(contains(name, argv, " -bootstrap=false "), contains(name, argv, " -bootstrap-expect=0 ")); err != nil {
			t.Error(err)
		}
	}
}

// found starts three servers together and gives them a key to keep. What the
// record says then is to stay.
func (c *cluster) found() wire.Cluster {
	c.t.Helper()
	for _, name := range []string{"n1", "n2", "n3"} {
		c.start(name)
	}
	c.awaitVoters(c.await(3, 3)...)
	if err := c.nodes["n1"].putKey("kept", "yes"); err != nil {
		c.t.Fatal(err)
	}
	born := c.look.members().Cluster
	if born == nil || born.State != "established" || c.nodes[born.Bootstrap] == nil {
		c.t.Fatalf("got the record %+v, want one of a cluster that one of n1, n2 and n3 bootstrapped", born)
	}
	return *born
}

// without are all nodes but these.
func (c *cluster) without(names ...string) (others []string) {
	for other := range c.nodes {
		if !slices.Contains(names, other) {
			others = append(others, other)
		}
	}
	slices.Sort(others)
	return others
}

// kill ends nodes as a power failure would: nothing of them has time to say so.
func (c *cluster) kill(names ...string) {
	c.t.Helper()
	for _, name := range names {
		c.runners[name].signalGroup(syscall.SIGKILL)
		killAll(c.t, c.nodes[name].id())
		c.runners[name].wait()
		delete(c.runners, name)
	}
}

// awaitSilence waits until all heartbeats have expired and are removed.
func (c *cluster) awaitSilence() {
	c.t.Helper()
	eventually(c.t, "silence", func() error {
		got := c.look.members("-e", "12")
		keys, err := c.store.keys()
		return errors.Join(err, want("servers", names(got.Servers), ""), want("agents", names(got.Agents), ""),
			want("keys", strings.Join(keys, " "), "cluster.json"))
	})
}

// awaitVoters waits until the raft's peers are these servers, each of which
// votes and sees all others alive.
func (c *cluster) awaitVoters(servers ...string) {
	c.t.Helper()
	c.awaitPeers(servers)
	all := sorted(strings.Join(servers, " "))
	eventually(c.t, "votes of "+all, func() (err error) {
		for _, name := range servers {
			m := c.nodes[name]
			alive, aerr := m.aliveServers()
			voters, verr := m.voterNames()
			err = errors.Join(err, aerr, verr, want("voters", voters, all), want("servers alive to "+name, alive, all))
		}
		return err
	})
}

// aliveServers are the servers that the machine's agent sees alive.
func (m *machine) aliveServers() (string, error) {
	var list []struct {
		Name   string
		Status int
		Tags   map[string]string
	}
	err := m.get("/v1/agent/members", &list)
	var alive []string
	for _, member := range list {
		if member.Status == 1 && member.Tags["role"] == "consul" {
			alive = append(alive, member.Name)
		}
	}
	return sorted(strings.Join(alive, " ")), err
}

// awaitSame waits until these servers, and no others, send heartbeats and know a
// leader, and checks that theirs is the cluster that was born.
func (c *cluster) awaitSame(born wire.Cluster, servers ...string) {
	c.t.Helper()
	all, begin := sorted(strings.Join(servers, " ")), c.look.members().Time
	eventually(c.t, "the same cluster of "+all, func() (err error) {
		leader, err := c.nodes[servers[0]].leader()
		for _, name := range servers {
			theirs, lerr := c.nodes[name].leader()
			value, kerr := c.nodes[name].key(http.MethodGet, "kept?raw", "")
			err = errors.Join(err, lerr, kerr, want("leader of "+name, theirs, leader), want("key of "+name, value, "yes"))
		}
		got := c.look.members("-e", "12")
		old := func(m wire.Member) bool { return !m.Heartbeat.After(begin) }
		return errors.Join(err, want("servers that beat", sorted(names(slices.DeleteFunc(got.Servers, old))), all))
	})
	now := c.look.members().Cluster
	if now == nil {
		c.t.Fatal("the record is gone")
	}
	if err := errors.Join(want("cluster_id", now.ClusterID, born.ClusterID), want("generation", now.Generation, born.Generation),
		want("state", now.State, born.State), want("bootstrap", now.Bootstrap, born.Bootstrap),
		want("slots", slotNames(now.Servers), slotNames(born.Servers))); err != nil {
		c.t.Error(err)
	}
}

// slotNames are the nodes that hold slots.
func slotNames(slots []wire.Slot) string {
	var out []string
	for _, s := range slots {
		out = append(out, s.Node)
	}
	return sorted(strings.Join(out, " "))
}
