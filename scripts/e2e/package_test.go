package e2e

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"auto-consul/lib/wire"
)

// A Debian package goes through its life on a machine with systemd, and without it. What
// dpkg and systemd say counts.
func TestPackage(t *testing.T) {
	t.Parallel()
	older, newer := makePackage(t, "1.0.0"), makePackage(t, "1.1.0")
	b := boot(newLAN(t), "node", "192.168.50.120", packageOutfit(t))
	b.prepareDpkg()
	was := b.listing()

	b.testInstall(older)
	b.testStart("s3://my-bucket/first")
	b.testUpgrade(newer)
	b.testPurge(was)
	b.testWithoutSystemd(older, newer)
	b.testPurge(was)
}

// makePackage returns the path of a Debian package for this machine.
func makePackage(t *testing.T, version string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "dist")
	cmd := exec.Command("go", "run", "./scripts/dist", dir, runtime.GOARCH)
	cmd.Dir, cmd.Env = root(), append(os.Environ(), "DIST_VERSION="+version)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return filepath.Join(dir, fmt.Sprintf("auto-consul_%s-1_%s.deb", version, runtime.GOARCH))
}

// packageOutfit is a folder with what a machine has before the package comes: Consul.
func packageOutfit(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	sh := exec.Command("sh", "-ec", `mkdir -p machine/usr/local/bin
		cp -L "$0" machine/usr/local/bin
		printf '#!/bin/sh\nexit 252\n' >aws`, filepath.Join(tools(), "consul"))
	sh.Dir = dir
	if out, err := sh.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return dir
}

// prepareDpkg gives the machine a /usr of its own and what dpkg knows of its packages.
// Where packages put units is where its systemd looks for them. Nobody is called consul.
func (b *booted) prepareDpkg() {
	b.lan.t.Helper()
	b.must(b.run("cp -a /var/lib/dpkg /tmp/consul/disk/lib"))
	b.must(b.sys(`mkdir /tmp/consul/usr /tmp/consul/usr-work
		mount -t overlay overlay -o lowerdir=/usr,upperdir=/tmp/consul/usr,workdir=/tmp/consul/usr-work /usr
		mount --bind /tmp/consul/disk/local /usr/local
		mount --bind /run/units /usr/lib/systemd/system
		sed -i /^consul:/d /etc/passwd /etc/group`))
}

// must wants a command to have ended with 0, and returns what it has printed.
func (b *booted) must(got result) string {
	b.lan.t.Helper()
	if got.code != 0 {
		b.lan.t.Fatalf("ended with %d: %s%s\n%s", got.code, got.stdout, got.stderr, tail(b.run("cat /tmp/consul/log").stdout))
	}
	return got.stdout
}

// listing has the paths of all files that a package could leave behind: not those of
// dpkg itself and of the commands that make users, nor what the services write.
func (b *booted) listing() []string {
	b.lan.t.Helper()
	paths := strings.Split(b.must(b.sys(`find /etc /usr /var/lib /run/units /run/systemd/system \
		-path /var/lib/dpkg -prune -o -path /var/lib/consul -prune -o -path /var/lib/systemd -prune -o \
		-path '/etc/.pwd.lock' -o -path '/etc/*-' -o -path '/etc/sub?id' -o -print`)), "\n")
	slices.Sort(paths)
	return paths
}

// testInstall checks that a package makes the user, starts nothing, and says what to do.
func (b *booted) testInstall(path string) {
	t := b.lan.t
	t.Helper()
	said := b.must(b.sys("dpkg --install " + path))
	if err := errors.Join(
		contains("the installation", said, "edit /etc/auto-consul.env, then start the agent, systemctl enable --now auto-consul.service\n"),
		want("enabled", b.sys("systemctl is-enabled "+agentUnit).stdout, "disabled\n"),
		want("agent", b.show(agentUnit, "ActiveState"), "inactive"),
		want("heartbeats", b.show(beatUnit, "ActiveState"), "inactive"),
		want("fragment", b.show(agentUnit, "LoadState"), "loaded"),
		contains("the user", b.sys("getent passwd consul").stdout, ":/var/lib/consul:/usr/sbin/nologin\n"),
		want("release", b.releaseOf("/usr/bin/ac-heartbeat"), "v1.0.0"),
	); err != nil {
		t.Error(err)
	}
}

// releaseOf is what a program says of itself.
func (b *booted) releaseOf(program string) string {
	b.lan.t.Helper()
	return decode[wire.Build](b.lan.t, b.must(b.sys(program+" -version"))).Release
}

