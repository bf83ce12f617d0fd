package e2e

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

// Nobody is promoted on one kind of evidence alone. A server that the others cannot reach,
// while its heartbeats go on, keeps its place; so does one whose heartbeats do not reach
// the store, while the others see it. The control is a server that is both.
func TestOneKindOfEvidenceVacatesNothing(t *testing.T) {
	t.Parallel()
	// The expiry is long, so that heartbeats which a machine of few processors writes late
	// are not taken for silence.
	const expiry = 24 * time.Second
	p := newParted(newLAN(t), "AC_GRACE=1", fmt.Sprintf("EXPIRY=%d", expiry/time.Second))
	p.awaitWhole()
	leader := p.leader()
	var victim *host
	for _, h := range p.servers {
		if h != leader {
			victim = h
		}
	}
	others := without(p.hosts(), victim)
	born := victim.members().Cluster
	client := p.agent.up[0]

	p.cut(victim, others, "add")
	p.awaitAlive(p.agent, p.servers, without(p.servers, victim)...)
	eventually(t, "a client that has asked the registry", func() error {
		return contains("said", client.err.String(), "this client does not take its place: 3 servers held, 3 desired")
	})
	if got := names(p.agent.members().Servers); !strings.Contains(got, victim.name) {
		t.Errorf("got servers that beat %s, want %s among them", got, victim.name)
	}
	p.cut(victim, others, "del")
	p.awaitWhole()
	for _, h := range p.hosts() {
		p.awaitAlive(h, p.hosts(), p.hosts()...)
	}

	p.cutStore(victim, "add")
	const long = expiry + 6*time.Second // of which the expiry is over already
	var since time.Time                 // store time
	eventually(t, "a long silence of "+victim.name, func() error {
		got := p.agent.members()
		if strings.Contains(names(got.Servers), victim.name) {
			return want("servers", names(got.Servers), hostNames(without(p.servers, victim)...))
		}
		if since.IsZero() {
			since = got.Time
		}
		return atLeast("seconds", int(got.Time.Sub(since)/time.Second), int(long/time.Second))
	})
	p.awaitAlive(p.agent, p.servers, p.servers...)
	p.cutStore(victim, "del")
	p.awaitSame(*born) // nobody has started anew
	if got := strings.Count(client.err.String(), "does not take its place"); got != 1 {
		t.Errorf("the client has said %d times why it takes no place, want once", got)
	}

	p.link(victim, "down")
	eventually(t, "a client that takes the place", func() error {
		var servers []string
		got := p.agent.members()
		for _, s := range got.Cluster.Servers {
			servers = append(servers, s.Node)
		}
		return errors.Join(want("slots", sorted(strings.Join(servers, " ")), hostNames(append(without(p.servers, victim), p.agent)...)),
			want("servers", sorted(names(got.Servers)), hostNames(append(without(p.servers, victim), p.agent)...)))
	})
}

// without are all machines but one.
func without(hosts []*host, gone *host) (out []*host) {
	for _, h := range hosts {
		if h != gone {
			out = append(out, h)
		}
	}
	return out
}

// cut has packets between a machine and others go nowhere, both ways, or ends that.
func (p *parted) cut(h *host, others []*host, what string) {
	p.t.Helper()
	for _, other := range others {
		p.blackhole(h, other.address, what)
		p.blackhole(other, h.address, what)
	}
}

// cutStore has packets between a machine and the store go nowhere, or ends that.
func (p *parted) cutStore(h *host, what string) {
	p.t.Helper()
	p.blackhole(h, storeAddress, what)
}

// blackhole has a machine's packets to an address go nowhere, or ends that.
func (p *parted) blackhole(h *host, address, what string) {
	p.t.Helper()
	p.do("ip", "-n", p.ns(h.name), "route", what, "blackhole", address+"/32")
}
