package e2e

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"auto-consul/lib/wire"
)

const (
	partedRegistry = "s3://my-bucket/consul"
	// Who is alone takes long to be sure that all others have failed.
	partedGossip = "gossip_lan {\n  probe_interval = \"500ms\"\n  probe_timeout = \"250ms\"\n}\n"
	partedRun    = "auto-consul -r " + partedRegistry + " -a $ADDRESS -c $HOME/consul.d -s 3 -birth quorum -e ${EXPIRY:-12} -t 3 run"
)

// The leader is cut off from everybody, and an agent from the servers though not
// from the store, for so long that they count as failed. Once they can be reached
// they are found again, with nothing started anew.
func TestPartitionsHeal(t *testing.T) {
	t.Parallel()
	p := newParted(newLAN(t))
	p.awaitWhole()
	for _, h := range p.hosts() {
		p.awaitAlive(h, p.hosts(), p.hosts()...)
	}
	leader := p.leader()
	rest := slices.DeleteFunc(slices.Clone(p.servers), func(h *host) bool { return h == leader })
	near := rest[0]
	born := near.members().Cluster
	if got := near.run("consul kv put before yes"); got.code != 0 || born == nil {
		t.Fatalf("before the cut: got the record %+v, and to write a key code %d: %s", born, got.code, got.stderr)
	}

	p.link(leader, "down")
	p.blackholes("add")
	for _, h := range rest {
		p.awaitAlive(h, p.hosts(), rest...)
	}
	p.awaitAlive(p.agent, p.servers)
	eventually(t, "the leader's heartbeats to expire, and no others", func() error {
		got := near.members()
		return errors.Join(want("servers", sorted(names(got.Servers)), hostNames(rest...)),
			want("nodes", sorted(names(got.Agents)), hostNames(append(rest, p.agent)...)))
	})
	eventually(t, "a key to be written by the majority", func() error {
		return want("code", near.run("consul kv put meanwhile yes").code, 0)
	})
	// Without this nothing would show that there was a cut.
	for _, h := range []*host{leader, p.agent} {
		if err := want("leader", h.leader(), ""); err != nil {
			t.Errorf("%s is cut off: %v", h.name, err)
		}
	}

	p.link(leader, "up")
	p.blackholes("del")
	p.awaitWhole()
	for _, h := range []*host{leader, p.agent} {
		eventually(t, "both keys at "+h.name, func() error {
			got := h.run("consul kv get before; consul kv get meanwhile")
			return errors.Join(want("code", got.code, 0), want("values", got.stdout, "yes\nyes\n"))
		})
	}
	p.awaitSame(*born)
	wantOutage(t, "The network is split", leader.up[0].err.String)
}

// parted is three servers and an agent, each on a machine of its own.
type parted struct {
	*lan
	home    string // with the programs that are installed for all
	servers []*host
	agent   *host
}

func newParted(l *lan, env ...string) *parted {
	l.t.Helper()
	home := l.t.TempDir()
	config := filepath.Join(home, "consul.d")
	if err := errors.Join(os.Mkdir(config, 0o755), os.WriteFile(filepath.Join(config, "fast.hcl"), []byte(fast+partedGossip), 0o644),
		os.Mkdir(filepath.Join(home, ".local"), 0o755), os.Symlink(bin(), filepath.Join(home, ".local/bin"))); err != nil {
		l.t.Fatal(err)
	}
	p := &parted{lan: l, home: home}
	for n := range 3 {
		h := l.host(fmt.Sprintf("s%d", n), partedAddress(n), home)
		h.env = append(h.env, env...)
		h.background(partedRun)
		p.servers = append(p.servers, h)
	}
	for _, h := range p.servers {
		h.awaitServers(3)
	}
	p.agent = l.host("a3", partedAddress(3), home)
	p.agent.env = append(p.agent.env, env...)
	p.agent.background(partedRun)
	return p
}

func (p *parted) hosts() []*host { return append(slices.Clone(p.servers), p.agent) }

func partedAddress(n int) string { return fmt.Sprintf("192.168.50.%d", 130+n) }

func hostNames(hosts ...*host) string {
	var out []string
	for _, h := range hosts {
		out = append(out, h.name)
	}
	return sorted(strings.Join(out, " "))
}

