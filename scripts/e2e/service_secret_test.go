package e2e

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// watchArguments looks at the arguments of all processes, until it is asked in
// which it has found a secret.
func watchArguments(t *testing.T, outfit string) (end func() []string) {
	t.Helper()
	var secrets []string
	for _, name := range []string{"token", "gossip-key"} {
		text, err := os.ReadFile(filepath.Join(outfit, "secrets/consul", name))
		if err != nil {
			t.Fatal(err)
		}
		secrets = append(secrets, strings.TrimSpace(string(text)))
	}
	ctx, stop := context.WithCancel(t.Context())
	out := make(chan []string, 1)
	go func() {
		var found []string
		for ctx.Err() == nil {
			found = append(found, argumentsWith(secrets)...)
			time.Sleep(10 * time.Millisecond)
		}
		slices.Sort(found)
		out <- slices.Compact(found)
	}()
	return func() []string {
		stop()
		return <-out
	}
}

// argumentsWith lists the argument lists that hold one of some words now.
func argumentsWith(words []string) (found []string) {
	paths, _ := filepath.Glob("/proc/[0-9]*/cmdline") // the pattern is good
	for _, path := range paths {
		text, _ := os.ReadFile(path) // it may have ended
		if slices.ContainsFunc(words, func(w string) bool { return strings.Contains(string(text), w) }) {
			found = append(found, strings.ReplaceAll(string(text), "\x00", " "))
		}
	}
	return found
}

// testWatch is the control of watchArguments: it meets a secret even among the arguments
// of a program that ends at once.
func (b *booted) testWatch() {
	t := b.lan.t
	t.Helper()
	for _, name := range []string{"token", "gossip-key"} {
		eventually(t, "a "+name+" among a program's arguments to be met", func() error { // a busy machine may miss it once
			told := watchArguments(t, b.outfit)
			b.sys("sed -e 's|x|'$(aws secretsmanager get-secret-value --secret-id consul/" + name + ")'|' </dev/null")
			return atLeast("met", len(told()), 1)
		})
	}
}

// While a secret cannot be had there is no agent, and nobody holds a slot for one.
// The machine is a cluster of one server then, and gets a client.
func TestServiceWithoutSecrets(t *testing.T) {
	t.Parallel()
	l := newLAN(t)
	outfit := newOutfit(t)
	m, client := boot(l, "node0", "192.168.50.120", outfit), boot(l, "node1", "192.168.50.121", outfit)
	for _, n := range []*booted{m, client} {
		n.sys("sed -i s/^AC_SERVERS=.*/AC_SERVERS=1/ /etc/auto-consul.env")
	}
	m.withhold("gossip-key")
	installation := startProcess(t, m.sysEnv(), "", m.enterSys(install)...)
	m.awaitAgentless("a second refusal", func() error {
		return atLeast("refusals", strings.Count(m.run("cat /tmp/consul/refused || :").stdout, "gossip-key"), 2)
	})
	m.withhold()
	if got := installation.wait(); got.code != 0 {
		t.Fatalf("the installation ended with %d\n%s\n%s", got.code, got.stderr, m.run("cat /tmp/consul/log").stdout)
	}
	m.await(agentUnit, "ActiveState=active", "NRestarts=0")
	m.await(beatUnit, "ActiveState=active")
	m.wantInstalled()
	if err := m.encrypted(); err != nil {
		t.Error(err)
	}
	m.testSecondBoot()
	client.testClient(m)
	m.testNoBoot()
}

// testSecondBoot checks that what brings the secrets may run again beside the agent, and
// leaves what is there if it cannot bring all.
func (b *booted) testSecondBoot() {
	t := b.lan.t
	t.Helper()
	const sums = "cd /run/consul.d; sha256sum *"
	was := b.sys(sums).stdout
	for _, secrets := range [][]string{{"token"}, nil} {
		b.withhold(secrets...)
		got := b.sys("/usr/local/sbin/auto-consul-boot")
		if err := errors.Join(want("failed", got.code != 0, len(secrets) > 0), want("files", b.sys(sums).stdout, was)); err != nil {
			t.Errorf("without %q: %v: %s", secrets, err, got.stderr)
		}
	}
	if got := b.sys("ls -d /run/consul.d*"); got.stdout != "/run/consul.d\n" {
		t.Errorf("got folders %q", got.stdout)
	}
	b.wantInstalled()
}

// testNoBoot checks that no agent starts either where nothing orders it after its
// secrets. The control is a folder that is there before them.
func (b *booted) testNoBoot() {
	t := b.lan.t
	t.Helper()
	b.sys(`systemctl stop auto-consul.service auto-consul-boot.service
		systemctl disable auto-consul-boot.service
		rm -r /run/consul.d /var/lib/consul
		sed -i s,^AC_REGISTRY=.*,AC_REGISTRY=s3://my-bucket/other, /etc/auto-consul.env
		systemctl start --no-block auto-consul.service`)
	b.awaitAgentless("another start", func() error {
		n, err := strconv.Atoi(b.show(agentUnit, "NRestarts"))
		return errors.Join(err, atLeast("restarts", n, 1))
	})
	b.sys("mkdir -m 755 /run/consul.d; cp /etc/consul.d/fast.hcl /run/consul.d; echo none >/run/consul.d/token")
	eventually(t, "the control's agent", func() error {
		if b.agentless() == nil {
			return errNotYet
		}
		return contains("its state", fmt.Sprint(b.encrypted()), "encrypted = false")
	})
	if b.members().Cluster == nil {
		t.Error("the control has no slot")
	}
}

// withhold has the store of secrets refuse these, and give all others.
func (b *booted) withhold(secrets ...string) {
	b.lan.t.Helper()
	text := "rm -rf /tmp/consul/withheld; mkdir -p /tmp/consul/withheld/consul"
	for _, name := range secrets {
		text += "; : >/tmp/consul/withheld/consul/" + name
	}
	if got := b.sys(text); got.code != 0 {
		b.lan.t.Fatalf("%s: %s", b.name, got.stderr)
	}
}

// awaitAgentless waits for something that must come without an agent, and
// without a claim on the cluster.
func (b *booted) awaitAgentless(what string, look func() error) {
	t := b.lan.t
	t.Helper()
	eventually(t, what, func() error {
		if err := b.agentless(); err != nil {
			t.Fatal(err)
		}
		return look()
	})
	if c := b.members().Cluster; c != nil {
		t.Errorf("%s: got cluster %s of a node without an agent", b.name, c.Record)
	}
}

func (b *booted) agentless() error {
	b.lan.t.Helper()
	return want("agents", b.sys("cat /proc/[0-9]*/comm | grep -cx consul || :").stdout, "0\n")
}

// encrypted is an error unless the agent's gossip is.
func (b *booted) encrypted() error {
	b.lan.t.Helper()
	got := b.sys("consul info | grep encrypted")
	if strings.Contains(got.stdout, "encrypted = false") {
		return errors.New(got.stdout)
	}
	return contains("gossip", got.stdout, "encrypted = true")
}
