package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"auto-consul/lib/wire"
)

// place is what a node has to keep through its restarts.
type place struct {
	mode, incarnation string // as its disk says
	slot, cluster     string // as the record says: whose the node's slot is
}

func (b *booted) place() (p place) {
	t := b.lan.t
	t.Helper()
	if _, err := fmt.Sscan(b.sys("cat /var/lib/consul/mode; echo; cat /var/lib/consul/incarnation").stdout, &p.mode, &p.incarnation); err != nil {
		t.Errorf("%s: %v", b.name, err)
	}
	record := decode[struct {
		ClusterID string `json:"cluster_id"`
		Bootstrap json.RawMessage
		Servers   []struct{ Incarnation, Node string }
	}](t, string(b.members().Cluster.Record))
	p.cluster = record.ClusterID + string(record.Bootstrap)
	for _, s := range record.Servers {
		if s.Node == b.name {
			p.slot += s.Incarnation
		}
	}
	return p
}

// members runs ac-members as an operator does, with the services' settings.
func (b *booted) members() wire.Members {
	b.lan.t.Helper()
	got := b.sys(settingsText + "ac-members")
	if got.code != 0 {
		b.lan.t.Fatalf("%s: ac-members ended with %d: %s", b.name, got.code, got.stderr)
	}
	return decode[wire.Members](b.lan.t, got.stdout)
}

const settingsText = `set -a; . /etc/auto-consul.env
`

// testReboots shuts one machine down, which comes back, and then cuts the power of all
// at one moment. Each time the boot alone brings the nodes back to their
// places in the same cluster.
func testReboots(nodes []*booted) {
	t := nodes[0].lan.t
	t.Helper()
	if got := nodes[0].sys(managerText + "\nconsul kv put reboot kept"); got.code != 0 {
		t.Fatalf("a key cannot be written: %s", got.stderr)
	}
	was := map[*booted]place{}
	for _, n := range nodes {
		was[n] = n.place()
		if p := was[n]; p.mode != wire.Server || p.slot != p.incarnation {
			t.Errorf("%s: got place %+v, want the slot of a server", n.name, p)
		}
	}
	for _, down := range [][]*booted{nodes[1:2], nodes} {
		if len(down) == 1 { // a server that TERM has stopped has not left
			down[0].sys("systemctl start shutdown.target")
			down[0].await(agentUnit, "ActiveState=inactive", "Result=success")
		}
		for _, n := range down {
			n.powerOff()
		}
		for _, n := range down {
			n.powerOn()
		}
		for _, n := range down {
			n.await(agentUnit, "ActiveState=active", "NRestarts=0")
			n.await(beatUnit, "ActiveState=active")
		}
		for _, n := range nodes {
			n.awaitAlive(3)
			got := n.sys(managerText + "\nconsul kv get reboot")
			if err := errors.Join(want("place", n.place(), was[n]), want("key", got.stdout, "kept\n")); err != nil {
				t.Errorf("%s: %v", n.name, err)
			}
		}
	}
}

// testLeave checks that a node that leaves stays away until it is started. The control
// is a unit that starts again whatever the agent ends with.
func (b *booted) testLeave(other *booted) {
	t := b.lan.t
	t.Helper()
	was := b.place()
	b.sys(`printf '[Service]\nRestartPreventExitStatus=\n' >/run/units/auto-consul.service.d/zz.conf
		systemctl daemon-reload`)
	b.leave(true)
	b.await(agentUnit, "ActiveState=active", "NRestarts=1")
	b.awaitAlive(3)
	eventually(t, "the control's heartbeats", func() error {
		return contains("servers", names(other.members().Servers), b.name)
	})
	if b.gone(other) == nil {
		t.Error("the control is gone")
	}

	b.sys("rm /run/units/auto-consul.service.d/zz.conf; systemctl daemon-reload")
	b.leave(true)
	b.wantAway(other)

	// A machine with an empty disk takes its place, which is the control of what
	// reboots keep.
	b.sys("rm -r /var/lib/consul")
	b.startAgent()
	other.awaitAlive(3)
	if now := b.place(); now.slot != now.incarnation || now.incarnation == was.incarnation || now.cluster != was.cluster {
		t.Errorf("got place %+v after %+v, want another in the same cluster", now, was)
	}
}

// wantAway checks that the agent has left and does not come back by itself.
func (b *booted) wantAway(other *booted) {
	t := b.lan.t
	t.Helper()
	restarts := "NRestarts=" + b.show(agentUnit, "NRestarts")
	pause, err := time.ParseDuration(b.show(agentUnit, "RestartUSec"))
	if err != nil {
		t.Fatal(err)
	}
	b.await(agentUnit, "ActiveState=inactive", "Result=success", restarts)
	b.await(beatUnit, "ActiveState=inactive", "Result=success")
	time.Sleep(2 * pause) // what is waited for is that nothing happens
	b.await(agentUnit, "ActiveState=inactive", "SubState=dead", restarts)
	if err := b.gone(other); err != nil {
		t.Errorf("%s has left: %v", b.name, err)
	}
}

// testClient checks that a client, which ends with 0 when it is stopped, too, is brought
// back by what restarts it all the same, and that it stays away once it has left.
func (b *booted) testClient(server *booted) {
	t := b.lan.t
	t.Helper()
	if got := b.sys(install); got.code != 0 {
		t.Fatalf("%s: the installation ended with %d\n%s", b.name, got.code, got.stderr)
	}
	was := b.place()
	if err := errors.Join(want("mode", was.mode, wire.Agent), want("slot", was.slot, "")); err != nil {
		t.Errorf("%s: %v", b.name, err)
	}
	b.sys("systemctl restart " + agentUnit)
	b.await(agentUnit, "ActiveState=active", "NRestarts=0")
	b.await(beatUnit, "ActiveState=active")
	b.sys("systemctl start shutdown.target")
	b.await(agentUnit, "ActiveState=inactive", "Result=success", "ExecMainStatus=0")
	b.powerOff()
	b.powerOn()
	b.await(agentUnit, "ActiveState=active", "NRestarts=0")
	b.await(beatUnit, "ActiveState=active")
	if now := b.place(); now != was {
		t.Errorf("%s: got place %+v after %+v", b.name, now, was)
	}
	eventually(t, "the client's heartbeat", func() error {
		return contains("agents", names(server.members().Agents), b.name)
	})
	b.leave(false)
	b.wantAway(server)
}

// leave is what an operator does to take the node out of its cluster. server says
// that it has a slot to give back.
func (b *booted) leave(server bool) {
	t := b.lan.t
	t.Helper()
	got := b.sys(settingsText + managerText + "\nauto-consul leave")
	if got.code != 0 {
		t.Fatalf("%s: leave ended with %d: %s", b.name, got.code, got.stderr)
	}
	left := decode[wire.Left](t, got.stdout)
	if err := errors.Join(want("node", left.Node, b.name), want("slot given back", left.Slot, server),
		atLeast("heartbeats removed", len(left.Removed), 1)); err != nil {
		t.Error(err)
	}
}

// gone is what the registry still holds of the node, as another one reads it.
func (b *booted) gone(other *booted) error {
	b.lan.t.Helper()
	doc := other.members()
	slots := ""
	for _, s := range doc.Cluster.Servers {
		slots += s.Node + " "
	}
	var errs []error
	for what, list := range map[string]string{"slots": slots, "servers": names(doc.Servers), "agents": names(doc.Agents)} {
		if strings.Contains(list, b.name) {
			errs = append(errs, fmt.Errorf("%s: got %s, want none of %s", what, list, b.name))
		}
	}
	return errors.Join(errs...)
}
