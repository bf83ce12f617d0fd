package e2e

import (
	"errors"
	"strings"
	"testing"

	"auto-consul/lib/wire"
)

// A server comes back after a client has taken its place: it is one too many, leaves, and
// goes on as a client with the same node id. Its raft data lies where no later start finds
// it.
func TestServerTooManyStepsDown(t *testing.T) {
	t.Parallel()
	c := newCluster(t, newBucket(t), "quorum")
	c.addServers()
	c.quickVotes("n1")
	c.add("a1")
	c.await(3, 4)
	c.nodes["n1"].command("consul", "kv", "put", "kept", "yes")
	id := c.nodes["n3"].read("data/server/node-id")

	c.kill("n3")
	c.awaitVoters("n1", "n2", "a1")
	c.restart("n3", c.nodes["n3"])
	n3 := c.nodes["n3"]
	eventually(t, "a client n3", func() error {
		return errors.Join(want("mode", n3.read("data/mode"), wire.Agent), exists(n3.path("data/raft.before")))
	})
	c.awaitVoters("n1", "n2", "a1")
	n3.awaitLeader()
	c.awaitListed("a1 n1 n2", "a1 n1 n2 n3")
	if err := errors.Join(want("node id", n3.read("data/agent/node-id"), id),
		want("key", strings.TrimSpace(n3.command("consul", "kv", "get", "kept")), "yes"),
		contains("said", c.runners["n3"].err.String(), "this server has stepped down: all 3 places are others'")); err != nil {
		t.Error(err)
	}
	c.awaitOldRecord()
}

// A cluster that is resized to fewer servers ends with so many, and with the others as
// clients, whose node ids, services and sessions stay.
func TestResizeToFewer(t *testing.T) {
	t.Parallel()
	c := newCluster(t, newBucket(t), "quorum")
	c.addServers()
	n1 := c.nodes["n1"]
	n1.command("consul", "kv", "put", "kept", "yes")
	ids, sessions := map[string]string{}, map[string]string{}
	for _, name := range []string{"n1", "n2", "n3"} {
		m := c.nodes[name]
		m.command("consul", "services", "register", "-name", "web", "-id", name)
		ids[name], sessions[name] = m.read("data/server/node-id"), m.session()
	}
	n1.command("ac-decide", "-r", c.store.url, "-n", "n1", "-a", n1.address, "-d", n1.path("data"), "-s", "1", "-e", "12", "-resize")
	var left string
	eventually(t, "one server", func() error {
		got := c.look.members("-e", "12")
		left = names(got.Servers)
		return errors.Join(want("servers", len(got.Servers), 1), want("nodes", len(got.Agents), 3))
	})
	c.awaitVoters(left)
	for name, m := range c.nodes {
		m.awaitLeader()
		if got := strings.TrimSpace(m.command("consul", "kv", "get", "kept")); got != "yes" {
			t.Errorf("%s: got %q, want the key", name, got)
		}
		if err := errors.Join(m.hasService(ids[name], name), m.hasSession(sessions[name])); err != nil {
			t.Error(name, err)
		}
	}
	var listed []struct{ Node string }
	if err := errors.Join(c.nodes[left].get("/v1/catalog/service/consul", &listed), want("servers in the catalog", len(listed), 1)); err != nil {
		t.Error(err)
	}
	c.awaitOldRecord()
}

// quickVotes lets new servers vote as soon as they can. How long Consul watches them is
// not what a test is about.
func (c *cluster) quickVotes(at string) {
	c.t.Helper()
	c.stabilization(at, "0s")
}

// awaitOldRecord waits until the record has nothing that came with its second version.
func (c *cluster) awaitOldRecord() {
	c.t.Helper()
	eventually(c.t, "a record of the first version", func() error {
		body, err := c.store.get("cluster.json")
		if strings.Contains(body, "promoted") || strings.Contains(body, "leaving") {
			err = errors.Join(err, errors.New("a change is marked as under way"))
		}
		return errors.Join(err, contains("record", body, `"version":1,`))
	})
}