// settings are those of a cluster of one, for the environment file.
func (b *booted) settings(registry string) string {
	return fmt.Sprintf(`cat >>/etc/auto-consul.env <<END
AC_REGISTRY=%s
AC_SERVERS=1
AC_ADDRESS=%s
AWS_REGION=us-east-1
AWS_ENDPOINT_URL_S3=http://%s:7070
AWS_ACCESS_KEY_ID=%s
AWS_SECRET_ACCESS_KEY=%s
END
echo 'performance { raft_multiplier = 1 }' >/etc/consul.d/fast.hcl
`, registry, b.address, storeAddress, accessKey, secretKey)
}

const awaitLeaderText = settingsText + `export CONSUL_HTTP_TOKEN_FILE=
ac-heartbeat -until leader -wait 1m`

// testStart does what the installation has said.
func (b *booted) testStart(registry string) {
	t := b.lan.t
	t.Helper()
	b.must(b.sys(b.settings(registry) + "systemctl enable --now " + agentUnit))
	b.await(agentUnit, "ActiveState=active", "NRestarts=0")
	b.await(beatUnit, "ActiveState=active")
	b.must(b.sys(awaitLeaderText))
	if err := want("enabled", b.sys("systemctl is-enabled "+agentUnit).stdout, "enabled\n"); err != nil {
		t.Error(err)
	}
}

// testUpgrade checks that settings stay as they were edited, that the agent goes on, and
// that the heartbeats are of the new version.
func (b *booted) testUpgrade(path string) {
	t := b.lan.t
	t.Helper()
	env, agent := b.must(b.sys("cat /etc/auto-consul.env")), b.show(agentUnit, "InvocationID")
	said := b.must(b.sys("dpkg --install " + path))
	b.await(beatUnit, "ActiveState=active")
	if err := errors.Join(
		want("settings", b.sys("cat /etc/auto-consul.env").stdout, env),
		want("the agent's invocation", b.show(agentUnit, "InvocationID"), agent),
		want("agent", b.show(agentUnit, "ActiveState"), "active"),
		want("enabled", b.sys("systemctl is-enabled "+agentUnit).stdout, "enabled\n"),
		want("release of the heartbeats", b.releaseOf("/proc/"+b.show(beatUnit, "MainPID")+"/exe"), "v1.1.0"),
		want("advice", strings.Contains(said, "then start"), false),
	); err != nil {
		t.Error(err)
	}
}

// testPurge checks that a removal stops all and keeps the settings, and that a purge
// leaves nothing but data.
func (b *booted) testPurge(was []string) {
	t := b.lan.t
	t.Helper()
	b.must(b.sys("rm /etc/consul.d/fast.hcl; dpkg --remove auto-consul"))
	if err := errors.Join(
		want("agent", b.show(agentUnit, "ActiveState"), "inactive"),
		want("heartbeats", b.show(beatUnit, "ActiveState"), "inactive"),
		contains("the settings", b.sys("cat /etc/auto-consul.env").stdout, "\nAC_SERVERS=1\n"),
	); err != nil {
		t.Error(err)
	}
	b.must(b.sys("dpkg --purge auto-consul"))
	now := b.listing()
	for _, path := range now {
		if _, found := slices.BinarySearch(was, path); !found {
			t.Errorf("the purge leaves %s", path)
		}
	}
	if len(now) < len(was) {
		t.Errorf("the purge has taken away %d files of others", len(was)-len(now))
	}
	if got := b.must(b.sys("cd /var/lib/consul; echo *")); !strings.Contains(got, "cluster") {
		t.Errorf("got %q, want the data", got)
	}
}

// testWithoutSystemd installs, where nothing shows that systemd runs, does what is said
// then, and upgrades.
func (b *booted) testWithoutSystemd(older, newer string) {
	t := b.lan.t
	t.Helper()
	const without = "exec unshare --mount sh -ec 'mount -t tmpfs tmpfs /run; $0' "
	b.must(b.sys("rm -r /var/lib/consul"))
	said := b.must(b.sys(without + "'dpkg --install " + older + "'"))
	_, start, _ := strings.Cut(strings.TrimSpace(said), "then start the agent, as the user consul: ")
	if start == "" {
		t.Fatalf("got %q, want what to start", said)
	}
	b.must(b.sys(b.settings("s3://my-bucket/second")))
	agent := startProcess(t, b.sysEnv(), "", b.enterSys(
		"export CONSUL_HTTP_TOKEN_FILE=; exec setpriv --reuid=consul --regid=consul --clear-groups sh -ec '"+start+"'")...)
	b.must(b.sys(awaitLeaderText))
	b.must(b.sys(without + "'dpkg --install " + newer + "'"))
	if err := errors.Join(
		want("release", b.releaseOf("ac-decide"), "v1.1.0"),
		want("owner", b.sys("stat -c '%U %a' /var/lib/consul").stdout, "consul 750\n"),
		want("ended", agent.ended(), false),
	); err != nil {
		t.Error(err)
	}
	agent.signal(15)
	agent.wait()
}
