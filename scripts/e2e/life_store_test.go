package e2e

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"auto-consul/lib/scripttest"
	"auto-consul/lib/wire"
)

// A server dies while the store refuses writes, and then is away. The living are as silent
// there as the dead one, and nobody takes a place. When the store is back, one client takes
// that of the dead server, and no other place is taken.
func TestVacancyWhileTheStoreIsAway(t *testing.T) {
	t.Parallel()
	gateway, err := theGateway()
	if err != nil {
		t.Fatal(err)
	}
	p := newProxy(t, gateway.Endpoint, func(string) {})
	s := newBucket(t)
	c := newCluster(t, s, "quorum")
	c.store.env = scripttest.StoreEnv("http://" + p.address) // only who looks reaches it by itself
	c.env = []string{"AC_GRACE=1"}
	c.addServers()
	c.quickVotes("n1")
	c.add("a1")
	c.add("a2")
	c.await(3, 5)
	for _, name := range []string{"a1", "a2"} {
		c.nodes[name].awaitLeader()
	}
	before, err := s.get("cluster.json")
	if err != nil {
		t.Fatal(err)
	}
	processes := map[string]int{"a1": c.nodes["a1"].pid("consul"), "a2": c.nodes["a2"].pid("consul")}

	p.set("deny-writes")
	c.kill("n3")
	eventually(t, "silence", func() error { return want("servers", names(c.look.members("-e", "12").Servers), "") })
	p.set("refuse")
	c.awaitSaid("connection refused", "a1", "a2", "n1", "n2")
	c.awaitOld(30 * time.Second)
	after, err := s.get("cluster.json")
	if err := errors.Join(err, want("record", after, before), want("process of a1", c.nodes["a1"].pid("consul"), processes["a1"]),
		want("process of a2", c.nodes["a2"].pid("consul"), processes["a2"])); err != nil {
		t.Error(err)
	}

	p.set("pass")
	c.awaitTwoAndAClient("n1", "n2")
	winner, loser := "a1", "a2"
	if c.nodes["a2"].read("data/mode") == wire.Server {
		winner, loser = "a2", "a1"
	}
	c.awaitVoters("n1", "n2", winner)
	c.awaitOldRecord()
	if err := errors.Join(c.hasSlots("n1", "n2", winner), want("mode of the loser", c.nodes[loser].read("data/mode"), wire.Agent),
		want("process of the loser", c.nodes[loser].pid("consul"), processes[loser])); err != nil {
		t.Error(err)
	}
}

// awaitOld waits until nobody has beaten for so long beyond the expiry, by store time.
func (c *cluster) awaitOld(span time.Duration) {
	c.t.Helper()
	begin := c.look.members("-e", "12").Time
	eventually(c.t, "a long silence", func() error {
		got := c.look.members("-e", "12")
		return errors.Join(want("nodes", names(got.Agents), ""), atLeast("seconds", int(got.Time.Sub(begin)/time.Second), int(span/time.Second)))
	})
}

// A server dies where no client could be one: at one a port of servers is taken, and at the
// other a certificate is gone. Both say so, and neither is started anew for it. As soon as
// the port is free, the client there takes the place.
func TestClientsThatCannotServe(t *testing.T) {
	t.Parallel()
	c := newCluster(t, newDirectory(t), "quorum")
	c.env = []string{"AC_GRACE=1"}
	c.addServers()
	c.quickVotes("n1")
	c.add("a1")
	taken, err := net.Listen("tcp", c.nodes["a1"].address+":8300")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	certificate := c.addWithCertificate("a2")
	c.await(3, 5)
	processes := map[string]int{}
	for _, name := range []string{"a1", "a2"} {
		c.nodes[name].awaitLeader()
		processes[name] = c.nodes[name].pid("consul")
	}
	if err := os.Remove(certificate); err != nil {
		t.Fatal(err)
	}

	c.kill("n3")
	c.awaitSaid("this client does not take its place: ", "a1", "a2")
	for name, why := range map[string]string{"a1": "a Consul server could not listen at its port 8300", "a2": certificate} {
		if err := errors.Join(contains(name, c.runners[name].err.String(), why),
			want("process of "+name, c.nodes[name].pid("consul"), processes[name])); err != nil {
			t.Error(err)
		}
	}
	if err := c.hasSlots("n1", "n2", "n3"); err != nil {
		t.Error(err)
	}

	if err := taken.Close(); err != nil {
		t.Fatal(err)
	}
	c.awaitVoters("n1", "n2", "a1")
	said := strings.Count(c.runners["a2"].err.String(), "does not take its place")
	if err := errors.Join(c.hasSlots("n1", "n2", "a1"), want("process of a2", c.nodes["a2"].pid("consul"), processes["a2"]),
		atMost("lines of a2", said, 2)); err != nil {
		t.Error(err)
	}
}

// addWithCertificate starts a node whose configuration names a certificate, and returns
// the certificate's path.
func (c *cluster) addWithCertificate(name string) string {
	c.t.Helper()
	m := newMachine(c.t, name, c.store)
	dir := m.path("tls")
	got := m.run("", "sh", "-ec", `mkdir "$1"; cd "$1"; consul tls ca create; consul tls cert create -client`, "sh", dir)
	if got.code != 0 {
		c.t.Fatal(got.stderr)
	}
	certificate := filepath.Join(dir, "dc1-client-consul-0.pem")
	m.write("consul.d/tls.hcl", `tls { https {
  cert_file = "`+certificate+`"
  key_file  = "`+filepath.Join(dir, "dc1-client-consul-0-key.pem")+`"
} }
`)
	c.nodes[name] = m
	c.restart(name, m)
	return certificate
}

// awaitSaid waits until each of these nodes has said something on standard error.
func (c *cluster) awaitSaid(what string, names ...string) {
	c.t.Helper()
	eventually(c.t, "the words "+what, func() (err error) {
		for _, name := range names {
			err = errors.Join(err, contains("said by "+name, c.runners[name].err.String(), what))
		}
		return err
	})
}
