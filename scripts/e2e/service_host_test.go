package e2e

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"syscall"
)

// booted is a machine that runs systemd, with a disk of its own where the
// installation and the services write.
type booted struct {
	*host
	outfit string
	facts  sync.Map // of its metadata
	cgroup string
	init   *process
	pid    int // of systemd
}

// zoneFact is where the metadata have the machine's zone.
const zoneFact = "placement/availability-zone"

// zone returns what the metadata say of the machine's zone; empty if nothing.
func (b *booted) zone() string {
	fact, _ := b.facts.Load(zoneFact)
	zone, _ := fact.(string)
	return zone
}

// boot makes a machine with an empty disk, and starts systemd on it. outfit holds
// the program aws and what is to be copied into the machine's /etc and /usr/local.
func boot(l *lan, name, address, outfit string) *booted {
	l.t.Helper()
	b := &booted{host: l.host(name, address, outfit), outfit: outfit, cgroup: "/tmp/consul/cgroup/" + l.ns(name)}
	for fact, value := range map[string]string{
		"local-ipv4": address, "placement/region": "us-east-1", zoneFact: "us-east-1-" + name, "instance-id": "i-" + name,
	} {
		b.facts.Store(fact, value)
	}
	serveMetadata(l.t, l.ns(name), &b.facts)
	if got := b.run("mkdir /tmp/consul/cgroup && mount -t cgroup2 none /tmp/consul/cgroup"); got.code != 0 {
		l.t.Fatalf("%s: %s", name, got.stderr)
	}
	l.t.Cleanup(b.awaitEmpty)
	b.powerOn()
	eventually(l.t, "the end of the start of "+name, func() error {
		return want("state", strings.TrimSpace(b.sys("systemctl is-system-running").stdout), "running")
	})
	return b
}

// powerOn starts systemd on what the disk holds, and waits until it answers.
func (b *booted) powerOn() {
	t := b.lan.t
	t.Helper()
	b.init = startProcess(t, b.env, "", b.enter(fmt.Sprintf(
		`mkdir %[1]s && echo $$ >%[1]s/cgroup.procs
		exec unshare --cgroup --pid --fork --kill-child --mount --ipc sh -ec '%[2]s' sh %[3]s`, b.cgroup, bootText, b.outfit))...)
	eventually(t, "systemd on "+b.name, func() error {
		if b.init.ended() {
			t.Fatalf("systemd on %s has ended", b.name)
		}
		children, err := os.ReadFile(fmt.Sprintf("/proc/%[1]d/task/%[1]d/children", b.init.cmd.Process.Pid))
		if _, scan := fmt.Sscan(string(children), &b.pid); err != nil || scan != nil {
			return errors.Join(err, scan)
		}
		switch state := strings.TrimSpace(b.sys("systemctl is-system-running").stdout); state {
		case "starting", "running", "degraded":
			return nil
		default:
			return fmt.Errorf("state %q", state)
		}
	})
}

// powerOff cuts the power: everything ends at once, and only the disk is left.
func (b *booted) powerOff() {
	b.lan.t.Helper()
	if err := syscall.Kill(b.pid, syscall.SIGKILL); err != nil {
		b.lan.t.Fatal(err)
	}
	b.init.wait()
	b.awaitEmpty()
}

// awaitEmpty waits until nothing of the machine runs, and tidies up after it.
func (b *booted) awaitEmpty() {
	eventually(b.lan.t, "the end of "+b.name, func() error {
		got := b.run(fmt.Sprintf("[ ! -e %[1]s ] || find %[1]s -depth -type d -exec rmdir {} + 2>&1", b.cgroup))
		return want("code", got.code, 0)
	})
}

// bootText puts the machine's folders together, all but /run from its disk, and
// becomes its systemd, which knows no units beside those that the services need to
// be ordered by.
const bootText = `
disk=/tmp/consul/disk
[ -e $disk ] && blank= || blank=1
mkdir -p $disk/lib $disk/local/bin $disk/local/sbin $disk/units $disk/etc $disk/work
mount -t proc proc /proc
mount -t cgroup2 none /sys/fs/cgroup
mount -t tmpfs tmpfs /run
mount --bind $disk/lib /var/lib
mount --bind $disk/local /usr/local
mount -t overlay overlay -o lowerdir=/etc,upperdir=$disk/etc,workdir=$disk/work /etc
mount --bind $disk/units /etc/systemd/system
if [ $blank ]; then
  echo consul:x:871:871::/var/lib/consul:/usr/sbin/nologin >>/etc/passwd
  echo consul:x:871: >>/etc/group
  cp -r "$1"/machine/. /
  cp "$1"/aws /usr/local/bin
  hostname >/etc/hostname
fi
mkdir -p /run/units/auto-consul.service.d /run/units/service.d
printf "[Service]\nStandardError=append:/tmp/consul/log\n" >/run/units/service.d/log.conf
printf "[Service]\nStandardOutput=append:/tmp/consul/log\n" >/run/units/auto-consul.service.d/log.conf
for name in basic sysinit shutdown umount final network-online; do
  printf "[Unit]\nDefaultDependencies=no\n" >/run/units/$name.target
done
printf "[Unit]\nRequires=basic.target\n" >/run/units/multi-user.target
export container=other SYSTEMD_UNIT_PATH=/etc/systemd/system:/run/units
exec /lib/systemd/systemd --system --unit=multi-user.target --log-target=console --show-status=no`

// sys runs a text of commands as root beside the machine's systemd.
func (b *booted) sys(text string) result {
	b.lan.t.Helper()
	return startProcess(b.lan.t, b.sysEnv(), "", b.enterSys(text)...).wait()
}

func (b *booted) sysEnv() []string {
	return []string{"PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "CONSUL_HTTP_TOKEN_FILE=/run/consul.d/token", "AWS_DEFAULT_REGION=us-east-1"}
}

func (b *booted) enterSys(text string) []string {
	return []string{"/usr/bin/nsenter", fmt.Sprintf("--target=%d", b.pid), "--all", "sh", "-ec", text}
}

// show is a property of a unit.
func (b *booted) show(unit, property string) string {
	b.lan.t.Helper()
	return strings.TrimSpace(b.sys("systemctl show --value -p " + property + " " + unit).stdout)
}

// await waits until properties of a unit are so: "ActiveState=active".
func (b *booted) await(unit string, properties ...string) {
	b.lan.t.Helper()
	eventually(b.lan.t, fmt.Sprintf("%s of %s on %s", properties, unit, b.name), func() error {
		var errs []error
		for _, p := range properties {
			name, value, _ := strings.Cut(p, "=")
			errs = append(errs, want(name, b.show(unit, name), value))
		}
		if err := errors.Join(errs...); err != nil {
			return fmt.Errorf("%w\n%s", err, tail(b.run("cat /tmp/consul/log").stdout))
		}
		return nil
	})
}
