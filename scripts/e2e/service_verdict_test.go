package e2e

import (
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// TestServiceVerdicts checks what the units make of the codes that heartbeats end with,
// beside an agent that notes its starts and whether it was told to end. Programs stand in
// for both that do in order what they find in the services' folder.
func TestServiceVerdicts(t *testing.T) {
	t.Parallel()
	b := boot(newLAN(t), "node0", "192.168.50.120", newVerdictOutfit(t))
	b.startAgent()
	b.wantNoted(1, "")

	t.Run("decide again", func(t *testing.T) {
		b.orders("75")
		b.wantNoted(2, "")
	})
	t.Run("step down", func(t *testing.T) { // the agent's unit has RestartPreventExitStatus=0
		b.orders("step")
		b.wantNoted(3, "")
	})
	t.Run("step down at once", func(t *testing.T) { // both end at one moment
		b.orders("quick")
		b.wantNoted(4, "")
	})
	t.Run("control", func(t *testing.T) { // a unit that has the agent told to end
		b.sys(`mkdir /run/units/auto-consul-heartbeat.service.d
			printf '[Service]\nExecStopPost=\nExecStopPost=+systemctl --no-block restart auto-consul.service\n' >/run/units/auto-consul-heartbeat.service.d/zz.conf
			systemctl daemon-reload`)
		b.orders("75")
		b.wantNoted(5, "TERM\n")
		b.sys(`rm /run/units/auto-consul-heartbeat.service.d/zz.conf /var/lib/consul/signals; systemctl daemon-reload`)
	})
	t.Run("fenced", func(t *testing.T) {
		b.orders("76")
		b.await(agentUnit, "ActiveState=inactive", "Result=success")
		b.await(beatUnit, "ActiveState=failed", "ExecMainStatus=76")
		if err := b.noted(5, "TERM\n"); err != nil {
			t.Error(err)
		}
	})
}

// orders gives the heartbeats an order.
func (b *booted) orders(order string) {
	b.lan.t.Helper()
	if got := b.sys("cd /var/lib/consul; echo >" + order); got.code != 0 {
		b.lan.t.Fatalf("%s: %s", b.name, got.stderr)
	}
}

// wantNoted waits until the agent has started so many times and runs with its
// heartbeats, and checks that nothing happens after that.
func (b *booted) wantNoted(starts int, signals string) {
	t := b.lan.t
	t.Helper()
	eventually(t, "another start", func() error { return b.noted(starts, signals) })
	b.await(agentUnit, "ActiveState=active", "SubState=running")
	b.await(beatUnit, "ActiveState=active", "SubState=running")
	b.sys("sleep 6") // longer than RestartSec
	if err := errors.Join(b.noted(starts, signals), want("agent", b.show(agentUnit, "ActiveState"), "active"),
		want("heartbeats", b.show(beatUnit, "ActiveState"), "active")); err != nil {
		t.Errorf("some seconds later: %v", err)
	}
}

// noted returns an error unless the agent has started so many times and got the signals.
func (b *booted) noted(starts int, signals string) error {
	b.lan.t.Helper()
	read := func(name string) string { return b.sys("cat /var/lib/consul/" + name + " || :").stdout }
	return errors.Join(want("starts", strings.Count(read("starts"), "\n"), starts), want("signals", read("signals"), signals))
}

// newVerdictOutfit is a folder with the units and what stands in for the programs.
func newVerdictOutfit(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	sh := exec.Command("sh", "-euc", verdictOutfitText)
	sh.Dir = dir
	sh.Env = append(os.Environ(), "ROOT="+root())
	if out, err := sh.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return dir
}

const verdictOutfitText = `
mkdir -p machine/etc/systemd/system/auto-consul.service.d machine/usr/local/bin
cp "$ROOT"/scripts/systemd/*.service machine/etc/systemd/system
# systemd-notify is a process of its own.
printf '[Service]\nNotifyAccess=all\n' >machine/etc/systemd/system/auto-consul.service.d/notify.conf
: >machine/etc/auto-consul.env
: >aws
cat >machine/usr/local/bin/ac-run <<'END'
#!/bin/sh
cd /var/lib/consul
trap 'echo TERM >>signals; exit 0' TERM
rm -f leave
echo >>starts
systemd-notify --ready
while [ ! -e leave ]; do sleep 0.1; done
END
cat >machine/usr/local/bin/ac-heartbeat <<'END'
#!/bin/sh
cd /var/lib/consul
[ "$AC_ELIGIBLE" = true ] || exit 76
while :; do
  for code in 75 76; do [ ! -e $code ] || { rm $code; exit $code; }; done
  [ ! -e step ] || { trap 'trap "" TERM; sleep 7; exit 75' TERM; mv step leave; } # longer than RestartSec
  [ ! -e quick ] || { trap '' TERM; mv quick leave; sleep 0.1; exit 75; }
  sleep 0.1
done
END
chmod 755 machine/usr/local/bin/*`
