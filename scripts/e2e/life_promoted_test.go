package e2e

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"auto-consul/lib/wire"
)

// A server's machine dies and nobody replaces it: a client that runs takes the place, one
// and no more. Its node id, its service and its session stay, a key that was acknowledged
// before is there, and the other client notices nothing.
func TestClientTakesADeadServersPlace(t *testing.T) {
	t.Parallel()
	c := newCluster(t, newBucket(t), "quorum")
	c.addServers()
	c.add("a1")
	c.add("a2")
	c.await(3, 5)
	ids, sessions := map[string]string{}, map[string]string{}
	for _, name := range []string{"a1", "a2"} {
		m := c.nodes[name]
		m.awaitLeader()
		m.command("consul", "services", "register", "-name", "web", "-id", name)
		m.command("consul", "kv", "put", name, "yes")
		ids[name], sessions[name] = m.read("data/agent/node-id"), m.session()
	}
	processes := map[string]int{"a1": c.nodes["a1"].pid("consul"), "a2": c.nodes["a2"].pid("consul")}

	c.kill("n3")
	c.awaitTwoAndAClient("n1", "n2")
	winner, loser := "a1", "a2"
	if c.nodes["a2"].read("data/mode") == wire.Server {
		winner, loser = "a2", "a1"
	}
	c.awaitVoters("n1", "n2", winner)
	w := c.nodes[winner]
	for _, name := range []string{"a1", "a2"} {
		m := c.nodes[name]
		if err := errors.Join(m.hasService(ids[name], name), m.hasSession(sessions[name]),
			want("key", strings.TrimSpace(m.command("consul", "kv", "get", name)), "yes")); err != nil {
			t.Error(name, err)
		}
	}
	c.awaitOldRecord()
	if err := errors.Join(want("node id", w.read("data/server/node-id"), ids[winner]),
		want("mode of the loser", c.nodes[loser].read("data/mode"), wire.Agent),
		want("process of the loser", c.nodes[loser].pid("consul"), processes[loser]),
		contains("said", c.runners[winner].err.String(), "this client takes a place as a server")); err != nil {
		t.Error(err)
	}
	wantOutage(t, "A server is dead", func() string { return c.runners[winner].err.String() })
}

// awaitTwoAndAClient waits until the registry lists two servers that there were and one of
// the clients.
func (c *cluster) awaitTwoAndAClient(first, second string) {
	c.t.Helper()
	eventually(c.t, "a third server", func() error {
		got := sorted(names(c.look.members("-e", "12").Servers))
		if got == sorted(first+" "+second+" a1") || got == sorted(first+" "+second+" a2") {
			return nil
		}
		return fmt.Errorf("got servers %s", got)
	})
}

// command runs a program that must succeed, and returns what it prints.
func (m *machine) command(argv ...string) string {
	m.t.Helper()
	got := m.run("", argv...)
	if got.code != 0 {
		m.t.Fatalf("%v: code %d: %s", argv, got.code, got.stderr)
	}
	return got.stdout
}

// session makes a session at the machine's agent, which Consul drops should the node
// leave.
func (m *machine) session() string {
	m.t.Helper()
	var made struct{ ID string }
	if err := m.request(http.MethodPut, "/v1/session/create", `{"Name":"kept","Checks":["serfHealth"]}`, &made); err != nil {
		m.t.Fatal(err)
	}
	return made.ID
}

// hasSession checks that a session is still there.
func (m *machine) hasSession(id string) error {
	var found []struct{ ID string }
	err := m.get("/v1/session/info/"+id, &found)
	return errors.Join(err, want("sessions", len(found), 1))
}

// hasService checks that the catalog has the service on the node that it was registered on.
func (m *machine) hasService(node, service string) error {
	var found []struct{ ID, ServiceID string }
	if err := m.get("/v1/catalog/service/web", &found); err != nil {
		return err
	}
	for _, f := range found {
		if f.ServiceID == service {
			return want("node id of the service "+service, f.ID, node)
		}
	}
	return fmt.Errorf("service %s is gone", service)
}
