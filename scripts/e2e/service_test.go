package e2e

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
)

const (
	agentUnit = "auto-consul.service"
	beatUnit  = "auto-consul-heartbeat.service"
	install   = "/usr/local/sbin/auto-consul-install"
)

// TestService gives three machines with systemd the user-data, and follows the
// services through their lives: what systemd says counts.
func TestService(t *testing.T) {
	t.Parallel()
	outfit := newOutfit(t)
	l := newLAN(t)
	var nodes []*booted
	for n := range 3 {
		nodes = append(nodes, boot(l, fmt.Sprintf("node%d", n), fmt.Sprintf("192.168.50.%d", 120+n), outfit))
	}
	a, b, c := nodes[0], nodes[1], nodes[2]
	told := watchArguments(t, outfit)

	if got := a.sys(install + ".wrong"); got.code == 0 {
		t.Error("an archive with another checksum was installed")
	}
	if got := a.sys("test ! -e /usr/local/bin/ac-decide"); got.code != 0 {
		t.Errorf("an archive with another checksum was unpacked")
	}
	c.facts.Store(zoneFact, http.StatusForbidden)
	for _, n := range nodes { // each waits for the others
		n.up = append(n.up, startProcess(t, n.sysEnv(), "", n.enterSys(install)...))
	}
	c.awaitNoZone()
	for _, n := range nodes {
		if got := n.up[0].wait(); got.code != 0 {
			t.Fatalf("%s: the installation ended with %d\n%s\n%s", n.name, got.code, got.stderr, n.run("cat /tmp/consul/log").stdout)
		}
		n.await(agentUnit, "ActiveState=active", "NRestarts=0")
		n.await(beatUnit, "ActiveState=active")
		n.wantInstalled()
		n.awaitAlive(3)
	}

	testZones(nodes)
	a.testRestarts()
	a.awaitAlive(3)
	b.testStop()
	b.awaitAlive(3)
	testReboots(nodes)
	b.testLeave(a)
	b.awaitAlive(3)
	c.testVerdicts()
	eventually(t, "two servers and a leader", func() error {
		got := a.sys(lookText)
		return errors.Join(want("code", got.code, 0), want("servers", strings.Count(got.stdout, " server "), 2))
	})

	if got := told(); len(got) > 0 {
		t.Errorf("got secrets in the arguments of %q", got)
	}
	a.testWatch()
}

// awaitNoZone waits until the machine could not be told its zone, after which it has not
// gone on without one, and then takes the zone out of its metadata.
func (b *booted) awaitNoZone() {
	b.lan.t.Helper()
	eventually(b.lan.t, "a failure of the metadata", func() error {
		return contains("log", b.run("cat /tmp/consul/log").stdout, "403")
	})
	if got := b.sys("grep ^AC_ZONE /etc/auto-consul.env"); got.code == 0 {
		b.lan.t.Errorf("got %s although the metadata have failed", got.stdout)
	}
	b.facts.Delete(zoneFact)
}

// testZones checks that the machines' metadata have told the nodes their zones, of which
// one has none: in the record, and in Consul's catalog.
func testZones(nodes []*booted) {
	t := nodes[0].lan.t
	t.Helper()
	got := map[string]string{}
	for _, slot := range nodes[0].members().Cluster.Servers {
		got[slot.Node] = slot.Zone
	}
	for _, n := range nodes {
		meta := n.sys(managerText + "\nconsul catalog nodes -detailed -filter 'Node == \"" + n.name + "\"'")
		if err := errors.Join(want("zone", got[n.name], n.zone()), want("code", meta.code, 0),
			want("metadata", strings.Contains(meta.stdout, "auto-consul-zone="+n.zone()), n.zone() != "")); err != nil {
			t.Errorf("%s: %v", n.name, err)
		}
	}
}

// testRestarts checks that what ends is started again, each by itself, and that a
// reload ends nothing.
func (b *booted) testRestarts() {
	t := b.lan.t
	t.Helper()
	b.sys("systemctl kill --signal=KILL --kill-who=main " + agentUnit)
	b.await(agentUnit, "ActiveState=active", "NRestarts=1")
	b.await(beatUnit, "ActiveState=active")
	main := b.show(agentUnit, "MainPID")
	b.sys("systemctl kill --signal=KILL " + beatUnit)
	b.await(beatUnit, "ActiveState=active", "NRestarts=1")
	if got := b.sys("systemctl reload " + agentUnit); got.code != 0 || b.show(agentUnit, "MainPID") != main {
		t.Errorf("reload ended with %d, the agent was process %s and is %s", got.code, main, b.show(agentUnit, "MainPID"))
	}
}

