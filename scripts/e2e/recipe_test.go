package e2e

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"auto-consul/lib/scripttest"
	"auto-consul/lib/wire"
)

const drainUnit = "auto-consul-drain.service"

// recipe returns a script of the manual page of recipes.
func recipe(t *testing.T, name string) string {
	t.Helper()
	script, err := scripttest.Recipe(filepath.Join(root(), "docs/man/auto-consul.recipes.7"), name)
	if err != nil {
		t.Fatal(err)
	}
	return script
}

// TestRecipes runs the recipes that need a cluster, as they stand in the manual page, on
// three machines with systemd that were given the user-data.
func TestRecipes(t *testing.T) {
	t.Parallel()
	outfit := newOutfit(t)
	l := newLAN(t)
	var nodes []*booted
	for n := range 3 {
		nodes = append(nodes, boot(l, fmt.Sprintf("node%d", n), fmt.Sprintf("192.168.50.%d", 120+n), outfit))
	}
	operator := newOperator(l, nodes)
	for _, n := range nodes { // each waits for the others
		n.up = append(n.up, startProcess(t, n.sysEnv(), "", n.enterSys(install+"\n"+recipe(t, "voter"))...))
	}
	for _, n := range nodes {
		n.wantVoter(n.up[0].wait())
	}

	testUpgrade(operator, nodes)
	c := nodes[2]
	c.testDrain(nodes[0])
	if got := operator.upgrade(t); got.code != 1 || !strings.Contains(got.stderr, "a server is missing") || c.upgrades() != 1 {
		t.Errorf("with two servers of three: the upgrade ended with %d: %s", got.code, got.stderr)
	}

	// A new machine takes the place, as the page says.
	c.facts.Delete("autoscaling/target-lifecycle-state")
	c.must(c.sys("rm -r /var/lib/consul/*"))
	c.wantVoter(c.sys("systemctl start " + agentUnit + "\n" + recipe(t, "voter")))
	nodes[0].awaitAlive(3)
}

// wantVoter checks what the recipe says that waits for a voter, and that it is true.
func (b *booted) wantVoter(got result) {
	t := b.lan.t
	t.Helper()
	said := fmt.Sprintf("%s at %s is a server\n", b.name, b.address)
	if got.code != 0 || !strings.HasSuffix(got.stdout, said) {
		t.Fatalf("%s: ended with %d: %s%s\n%s", b.name, got.code, got.stdout, got.stderr, b.run("cat /tmp/consul/log").stdout)
	}
	peers := b.must(b.sys(managerText + "\nconsul operator raft list-peers"))
	for line := range strings.Lines(peers) {
		if strings.HasPrefix(line, b.name+" ") && strings.Contains(line, " true ") {
			return
		}
	}
	t.Errorf("%s does not vote:\n%s", b.name, peers)
}

// operator is a machine that reads the registry and reaches others by ssh.
type operator struct{ *host }

// newOperator makes the operator's machine. Its ssh enters the others by their namespaces.
// Their apt-get puts another file of the same Consul in the place of the one that is there.
func newOperator(l *lan, nodes []*booted) operator {
	t := l.t
	t.Helper()
	home := t.TempDir()
	ssh := "#!/bin/sh\n[ \"$# $1\" = '3 -n' ] || exit 255\ncase $2 in\n"
	for _, n := range nodes {
		argv := n.enterSys("")
		ssh += fmt.Sprintf("  root@%s) exec env -i %s %s sh -c \"$3\" ;;\n", n.address,
			"PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin AWS_DEFAULT_REGION=us-east-1", strings.Join(argv[:3], " "))
		n.must(n.sys(`cat >/usr/local/bin/apt-get <<'END'
#!/bin/sh
set -eu
[ "$*" = 'install --yes consul' ]
cp /usr/local/bin/consul /usr/local/bin/consul.new
mv /usr/local/bin/consul.new /usr/local/bin/consul
echo upgraded >>/tmp/consul/upgrades
END
chmod 755 /usr/local/bin/apt-get`))
	}
	bins := filepath.Join(home, ".local/bin")
	if err := errors.Join(os.MkdirAll(bins, 0o755), os.Symlink(filepath.Join(bin(), "ac-members"), filepath.Join(bins, "ac-members")),
		os.WriteFile(filepath.Join(bins, "ssh"), []byte(ssh+"  *) exit 255 ;;\nesac\n"), 0o755)); err != nil {
		t.Fatal(err)
	}
	return operator{l.host("operator", "192.168.50.200", home)}
}

func (o operator) upgrade(t *testing.T) result {
	t.Helper()
	return o.run("export AC_REGISTRY=s3://my-bucket/consul\n" + strings.TrimPrefix(recipe(t, "upgrade"), "#!/bin/sh\n"))
}

// upgrades returns how often the machine was given another Consul.
func (b *booted) upgrades() int {
	b.lan.t.Helper()
	return strings.Count(b.run("cat /tmp/consul/upgrades || :").stdout, "\n")
}

// testUpgrade checks that each server runs the Consul that was installed, at its place in
// the same cluster, and that all vote.
func testUpgrade(o operator, nodes []*booted) {
	t := o.lan.t
	t.Helper()
	was, agents := map[*booted]place{}, map[*booted]string{}
	for _, n := range nodes {
		was[n], agents[n] = n.place(), n.show(agentUnit, "InvocationID")
	}
	nodes[0].must(nodes[0].sys(managerText + "\nconsul kv put upgrade kept"))
	if got := o.upgrade(t); got.code != 0 {
		t.Fatalf("the upgrade ended with %d: %s%s", got.code, got.stdout, got.stderr)
	}
	for _, n := range nodes {
		if err := errors.Join(
			want("upgrades", n.upgrades(), 1),
			want("the same agent", n.show(agentUnit, "InvocationID") == agents[n], false),
			want("its program", strings.TrimSpace(n.sys("readlink /proc/"+n.show(agentUnit, "MainPID")+"/exe").stdout), "/usr/local/bin/consul"),
			want("place", n.place(), was[n]),
			want("key", n.sys(managerText+"\nconsul kv get upgrade").stdout, "kept\n"),
		); err != nil {
			t.Errorf("%s: %v", n.name, err)
		}
		n.awaitAlive(3)
	}
}

// testDrain tells the machine that its auto scaling group is about to end it. The group may
// go on once the node has left, and not before. The user-data's service does it, which the
// tests of the manual pages compare with the recipe.
func (b *booted) testDrain(other *booted) {
	t := b.lan.t
	t.Helper()
	if err := errors.Join(want("place", b.place().mode, wire.Server), want("drain", b.show(drainUnit, "ActiveState"), "active"),
		want("told", b.run("cat /tmp/consul/completed || :").stdout, "")); err != nil {
		t.Error(err)
	}
	b.facts.Store("autoscaling/target-lifecycle-state", "InService")
	b.facts.Store("autoscaling/target-lifecycle-state", "Terminated")
	b.await(drainUnit, "ActiveState=inactive", "Result=success")
	b.await(agentUnit, "ActiveState=inactive", "Result=success")
	said := "inactive: --lifecycle-hook-name auto-consul-leave --lifecycle-action-result CONTINUE --instance-id i-" + b.name + "\n"
	if err := errors.Join(want("told", b.run("cat /tmp/consul/completed").stdout, said), b.gone(other)); err != nil {
		t.Error(err)
	}
}
