package e2e

import (
	"cmp"
	"fmt"
	"strings"
	"testing"
)

const (
	agentToken    = "0f0c7e1b-8a52-4f2e-9f0a-6f4f0ab4e0c4"
	recoveryToken = "6d1f2c3a-91be-4b0f-8d55-2a0c6d7e8f90"
	userToken     = "b2b7a1c8-5f3d-4a55-8f0e-0f7d1c2e9a31"
)

// guarded is a cluster of three servers with ACLs that deny what no token allows, of which
// the registry holds a snapshot.
type guarded struct {
	*cluster
	servers       []string
	born          record
	ids           map[string]string // the servers' node ids
	snapshot      string
	client        *machine // lives on
	user, manager *machine // the client's, for somebody who has a token
}

// newGuarded makes one. Its tokens are in its state alone, but for that of the manager.
func newGuarded(t *testing.T, s store) *guarded {
	t.Helper()
	g := &guarded{cluster: newCluster(t, s, "quorum"), servers: []string{"n1", "n2", "n3"}, ids: map[string]string{}}
	for _, name := range g.servers {
		g.addGuarded(name, "CONSUL_HTTP_TOKEN="+managerToken)
	}
	g.await(3, 3)
	g.awaitVoters(g.servers...)
	g.quickVotes("n1")
	n1 := g.nodes["n1"]
	n1.mayDo("agent", agentToken, `node_prefix "" { policy = "write" } service_prefix "" { policy = "read" }`)
	n1.mayDo("user", userToken, `key_prefix "" { policy = "write" } service_prefix "" { policy = "write" } node_prefix "" { policy = "read" }`)
	// README's row for what comes after a restore.
	n1.mayDo("beats", beatsToken, `agent_prefix "" { policy = "write" } node_prefix "" { policy = "write" }`)
	g.client = g.addWithTokens("a1", "", "AC_ELIGIBLE=false")
	g.await(3, 4)
	g.client.awaitLeader()
	g.user, g.manager = g.client.with(userToken), g.client.with(managerToken)
	g.user.command("consul", "kv", "put", "kept", "yes")
	g.user.command("consul", "services", "register", "-name", "web", "-id", "web1", "-token", userToken)
	eventually(t, "the service", func() error { return g.client.inCatalog("web", "a1") })
	var err error
	if g.born, err = s.record(); err != nil {
		t.Fatal(err)
	}
	for _, name := range g.servers {
		g.ids[name] = g.nodes[name].read("data/server/node-id")
	}
	g.snapshot = g.manager.upload(g.born.ClusterID, 1)
	return g
}

// wantBack checks that the cluster is back, with the tokens of before.
func (g *guarded) wantBack() {
	t := g.t
	t.Helper()
	g.wantRestored(g.born.ClusterID, g.snapshot, g.ids)
	g.user.wantKey("kept", "yes")
	eventually(t, "the services of the client that lived on", func() error { return g.client.inCatalog("web", "a1") })
	g.user.command("consul", "services", "register", "-name", "new", "-id", "new1", "-token", userToken)
	eventually(t, "a service that it registers now", func() error { return g.client.inCatalog("new", "a1") })
	if got := g.client.with("11111111-2222-3333-4444-555555555555").run("", "consul", "kv", "get", "kept"); got.code == 0 {
		t.Error("a token that there has never been reads keys")
	}
}

// said is what the runners have written on standard error.
func (g *guarded) said() (text string) {
	for _, p := range g.runners {
		text += p.err.String()
	}
	return text
}

// All servers are lost with their disks. The new ones are given no token but those of
// their agents and heartbeats, and all tokens of before come back with the snapshot.
func TestRestoreWithAccessControl(t *testing.T) {
	t.Parallel()
	g := newGuarded(t, newBucket(t))
	g.kill(g.servers...)
	// Else some would take the places of others: they would know no token, nor notice.
	eventually(t, "silence", func() error { return want("servers", names(g.look.members("-e", "12").Servers), "") })
	for _, name := range g.servers {
		g.addWithTokens(name, "", "AC_LOST_CLUSTER=restore")
	}
	g.await(3, 4)
	g.awaitVoters(g.servers...)
	g.wantBack()
}

