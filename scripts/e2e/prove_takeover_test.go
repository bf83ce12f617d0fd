package e2e

import (
	"errors"
	"strings"
	"testing"

	"auto-consul/lib/wire"
)

// Whoever may bootstrap dies for good before it does. The others, whose agents
// run already, end theirs, decide again and are born without it.
func TestProveBirthIsTakenOver(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, s store) {
		gone := newMachine(t, "gone", s)
		res := gone.run("", "ac-decide", "-r", s.url, "-n", gone.node, "-a", gone.address, "-d", gone.path("data"), "-s", "3", "-e", "10")
		if d := decode[wire.Decision](t, res.stdout); !d.Bootstrap {
			t.Fatalf("got %s, want the right to bootstrap", res.stdout)
		}
		b := newBirth(t, s, 2, "-birth", "first")
		b.start()
		eventually(t, "a cluster without "+gone.node, func() error {
			b.supervise()
			rec, err := s.record()
			leader, lerr := b.nodes[0].leader()
			var all []string
			for _, n := range b.nodes {
				all = append(all, n.address+":8300")
			}
			err = errors.Join(err, lerr, want("state", rec.State, "established"), want("term", rec.Bootstrap.Term, 2))
			for _, n := range b.nodes {
				err = errors.Join(err, n.belongs(rec), n.follows(leader, sorted(strings.Join(all, " "))))
			}
			return err
		})
	})
}

// The control of all births: by the plain rule the same start founds clusters
// that never become one.
func TestProveBirthWithoutClaims(t *testing.T) {
	t.Parallel()
	b := newBirth(t, newDirectory(t), 3, "-claims", "off")
	b.start()
	eventually(t, "several leaders", func() error {
		leaders := map[string]bool{}
		var err error
		for _, n := range b.nodes {
			leader, lerr := n.leader()
			err = errors.Join(err, lerr)
			leaders[leader] = true
		}
		return errors.Join(err, atLeast("leaders", len(leaders), 2))
	})
	if err := b.whole(); err == nil {
		t.Error("the check of births finds nothing wrong")
	}
}
