package e2e

import (
	"errors"
	"testing"

	"auto-consul/lib/wire"
)

// Whoever may bootstrap dies for good before it does. The others, whose agents
// run already, end theirs, decide again and are born without it.
func TestProveBirthIsTakenOver(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, s store) {
		gone := newMachine(t, "gone", s)
		res := gone.run("", "ac-decide", "-r", s.url, "-n", gone.node, "-a", gone.address, "-d", gone.path("data"), "-s", "3", "-e", "10", "-birth", "first")
		if d := decode[wire.Decision](t, res.stdout); !d.Bootstrap {
			t.Fatalf("got %s, want the right to bootstrap", res.stdout)
		}
		b := newBirth(t, s, 2, "-birth", "first")
		b.start()
		eventually(t, "a cluster without "+gone.node, func() error {
			b.supervise()
			rec, err := s.record()
			_, cerr := oneCluster(rec, b.nodes)
			return errors.Join(err, cerr, want("state", rec.State, "established"), want("term", rec.Bootstrap.Term, 2))
		})
	})
}

// The control of all births: by the plain rule nodes that decide at the same
// moment, before anybody has beaten, found clusters that never become one.
func TestProveBirthWithoutClaims(t *testing.T) {
	t.Parallel()
	b := newBirth(t, newDirectory(t), 3)
	decisions := map[*supervisedNode]string{}
	for _, n := range b.nodes {
		decisions[n] = n.run("", "ac-decide", "-r", n.store.url, "-n", n.node, "-a", n.address, "-d", n.path("data"), "-s", "3", "-claims", "off").stdout
	}
	for n, decision := range decisions {
		startProcess(t, n.environ(), decision, "ac-exec", "-a", n.address, "-d", n.path("data"), "-c", n.path("consul.d"), "--", "-client="+n.address)
	}
	eventually(t, "three leaders", func() error {
		leaders := map[string]bool{}
		var err error
		for _, n := range b.nodes {
			leader, lerr := n.leader()
			err = errors.Join(err, lerr)
			leaders[leader] = true
		}
		return errors.Join(err, want("leaders", len(leaders), 3))
	})
	leader, err := b.nodes[0].leader()
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range b.nodes {
		if n.follows(leader, raftAddresses(b.nodes...)) == nil {
			t.Errorf("the check of births finds nothing wrong with %s", n.node)
		}
	}
}