// The heartbeats' token is their agent's agent_recovery token, as in the user-data: it is
// good before there is a leader, and may not make old nodes leave their names to new
// machines. That is typed.
func TestOutageRestoredNames(t *testing.T) {
	t.Parallel()
	g := newGuarded(t, newDirectory(t))
	g.kill(g.servers...)
	for _, name := range g.servers {
		g.addWithTokens(name, recoveryToken, "AC_LOST_CLUSTER=restore")
	}
	g.await(3, 4)
	g.awaitVoters(g.servers...)
	wantOutage(t, "Restored nodes keep others from registering", g.said)
	g.client.awaitLeader()
	rec, err := g.store.record()
	if err != nil {
		t.Fatal(err)
	}
	_, typed, _ := strings.Cut(outagesPage(t), "`curl -X PUT -H ")
	typed, _, _ = strings.Cut(typed, "`")
	for _, slot := range rec.Servers {
		if slot.Node == rec.Bootstrap.Node {
			continue
		}
		if g.nodes[slot.Node].inCatalogAsItself() == nil {
			t.Errorf("%s was registered by itself", slot.Node)
		}
		g.manager.command("sh", "-c", "TOKEN="+managerToken+"; curl -sf -X PUT -H "+strings.ReplaceAll(typed, "NAME", slot.Node))
	}
	g.wantBack()
}

// Two servers take the places of dead ones while there is no quorum, and do not know their
// heartbeats' token. Nobody restores the cluster before they do.
func TestOutageUnknownToken(t *testing.T) {
	t.Parallel()
	g := newGuarded(t, newDirectory(t))
	g.kill("n2", "n3")
	for _, name := range []string{"n2", "n3"} {
		g.addWithTokens(name, "", "AC_LOST_CLUSTER=restore")
		eventually(t, "an agent", func() error { return atLeast("agents", len(g.nodes[name].pids("consul")), 1) })
	}
	g.kill("n1")
	g.addWithTokens("n1", recoveryToken, "AC_LOST_CLUSTER=restore")
	wantOutage(t, "Nobody knows the heartbeats' token", g.said)
	for _, name := range []string{"n2", "n3"} { // what the page says that one does
		m := g.nodes[name]
		g.stop(name)
		m.guard(agentTokens(recoveryToken))
		g.restart(name, m, "AC_LOST_CLUSTER=restore", "CONSUL_HTTP_TOKEN="+recoveryToken)
	}
	g.await(3, 4)
	g.awaitVoters(g.servers...)
	g.client.awaitLeader()
	g.user.wantKey("kept", "yes")
}

// addWithTokens starts a node that is told no management token. Its heartbeats' token is
// its agent_recovery token, or one of the state's where that is empty.
func (c *cluster) addWithTokens(name, recovery string, env ...string) *machine {
	c.t.Helper()
	m := newMachine(c.t, name, c.store)
	m.token = managerToken // for the test's own questions
	m.guard(agentTokens(recovery))
	c.nodes[name] = m
	c.restart(name, m, append(env, "CONSUL_HTTP_TOKEN="+cmp.Or(recovery, beatsToken))...)
	return m
}

// agentTokens are those of an agent, as its configuration has them.
func agentTokens(recovery string) string {
	return fmt.Sprintf("agent = %q\n    agent_recovery = %q", agentToken, recovery)
}

// with is the machine for somebody who has a token.
func (m *machine) with(token string) *machine {
	other := *m
	other.env = append(other.env[:len(other.env):len(other.env)], "CONSUL_HTTP_TOKEN="+token)
	return &other
}