// testStop checks that a clean stop is no failure, and takes the heartbeats along.
func (b *booted) testStop() {
	t := b.lan.t
	t.Helper()
	if got := b.sys("systemctl stop " + agentUnit); got.code != 0 {
		t.Errorf("stop ended with %d: %s", got.code, got.stderr)
	}
	b.await(agentUnit, "ActiveState=inactive", "Result=success")
	b.await(beatUnit, "ActiveState=inactive", "Result=success")
	b.startAgent()
}

// startAgent starts the agent's service as an operator does.
func (b *booted) startAgent() {
	b.lan.t.Helper()
	if got := b.sys("systemctl start " + agentUnit); got.code != 0 {
		b.lan.t.Errorf("start ended with %d: %s", got.code, got.stderr)
	}
	b.await(beatUnit, "ActiveState=active")
}

// testVerdicts checks that a heartbeat that wants another decision gets it, and that one
// that is fenced ends the agent.
func (b *booted) testVerdicts() {
	t := b.lan.t
	t.Helper()
	was := b.show(agentUnit, "InvocationID")
	b.beatEnds(75)
	eventually(t, "another agent", func() error {
		if now := b.show(agentUnit, "InvocationID"); now == was || now == "" {
			return errNotYet
		}
		return nil
	})
	b.await(agentUnit, "ActiveState=active")
	b.await(beatUnit, "ActiveState=active")
	b.awaitAlive(3)
	b.beatEnds(76)
	b.await(agentUnit, "ActiveState=inactive")
	b.await(beatUnit, "ActiveState=failed", "ExecMainStatus=76")
}

// wantInstalled checks what the installation and the agent's start have left.
func (b *booted) wantInstalled() {
	t := b.lan.t
	t.Helper()
	env := b.sys("cat /etc/auto-consul.env").stdout
	pid := b.show(agentUnit, "MainPID")
	args := b.sys("tr '\\0' ' ' </proc/" + pid + "/cmdline").stdout
	files := b.sys("stat -c '%a %U %G %n' /run/consul.d /run/consul.d/token /run/consul.d/secrets.hcl").stdout
	status := b.sys("cat /proc/" + pid + "/status").stdout
	if err := errors.Join(
		contains("settings", env, "\nAC_ADDRESS="+b.address+"\nAC_ZONE="+b.zone()+"\nAWS_REGION=us-east-1\n"),
		contains("the service's process", args, "consul agent "),
		contains("its arguments", args, "-advertise="+b.address+" "),
		contains("its user", status, "\nUid:\t871\t"),
		contains("its privileges", status, "\nNoNewPrivs:\t1\n"),
		contains("its capabilities", status, "\nCapBnd:\t0000000000000000\n"),
		want("secrets", files, "750 root consul /run/consul.d\n640 root consul /run/consul.d/token\n640 root consul /run/consul.d/secrets.hcl\n"),
	); err != nil {
		t.Errorf("%s: %v", b.name, err)
	}
}

// awaitAlive waits until the machine's agent knows so many servers alive, and a
// leader that lets all three vote: the next one may be stopped then.
func (b *booted) awaitAlive(n int) {
	b.lan.t.Helper()
	eventually(b.lan.t, fmt.Sprintf("%d servers at %s", n, b.name), func() error {
		got := b.sys(lookText)
		return errors.Join(want("code", got.code, 0), want("servers", strings.Count(got.stdout, " server "), n),
			want("voters", strings.Count(got.stdout, " true "), 3))
	})
}

// lookText lists who is alive and, if there is a leader, who votes.
const lookText = `
consul members -status alive
` + managerText + `
consul operator raft list-peers`

// managerText gives what follows the management token.
const managerText = `export CONSUL_HTTP_TOKEN_FILE= CONSUL_HTTP_TOKEN=$(aws secretsmanager get-secret-value --secret-id consul/token)`

// beatEnds has the machine's heartbeat program end with a code, once.
func (b *booted) beatEnds(code int) {
	b.lan.t.Helper()
	got := b.sys(fmt.Sprintf(`cd /usr/local/bin
		[ -e real ] || mv ac-heartbeat real
		printf '#!/bin/sh\n[ -e /var/lib/consul/%[1]d ] || { : >/var/lib/consul/%[1]d; exit %[1]d; }\nexec /usr/local/bin/real\n' >ac-heartbeat
		chmod +x ac-heartbeat
		systemctl kill --signal=KILL %[2]s`, code, beatUnit))
	if got.code != 0 {
		b.lan.t.Fatalf("%s: %s", b.name, got.stderr)
	}
}
