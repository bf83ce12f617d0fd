package e2e

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// Under systemd two of three servers die for good. Recover is typed on the third, as root
// and with nothing but what stands in the outages page: the settings are the units'. What
// was written before is there, nothing is left that the units' user could not write, and
// the node goes on at its next starts. Those that died come back with their disks, and
// their units end them.
func TestServiceRecovers(t *testing.T) {
	t.Parallel()
	nodes := newServices(t, 3)
	left, gone := nodes[0], nodes[1:]
	left.awaitAlive(3)
	if got := left.sys(managerText + "\nconsul kv put kept yes"); got.code != 0 {
		t.Fatal(got.stderr)
	}
	left.testSettings()
	before := left.place()
	for _, n := range gone {
		n.powerOff()
	}
	eventually(t, "no leader", func() error {
		return want("leader", strings.TrimSpace(left.sys("curl -s http://127.0.0.1:8500/v1/status/leader").stdout), `""`)
	})
	const typed = "auto-consul recover"
	// The control: without the units' settings nobody knows which cluster is meant.
	if got := left.sys("mv /etc/auto-consul.env /etc/away; code=0; " + typed + " || code=$?; mv /etc/away /etc/auto-consul.env; exit $code"); got.code != 2 {
		t.Errorf("without settings: got code %d: %s", got.code, got.stderr)
	}
	eventually(t, "what would be done", func() error {
		got := left.sys(typed + " -dry-run")
		return errors.Join(want("code", got.code, 0), contains("stderr", got.stderr, "-gone node1 -gone node2"))
	})
	recovery := startProcess(t, left.sysEnv(), "", left.enterSys(typed+" -gone node1 -gone node2")...)
	left.awaitLogged("waiting for the recovery that was typed on this node")
	if err := errors.Join(left.agentless(), want("state", left.show(agentUnit, "ActiveState"), "activating"),
		contains("status", strings.Join(strings.Fields(left.sys("auto-consul status").stdout), " "), "Recover was typed on node0")); err != nil {
		t.Errorf("while the outcome is not known: %v", err)
	}
	got := recovery.wait()
	if err := errors.Join(want("code", got.code, 0), contains("stdout", got.stdout, `"winner":"node0"`)); err != nil {
		t.Fatalf("%v: %s", err, got.stderr)
	}
	left.awaitRecovered(before)

	// What root makes while nothing runs is the service's.
	got = left.sys("systemctl stop " + agentUnit + "\nrm /var/lib/consul/lock; umask 077\n" + typed + " -dry-run; auto-consul offline\n" +
		"ls /var/lib/consul/lock /var/lib/consul/offline; systemctl start " + agentUnit)
	if got.code != 0 {
		t.Errorf("got code %d: %s", got.code, got.stderr)
	}
	left.awaitRecovered(before)
	left.powerOff()
	left.powerOn()
	left.awaitRecovered(before)

	for _, n := range gone {
		n.powerOn()
	}
	for _, n := range gone {
		n.await(agentUnit, "ActiveState=failed", "ExecMainStatus=76")
		n.await(beatUnit, "ActiveState=inactive")
	}
	left.awaitRecovered(before)
}

// testSettings checks that what an operator gives comes before the units' settings.
func (b *booted) testSettings() {
	b.lan.t.Helper()
	got := b.sys(`unset CONSUL_HTTP_TOKEN_FILE
		AC_DATA_DIR=/tmp/consul/variable auto-consul set_agent
		auto-consul -d /tmp/consul/option set_agent
		ls /tmp/consul/variable/mode /tmp/consul/option/mode
		[ "$(cat /var/lib/consul/mode)" = server ]
		auto-consul heartbeat
		! CONSUL_HTTP_TOKEN=` + beatsToken + ` auto-consul heartbeat`)
	if err := errors.Join(want("code", got.code, 0), contains("stderr", got.stderr, "denies access")); err != nil {
		b.lan.t.Errorf("%v: %s", err, got.stderr)
	}
}

// newServices installs a cluster of so many servers under systemd, with short times.
func newServices(t *testing.T, n int) (nodes []*booted) {
	t.Helper()
	l, outfit := newLAN(t), newOutfit(t)
	for i := range n {
		b := boot(l, fmt.Sprintf("node%d", i), fmt.Sprintf("192.168.50.%d", 120+i), outfit)
		b.sys("sed -i -e s/^AC_TICKS=.*/AC_TICKS=3/ -e '$aAC_EXPIRY=12' /etc/auto-consul.env")
		b.up = append(b.up, startProcess(t, b.sysEnv(), "", b.enterSys(install)...)) // each waits for the others
		nodes = append(nodes, b)
	}
	for _, b := range nodes {
		if got := b.up[0].wait(); got.code != 0 {
			t.Fatalf("%s: the installation ended with %d\n%s\n%s", b.name, got.code, got.stderr, b.run("cat /tmp/consul/log").stdout)
		}
		b.await(agentUnit, "ActiveState=active")
		b.await(beatUnit, "ActiveState=active")
	}
	return nodes
}

// awaitLogged waits until the units' programs have written something.
func (b *booted) awaitLogged(text string) {
	b.lan.t.Helper()
	eventually(b.lan.t, text, func() error { return contains("log", b.run("cat /tmp/consul/log").stdout, text) })
}

// awaitRecovered waits until the machine leads the cluster alone, and checks that it has
// what it had, and that all its data is the units' user's.
func (b *booted) awaitRecovered(before place) {
	t := b.lan.t
	t.Helper()
	eventually(t, "the key that was written before", func() error {
		got := b.sys(managerText + "\nconsul operator raft list-peers | grep -c ' true '; consul kv get kept")
		return want("voters and key", got.stdout, "1\nyes\n")
	})
	b.await(agentUnit, "ActiveState=active")
	b.await(beatUnit, "ActiveState=active")
	now := b.place()
	if err := errors.Join(want("mode", now.mode, before.mode), want("incarnation", now.incarnation, before.incarnation), want("slot", now.slot, before.slot),
		want("files of others", b.sys("find /var/lib/consul ! -user consul").stdout, "")); err != nil {
		t.Error(err)
	}
}
