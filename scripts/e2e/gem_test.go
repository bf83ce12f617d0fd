package e2e

import (
	"errors"
	"regexp"
	"strings"
	"testing"
	"time"

	"auto-consul/lib/wire"
)

// What the Ruby gem auto-consul 0.2.1 has written counts, byte for byte.
func TestGemHeartbeatsAreRead(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, s store) {
		m := newMachine(t, "node", s)
		stamp := time.Now().UTC().Format("20060102150405")
		for key, body := range map[string]string{
			"servers/20140516092731-server1":    "192.168.50.100", // long expired
			"agents/20140516092731-server1":     "192.168.50.100",
			"servers/" + stamp + "-server2":     "192.168.50.101",
			"agents/" + stamp + "-server2":      "192.168.50.101",
			"agents/" + stamp + "-agent-1":      "192.168.50.200",
			"servers-old/" + stamp + "-server9": "192.168.50.109",
		} {
			if err := s.put(key, body); err != nil {
				t.Fatal(err)
			}
		}
		got := m.members("-e", "600")
		if err := errors.Join(want("servers", names(got.Servers), "server2"), want("agents", sorted(names(got.Agents)), "agent-1 server2"),
			want("purged", strings.Join(got.Purged, " "), "agents/20140516092731-server1 servers/20140516092731-server1")); err != nil {
			t.Fatal(err)
		}
		if err := want("address", got.Servers[0].Address, "192.168.50.101"); err != nil {
			t.Error(err)
		}
		m.wantKeys("agents/"+stamp+"-agent-1", "agents/"+stamp+"-server2", "servers-old/"+stamp+"-server9", "servers/"+stamp+"-server2")

		res := m.run("", "ac-decide", "-r", s.url, "-n", m.node, "-a", m.address, "-e", "600", "-d", m.path("data"))
		d := decode[wire.Decision](t, res.stdout)
		if err := errors.Join(want("mode", d.Mode, wire.Agent), want("join", sorted(strings.Join(d.Join, " ")), "192.168.50.101 192.168.50.200")); err != nil {
			t.Error(err)
		}
	})
}

// What the programs write has the gem's form: it lists the folder, cuts the
// stamp off at the first hyphen, and takes the body as it is.
func TestHeartbeatsAreTheGems(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, s store) {
		m := newMachine(t, "server-1", s)
		m.agent("", "-client="+m.address)
		m.awaitLeader()
		before := time.Now().UTC().Add(-time.Minute)
		if got := m.run("", "ac-heartbeat", "-r", s.url); got.code != 0 {
			t.Fatalf("ac-heartbeat ended with %d: %s", got.code, got.stderr)
		}
		keys, err := s.keys()
		if err := errors.Join(err, want("number of keys", len(keys), 2)); err != nil {
			t.Fatal(err)
		}
		form := regexp.MustCompile(`^(servers|agents)/([0-9]{14})-server-1$`)
		for i, folder := range []string{"agents", "servers"} {
			parts := form.FindStringSubmatch(keys[i])
			if parts == nil || parts[1] != folder {
				t.Fatalf("got key %q, want %s/<stamp>-server-1", keys[i], folder)
			}
			at, err := time.Parse("20060102150405", parts[2])
			if err != nil || at.Before(before) {
				t.Errorf("got stamp %s: %v, want the store's time now", parts[2], err)
			}
			body, err := s.get(keys[i])
			if err := errors.Join(err, want("body", body, m.address)); err != nil {
				t.Error(err)
			}
		}
	})
}
