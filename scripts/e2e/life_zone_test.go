package e2e

import (
	"errors"
	"testing"

	"auto-consul/lib/wire"
)

// Four machines of three zones start, those of the zone that two share first: the servers
// are one of each zone, and vote from the first second. Consul's catalog names the zones.
func TestBirthOverZones(t *testing.T) {
	t.Parallel()
	c := newCluster(t, newBucket(t), "auto")
	zones := map[string]string{"n1": "a", "n2": "a", "n3": "b", "n4": "c"}
	start := func(name string) {
		m := newMachine(t, name, c.store)
		c.nodes[name] = m
		// Long waits, so that no slow machine makes n2 come before the others.
		c.runners[name] = m.start(m.runner("-s", "3", "-birth-wait", "120", "-e", "240", "-t", "3", "-zone", zones[name], "run", "--", "-client="+m.address)...)
	}
	start("n1")
	eventually(t, "the slot of n1", func() error { return want("slots", len(c.zones()), 1) })
	start("n2")
	eventually(t, "that n2 waits", func() error {
		return contains("said", c.runners["n2"].err.String(), "waiting for servers of other zones than a, which has one")
	})
	start("n3")
	start("n4")
	c.awaitVoters("n1", "n3", "n4")
	c.nodes["n2"].awaitLeader()
	body, err := c.store.get("cluster.json")
	if err := errors.Join(err, contains("record", body, `"birth":"quorum"`), want("mode of n2", c.nodes["n2"].read("data/mode"), wire.Agent),
		want("zones", sortedZones(c.zones()), "a b c")); err != nil {
		t.Error(err)
	}
	eventually(t, "zones in the catalog", func() error {
		var list []struct {
			Node string
			Meta map[string]string
		}
		err := c.nodes["n2"].get("/v1/catalog/nodes", &list)
		for _, node := range list {
			err = errors.Join(err, want("zone of "+node.Node, node.Meta["auto-consul-zone"], zones[node.Node]))
		}
		return errors.Join(err, want("nodes", len(list), 4))
	})
}

// Of two clients that could take a dead server's place, the one of its zone does, for the
// other's zone has two servers: that one would wait for half the grace longer.
func TestClientOfAnotherZoneComesFirst(t *testing.T) {
	t.Parallel()
	c := newCluster(t, newBucket(t), "quorum")
	const grace = "AC_GRACE=40" // of which half is longer than what else makes one client slower
	c.addInZones(grace)
	c.add("a1", "AC_ZONE=a", grace)
	c.add("a2", "AC_ZONE=c", grace)
	c.await(3, 5)
	c.nodes["a1"].awaitLeader()
	c.nodes["a2"].awaitLeader()
	c.kill("n3")
	c.awaitVoters("n1", "n2", "a2")
	if err := errors.Join(want("zones", sortedZones(c.zones()), "a a c"), want("mode of a1", c.nodes["a1"].read("data/mode"), wire.Agent)); err != nil {
		t.Error(err)
	}
}

// A whole zone goes, with one server and one client. A client of a zone that has two
// servers takes the place: it does not stay empty. When the zone comes back its server is
// one too many, and steps down.
func TestZoneGoesAndComesBack(t *testing.T) {
	t.Parallel()
	c := newCluster(t, newBucket(t), "quorum")
	const grace = "AC_GRACE=8"
	c.addInZones(grace)
	c.quickVotes("n1")
	c.add("a1", "AC_ZONE=a", grace)
	c.add("a2", "AC_ZONE=c", grace)
	c.await(3, 5)
	c.nodes["a1"].awaitLeader()
	c.nodes["n1"].command("consul", "kv", "put", "kept", "yes")
	c.kill("n3", "a2")
	c.awaitVoters("n1", "n2", "a1")
	said := "zone a has a server, so the place is left to clients of other zones for a while"
	if err := errors.Join(contains("said", c.runners["a1"].err.String(), said), want("zones", sortedZones(c.zones()), "a a a")); err != nil {
		t.Error(err)
	}
	c.restart("n3", c.nodes["n3"], "AC_ZONE=c", grace)
	c.restart("a2", c.nodes["a2"], "AC_ZONE=c", grace)
	eventually(t, "a client n3", func() error { return want("mode", c.nodes["n3"].read("data/mode"), wire.Agent) })
	c.awaitVoters("n1", "n2", "a1")
	c.awaitListed("a1 n1 n2", "a1 a2 n1 n2 n3")
	c.awaitOldRecord()
	c.nodes["n3"].awaitLeader()
	if got := c.nodes["n3"].command("consul", "kv", "get", "kept"); got != "yes\n" {
		t.Errorf("got key %q, want yes", got)
	}
}

// addInZones starts three servers, n1 and n2 in zone a and n3 in zone c.
func (c *cluster) addInZones(grace string) {
	c.t.Helper()
	c.add("n1", "AC_ZONE=a", grace)
	c.add("n2", "AC_ZONE=a", grace)
	c.add("n3", "AC_ZONE=c", grace)
	c.awaitVoters(c.await(3, 3)...)
}

// zones returns the zones of the record's slots, by node.
func (c *cluster) zones() map[string]string {
	c.t.Helper()
	zones := map[string]string{}
	if cluster := c.look.members("-role", "none").Cluster; cluster != nil {
		for _, slot := range cluster.Servers {
			zones[slot.Node] = slot.Zone
		}
	}
	return zones
}

// sortedZones returns the zones of nodes, sorted, each as often as there are servers in it.
func sortedZones(zones map[string]string) string {
	text := ""
	for _, zone := range zones {
		text += zone + " "
	}
	return sorted(text)
}
