package e2e

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
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
	outfit := newOutfit(t)
	l := newLAN(t)
	var nodes []*booted
	for n := range 3 {
		nodes = append(nodes, boot(l, fmt.Sprintf("node%d", n), fmt.Sprintf("192.168.50.%d", 120+n), outfit))
	}
	a, b, c := nodes[0], nodes[1], nodes[2]

	if got := a.sys(install + ".wrong"); got.code == 0 {
		t.Error("an archive with another checksum was installed")
	}
	if got := a.sys("test ! -e /usr/local/bin/ac-decide"); got.code != 0 {
		t.Errorf("an archive with another checksum was unpacked")
	}
	for _, n := range nodes { // each waits for the others
		n.up = append(n.up, startProcess(t, n.sysEnv(), "", n.enterSys(install)...))
	}
	for _, n := range nodes {
		if got := n.up[0].wait(); got.code != 0 {
			t.Fatalf("%s: the installation ended with %d\n%s\n%s", n.name, got.code, got.stderr, n.run("cat /tmp/consul/log").stdout)
		}
		n.await(agentUnit, "ActiveState=active", "NRestarts=0")
		n.await(beatUnit, "ActiveState=active")
		n.wantInstalled()
		n.awaitAlive(3)
	}

	// What ends is started again, each by itself, and a reload ends nothing.
	a.sys("systemctl kill --signal=KILL --kill-who=main " + agentUnit)
	a.await(agentUnit, "ActiveState=active", "NRestarts=1")
	a.await(beatUnit, "ActiveState=active")
	main := a.show(agentUnit, "MainPID")
	a.sys("systemctl kill --signal=KILL " + beatUnit)
	a.await(beatUnit, "ActiveState=active", "NRestarts=1")
	if got := a.sys("systemctl reload " + agentUnit); got.code != 0 || a.show(agentUnit, "MainPID") != main {
		t.Errorf("reload ended with %d, the agent was process %s and is %s", got.code, main, a.show(agentUnit, "MainPID"))
	}
	a.awaitAlive(3)

	// A clean stop is no failure, and takes the heartbeats along.
	if got := b.sys("systemctl stop " + agentUnit); got.code != 0 {
		t.Errorf("stop ended with %d: %s", got.code, got.stderr)
	}
	b.await(agentUnit, "ActiveState=inactive", "Result=success")
	b.await(beatUnit, "ActiveState=inactive", "Result=success")
	if got := b.sys("systemctl start " + agentUnit); got.code != 0 {
		t.Errorf("start ended with %d: %s", got.code, got.stderr)
	}
	b.await(beatUnit, "ActiveState=active")
	b.awaitAlive(3)

	// A heartbeat that wants another decision gets it, one that is fenced ends
	// the agent.
	was := c.show(agentUnit, "InvocationID")
	c.beatEnds(75)
	eventually(t, "another agent", func() error {
		if now := c.show(agentUnit, "InvocationID"); now == was || now == "" {
			return errNotYet
		}
		return nil
	})
	c.await(agentUnit, "ActiveState=active")
	c.await(beatUnit, "ActiveState=active")
	c.awaitAlive(3)
	c.beatEnds(76)
	c.await(agentUnit, "ActiveState=inactive")
	c.await(beatUnit, "ActiveState=failed", "ExecMainStatus=76")
	eventually(t, "two servers and a leader", func() error {
		got := a.sys(lookText)
		return errors.Join(want("code", got.code, 0), want("servers", strings.Count(got.stdout, " server "), 2))
	})
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
		contains("settings", env, "\nAC_ADDRESS="+b.address+"\nAWS_REGION=us-east-1\n"),
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
export CONSUL_HTTP_TOKEN_FILE= CONSUL_HTTP_TOKEN=$(aws secretsmanager get-secret-value --secret-id consul/token)
consul operator raft list-peers`

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

// newOutfit is a folder with all that machines get: the user-data's files, an
// archive for them to install, and aws, which knows that and the secrets.
func newOutfit(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	sh := exec.Command("sh", "-euc", outfitText)
	sh.Dir = dir
	sh.Env = append(os.Environ(), "ROOT="+root())
	if out, err := sh.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	archive, err := os.Open(filepath.Join(dir, "archive"))
	if err != nil {
		t.Fatal(err)
	}
	defer archive.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, archive); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "machine", install)
	text, err := os.ReadFile(path)
	right := strings.Replace(string(text), "sum="+strings.Repeat("0", 64), fmt.Sprintf("sum=%x", sum.Sum(nil)), 1)
	if err := errors.Join(err, os.WriteFile(path+".wrong", text, 0o755), os.WriteFile(path, []byte(right), 0o755)); err != nil {
		t.Fatal(err)
	}
	return dir
}

// The store's address and keys stand for the instance role's.
const outfitText = `
"$ROOT/scripts/cloud-init/files" "$ROOT/scripts/cloud-init/user-data" machine
cat >>machine/etc/auto-consul.env <<END
AWS_ENDPOINT_URL_S3=http://` + storeAddress + `:7070
AWS_ACCESS_KEY_ID=` + accessKey + `
AWS_SECRET_ACCESS_KEY=` + secretKey + `
END
printf '%s\n' 'performance { raft_multiplier = 1 }' 'autopilot { server_stabilization_time = "100ms" }' >machine/etc/consul.d/fast.hcl
mkdir -p tree/usr/local/bin tree/etc/systemd/system secrets/consul
cp "$ROOT"/bin/ac-* "$ROOT/bin/auto-consul" tree/usr/local/bin
cp -L "$ROOT/bin/tools/consul" tree/usr/local/bin # the units do not see what lies below /tmp
cp "$ROOT"/scripts/systemd/*.service tree/etc/systemd/system
tar -cf archive -C tree .
cd secrets/consul
"$ROOT/bin/tools/consul" keygen >gossip-key
"$ROOT/bin/tools/consul" tls ca create
"$ROOT/bin/tools/consul" tls cert create -server
mv consul-agent-ca.pem ca
mv dc1-server-consul-0.pem cert
mv dc1-server-consul-0-key.pem cert-key
cat /proc/sys/kernel/random/uuid >token
cd ../..
cat >aws <<END
#!/bin/sh
set -eu
case "\$1 \$2 \$3 \$4" in
  's3 cp --only-show-errors s3://my-artefacts/auto-consul.tar.gz') cp '$PWD/archive' "\$5" ;;
  'secretsmanager get-secret-value --secret-id '*)
    [ "\$AWS_DEFAULT_REGION" = us-east-1 ]
    cat "$PWD/secrets/\$4"
    ;;
  *) exit 252 ;;
esac
END
chmod 755 aws`
