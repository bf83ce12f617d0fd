package e2e

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"auto-consul/lib/wire"
)

// A server dies, and nobody reaches the port of a server on either of the two clients: each
// takes the place once, comes to nothing and is a client again. All the time the two servers
// that are left lead, and each client is started only so often as it has tries. What many
// clients do in a night is in lib/node.
func TestProveFleetThatCannotVote(t *testing.T) {
	if os.Getenv("PROVE") != "full" {
		t.Skip("only PROVE=full waits for minutes; TestClientsThatCannotServe is short")
	}
	t.Parallel()
	p := newParted(newLAN(t), "AC_GRACE=1")
	clients := []*host{p.agent, p.addClient("a4", 4)}
	p.awaitWhole()
	for _, h := range clients {
		p.do("ip", "-n", p.ns(h.name), "rule", "add", "ipproto", "tcp", "sport", "8300", "unreachable")
	}
	victim := without(p.servers, p.leader())[0]
	p.link(victim, "down")
	tries, was := map[string]int{}, map[string]string{}
	within(t, 10*time.Minute, "both clients to have tried", func() (err error) {
		for _, h := range clients {
			mode := strings.TrimSpace(h.run("cat /tmp/consul/state/mode").stdout)
			if was[h.name] == wire.Server && mode == wire.Agent {
				tries[h.name]++
			}
			was[h.name] = mode
			err = errors.Join(err, atLeast("tries of "+h.name, tries[h.name], 1))
		}
		return err
	})
	for _, h := range clients {
		// A server that finds no leader is started anew after each expiry, until its time is
		// over: within 132 s here, and then twice as a client, at first and in the end.
		starts := strings.Count(h.up[0].out.String(), "Consul agent running!")
		t.Logf("%s was started %d times, for %d tries", h.name, starts, tries[h.name])
		if err := atMost("starts of "+h.name, starts, 1+14*(tries[h.name]+1)); err != nil {
			t.Error(err)
		}
	}
	for _, h := range without(p.servers, victim) {
		if h.leader() == "" {
			t.Errorf("%s has lost its leader", h.name)
		}
	}
}

// addClient starts one node more.
func (p *parted) addClient(name string, n int) *host {
	p.t.Helper()
	h := p.host(name, partedAddress(n), p.home)
	h.env = append(h.env, "AC_GRACE=1")
	h.background(partedRun)
	eventually(p.t, "a leader at "+name, func() error { return want("no leader", h.leader() == "", false) })
	return h
}
