package e2e

import (
	"errors"
	"strings"
	"testing"

	"auto-consul/lib/wire"
)

// Under systemd a client takes a place that is vacant, and as a server too many it steps
// down again. Both times its unit starts again, though the server's agent has ended with
// 0 when it left; node id and services stay, and so does a session, for here the heartbeats'
// token is the manager's, which may take a server out of the raft configuration.
func TestServiceChangesRole(t *testing.T) {
	t.Parallel()
	l := newLAN(t)
	outfit := newOutfit(t)
	server, client := boot(l, "node0", "192.168.50.120", outfit), boot(l, "node1", "192.168.50.121", outfit)
	for _, n := range []*booted{server, client} {
		n.sys("sed -i -e s/^AC_SERVERS=.*/AC_SERVERS=1/ -e '$aAC_EXPIRY=12\\nAC_TICKS=3\\nAC_GRACE=1\\nCONSUL_HTTP_TOKEN_FILE=/run/manager' /etc/auto-consul.env")
		n.sys(managerText + "\nprintf %s \"$CONSUL_HTTP_TOKEN\" >/run/manager && chown consul /run/manager")
		if got := n.sys(install); got.code != 0 {
			t.Fatalf("%s: the installation ended with %d\n%s\n%s", n.name, got.code, got.stderr, n.run("cat /tmp/consul/log").stdout)
		}
		n.await(agentUnit, "ActiveState=active", "NRestarts=0")
		n.await(beatUnit, "ActiveState=active")
	}
	if got := client.place(); got.mode != wire.Agent {
		t.Fatalf("got mode %q of the second machine, want that of a client", got.mode)
	}
	id := client.nodeID("agent")
	if got := client.sys(managerText + "\nconsul services register -name=web -id=web1"); got.code != 0 {
		t.Fatal(got.stderr)
	}

	server.resize("2")
	client.awaitRole(wire.Server, "2")
	if err := errors.Join(want("node id", client.nodeID("server"), id), client.services()); err != nil {
		t.Error("as a server: ", err)
	}
	made := client.sys(managerText + "\ncurl -sf -X PUT -H \"X-Consul-Token: $CONSUL_HTTP_TOKEN\" -d '{\"Checks\":[\"serfHealth\"]}' http://127.0.0.1:8500/v1/session/create | jq -r .ID")
	server.resize("1")
	client.awaitRole(wire.Agent, "1")
	eventually(t, "the services of the client", client.services)
	kept := client.sys(managerText + "\ncurl -sf -H \"X-Consul-Token: $CONSUL_HTTP_TOKEN\" http://127.0.0.1:8500/v1/session/info/" + strings.TrimSpace(made.stdout) + " | jq -r '.[].ID'")
	if err := errors.Join(want("node id", client.nodeID("agent"), id), contains("session", kept.stdout, "-"), want("session", kept.stdout, made.stdout)); err != nil {
		t.Error("as a client again: ", err)
	}
}

// resize makes it so many servers, as an operator does.
func (b *booted) resize(servers string) {
	b.lan.t.Helper()
	if got := b.sys(settingsText + "export AC_DATA_DIR=/var/lib/consul\nac-decide -servers " + servers + " -resize"); got.code != 0 {
		b.lan.t.Fatalf("%s: ac-decide -resize ended with %d: %s", b.name, got.code, got.stderr)
	}
}

// awaitRole waits until the machine runs in a mode, and its agent knows so many servers
// that vote.
func (b *booted) awaitRole(mode, voters string) {
	b.lan.t.Helper()
	eventually(b.lan.t, b.name+" in mode "+mode, func() error {
		got := b.sys("cat /var/lib/consul/mode; echo; " + managerText + "\nconsul operator raft list-peers | grep -c ' true '")
		err := want("mode and voters", strings.Join(strings.Fields(got.stdout), " "), mode+" "+voters)
		if err != nil {
			err = errors.Join(err, errors.New(tail(b.run("cat /tmp/consul/log").stdout)))
		}
		return err
	})
	b.await(agentUnit, "ActiveState=active")
	b.await(beatUnit, "ActiveState=active")
}

// nodeID is Consul's node id, as the folder of a mode has it.
func (b *booted) nodeID(folder string) string {
	b.lan.t.Helper()
	return b.sys("cat /var/lib/consul/" + folder + "/node-id").stdout
}

// services is an error unless the catalog has the service on this node.
func (b *booted) services() error {
	b.lan.t.Helper()
	got := b.sys(managerText + "\nconsul catalog nodes -service=web | awk 'NR > 1 { print $1 }'")
	return want("nodes with the service", strings.TrimSpace(got.stdout), b.name)
}
