package e2e

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"auto-consul/lib/wire"
)

// Each server in turn is down for longer than the expiry and for less than expiry and
// grace: its place is vacant, is shown so, and is its own again. No client takes one.
func TestRollingRestartWithinTheGrace(t *testing.T) {
	t.Parallel()
	c := newCluster(t, newDirectory(t), "quorum")
	c.env = []string{"AC_GRACE=30"}
	c.addServers()
	if err := c.nodes["n1"].putKey("kept", "yes"); err != nil {
		t.Fatal(err)
	}
	c.add("a1")
	c.await(3, 4)
	a1 := c.nodes["a1"]
	a1.awaitLeader()
	process, born := a1.pid("consul"), c.look.members().Cluster
	if born == nil {
		t.Fatal("there is no record")
	}
	for _, name := range []string{"n1", "n2", "n3"} {
		c.kill(name)
		c.awaitVacant(name)
		c.restart(name, c.nodes[name])
		c.awaitVoters("n1", "n2", "n3")
	}
	c.awaitSame(*born, "n1", "n2", "n3")
	alive, err := a1.aliveServers()
	if err := errors.Join(err, want("servers alive to the client", alive, "n1 n2 n3"), want("its mode", a1.read("data/mode"), wire.Agent),
		want("its process", a1.pid("consul"), process)); err != nil {
		t.Error(err)
	}
}

// awaitVacant waits until the registry shows a place as vacant, and the agents see its
// server no more.
func (c *cluster) awaitVacant(name string) {
	c.t.Helper()
	others := c.without(name)
	eventually(c.t, "a vacant place of "+name, func() error {
		var vacant []string
		got := c.look.members("-e", "12", "-purge=false")
		for _, v := range got.Cluster.Vacant {
			vacant = append(vacant, v.Node)
		}
		err := want("vacant", strings.Join(vacant, " "), name)
		for _, other := range others {
			alive, aerr := c.nodes[other].aliveServers()
			if strings.Contains(alive, name) {
				aerr = errors.Join(aerr, fmt.Errorf("%s sees servers %s alive", other, alive))
			}
			err = errors.Join(err, aerr)
		}
		return err
	})
}
