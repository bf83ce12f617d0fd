package e2e

import (
	"encoding/json"
	"errors"
	"syscall"
	"testing"

	"auto-consul/lib/wire"
)

// A client is killed and becomes a server: its node id and its service stay, and it votes.
func TestClientBecomesServer(t *testing.T) {
	t.Parallel()
	s := newDirectory(t)
	first, m := newMachine(t, "server1", s), newMachine(t, "node1", s)
	first.become(wire.Decision{Mode: wire.Server, Bootstrap: true, Join: []string{}})
	first.awaitLeader()
	agent := m.become(wire.Decision{Mode: wire.Agent, Join: []string{first.address}})
	m.awaitLeader()
	if got := m.run("", "consul", "services", "register", "-name", "web", "-id", "web1"); got.code != 0 {
		t.Fatal(got.stderr)
	}
	id := m.read("data/agent/node-id")
	eventually(t, "the service", func() error { return errors.Join(first.registered(id, "web1"), m.registered(id, "web1")) })

	agent.signal(syscall.SIGKILL)
	agent.wait()
	m.become(wire.Decision{Mode: wire.Server, Join: []string{first.address}})
	eventually(t, "a second voter", func() error { return first.voters(2) })
	if err := errors.Join(first.registered(id, "web1"), m.registered(id, "web1"), want("node id", m.read("data/server/node-id"), id)); err != nil {
		t.Error(err)
	}
}

// become starts the agent that a decision asks for.
func (m *machine) become(d wire.Decision) *process {
	m.t.Helper()
	d.Version, d.Node, d.Address = wire.Version, m.node, m.address
	decision, err := json.Marshal(d)
	if err != nil {
		m.t.Fatal(err)
	}
	return startProcess(m.t, m.environ(), string(decision), "ac-exec", "-a", m.address, "-d", m.path("data"),
		"-c", m.path("consul.d"), "--", "-client="+m.address)
}

// registered checks that the catalog, as the machine's agent reads it, has the one
// service web with an id, on a node with an id.
func (m *machine) registered(node, service string) error {
	var found []struct{ ID, ServiceID string }
	if err := m.get("/v1/catalog/service/web", &found); err != nil {
		return err
	}
	if err := want("services", len(found), 1); err != nil {
		return err
	}
	return errors.Join(want("node id", found[0].ID, node), want("service", found[0].ServiceID, service))
}