// link takes a machine's cable out, or puts it back.
func (p *parted) link(h *host, state string) {
	p.t.Helper()
	p.do("ip", "-n", p.ns("lan"), "link", "set", h.name, state)
}

// blackholes has packets between the agent and the servers go nowhere, both ways,
// or ends that.
func (p *parted) blackholes(what string) {
	p.t.Helper()
	p.cut(p.agent, p.servers, what)
}

// awaitWhole waits until everybody sees three servers alive, and knows the one
// leader of the three.
func (p *parted) awaitWhole() {
	p.t.Helper()
	for _, h := range p.hosts() {
		p.awaitAlive(h, p.servers, p.servers...)
	}
	eventually(p.t, "one leader of three servers", func() (err error) {
		leader := p.agent.leader()
		for _, h := range p.servers {
			err = errors.Join(err, want("leader at "+h.name, h.leader(), leader))
		}
		got := p.agent.run("consul operator raft list-peers | awk 'NR > 1 { print $1 }'")
		return errors.Join(err, want("no leader", leader == "", false), want("peers", sorted(got.stdout), hostNames(p.servers...)))
	})
}

// leader is the server that leads.
func (p *parted) leader() *host {
	p.t.Helper()
	address := p.agent.leader()
	for n, h := range p.servers {
		if address == partedAddress(n)+":8300" {
			return h
		}
	}
	p.t.Fatalf("got the leader %q, want one of the servers", address)
	return nil
}

// awaitAlive waits until a machine's agent sees, among some, these alive and the
// others failed. Servers that have seen a server failed for a while list it as if
// it had left.
func (p *parted) awaitAlive(at *host, among []*host, alive ...*host) {
	p.t.Helper()
	var states []string
	for _, h := range among {
		state := "=gone"
		if slices.Contains(alive, h) {
			state = "=alive"
		}
		states = append(states, h.name+state)
	}
	eventually(p.t, "the members at "+at.name, func() error {
		seen := at.run("consul members | awk 'NR > 1 { sub(/failed|left/, \"gone\", $3); print $1 \"=\" $3 }'").stdout
		var err error
		for _, state := range states {
			err = errors.Join(err, contains("members", seen, state+"\n"))
		}
		return err
	})
}

// awaitSame waits until the registry lists everybody, and checks that this is the
// cluster that was born and that everything still runs that was started.
func (p *parted) awaitSame(born wire.Cluster) {
	p.t.Helper()
	var got wire.Members
	eventually(p.t, "everybody in the registry", func() error {
		got = p.servers[0].members()
		return errors.Join(want("servers", sorted(names(got.Servers)), hostNames(p.servers...)),
			want("nodes", sorted(names(got.Agents)), hostNames(p.hosts()...)))
	})
	now := got.Cluster
	if now == nil {
		p.t.Fatal("the record is gone")
	}
	if err := errors.Join(want("cluster_id", now.ClusterID, born.ClusterID), want("generation", now.Generation, born.Generation),
		want("slots", slotNames(now.Servers), hostNames(p.servers...))); err != nil {
		p.t.Error(err)
	}
	for _, h := range p.hosts() {
		run := h.up[0]
		if err := errors.Join(want("ended", run.ended(), false), contains("cluster", h.run("cat /tmp/consul/state/cluster").stdout, born.ClusterID),
			want("starts", strings.Count(run.out.String(), "Consul agent running!"), 1)); err != nil {
			p.t.Errorf("%s: %v", h.name, err)
		}
	}
}

// members runs ac-members.
func (h *host) members() wire.Members {
	h.lan.t.Helper()
	got := h.run("ac-members -r " + partedRegistry + " -e ${EXPIRY:-12}")
	if got.code != 0 {
		h.lan.t.Fatalf("ac-members ended with %d: %s", got.code, got.stderr)
	}
	return decode[wire.Members](h.lan.t, got.stdout)
}

// leader is the leader that the machine's agent knows of; empty if there is none.
func (h *host) leader() string {
	h.lan.t.Helper()
	return strings.Trim(h.run("curl --silent --fail --max-time 10 http://127.0.0.1:8500/v1/status/leader || :").stdout, "\"\n")
}
