package e2e

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// TestReadmeUserData runs the README's user-data on three machines that have what the
// package installs, at other places, and Consul.
func TestReadmeUserData(t *testing.T) {
	var text string
	for _, b := range readme(t) {
		if b.where == "boot" {
			text += b.text
		}
	}
	if text == "" {
		t.Fatal("the README has no user-data")
	}
	l, outfit := newLAN(t), packagedOutfit(t)
	var nodes []*booted
	for n := range 3 {
		b := boot(l, fmt.Sprintf("node%d", n), fmt.Sprintf("192.168.50.%d", 120+n), outfit)
		b.must(b.sys("echo AC_ADDRESS=" + b.address + " >>/etc/auto-consul.env")) // there is no default route
		nodes = append(nodes, b)
	}
	for _, n := range nodes { // each waits for the others
		n.up = append(n.up, startProcess(t, n.sysEnv(), "", n.enterSys(text)...))
	}
	for _, n := range nodes {
		n.must(n.up[0].wait())
		n.await(agentUnit, "ActiveState=active", "NRestarts=0")
		n.await(beatUnit, "ActiveState=active")
	}
	eventually(t, "three voters", func() error {
		peers := nodes[0].sys("CONSUL_HTTP_TOKEN_FILE= consul operator raft list-peers")
		return errors.Join(want("code", peers.code, 0), want("voters", strings.Count(peers.stdout, " true "), 3))
	})
}

// packagedOutfit is a folder with what a machine has: the programs, the units and the
// settings of the package, Consul, and what stands for the instance's role.
func packagedOutfit(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	sh := exec.Command("sh", "-euc", `
mkdir -p machine/usr/local/bin machine/etc/systemd/system machine/etc/consul.d
cp "$ROOT"/bin/ac-* "$ROOT/bin/auto-consul" machine/usr/local/bin
cp -L "$ROOT/bin/tools/consul" machine/usr/local/bin
cp "$ROOT"/scripts/systemd/*.service machine/etc/systemd/system
cp "$ROOT/scripts/systemd/auto-consul.env" machine/etc
cat >>machine/etc/auto-consul.env <<END
AWS_REGION=us-east-1
AWS_ENDPOINT_URL_S3=http://`+storeAddress+`:7070
AWS_ACCESS_KEY_ID=`+accessKey+`
AWS_SECRET_ACCESS_KEY=`+secretKey+`
END
printf '#!/bin/sh\nexit 252\n' >aws`)
	sh.Dir, sh.Env = dir, append(os.Environ(), "ROOT="+root())
	if out, err := sh.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return dir
}
