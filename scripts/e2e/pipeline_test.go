package e2e

import (
	"errors"
	"slices"
	"strings"
	"syscall"
	"testing"

	"auto-consul/lib/wire"
)

// pipeline is the three programs as the README chains them in a shell.
func (m *machine) pipeline() []string {
	return []string{
		"sh", "-c", `ac-members -r "$1" -limit 10 | ac-decide -n "$2" -a "$3" -d "$4" | ac-exec -a "$3" -d "$4" -c "$5" -- -client="$3"`,
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
