package e2e

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// booted is a machine that runs systemd, with files of its own where the
// installation and the services write.
type booted struct {
	*host
	address string
	init    *process
	pid     int // of systemd
}

// boot starts systemd on a machine. outfit holds the program aws and what is to
// be copied into the machine's /etc and /usr/local.
func boot(l *lan, name, address, outfit string) *booted {
	l.t.Helper()
	h := l.host(name, address, outfit)
	serveMetadata(l.t, l.ns(name), map[string]string{"local-ipv4": address, "placement/region": "us-east-1"})
	cgroup := "/tmp/consul/cgroup/" + l.ns(name)
	l.t.Cleanup(func() {
		eventually(l.t, "the end of "+name, func() error {
			return want("code", h.run("find "+cgroup+" -depth -type d -exec rmdir {} + 2>&1").code, 0)
		})
	})
	b := &booted{host: h, address: address}
	b.init = startProcess(l.t, h.env, "", h.enter(fmt.Sprintf(
		`mkdir /tmp/consul/cgroup && mount -t cgroup2 none /tmp/consul/cgroup && mkdir %[1]s && echo $$ >%[1]s/cgroup.procs
		exec unshare --cgroup --pid --fork --kill-child --mount --ipc sh -ec '%[2]s' sh %[3]s`, cgroup, bootText, outfit))...)
	eventually(l.t, "systemd on "+name, func() error {
		if b.init.ended() {
			l.t.Fatalf("systemd on %s has ended", name)
		}
		children, err := os.ReadFile(fmt.Sprintf("/proc/%[1]d/task/%[1]d/children", b.init.cmd.Process.Pid))
		if _, scan := fmt.Sscan(string(children), &b.pid); err != nil || scan != nil {
			return errors.Join(err, scan)
		}
		return want("state", strings.TrimSpace(b.sys("systemctl is-system-running").stdout), "running")
	})
	return b
}

// bootText makes the machine's folders and becomes its systemd, which knows no
// units beside those that the services need to be ordered by.
const bootText = `
mount -t proc proc /proc
mount -t cgroup2 none /sys/fs/cgroup
for dir in /run /var/lib /usr/local; do mount -t tmpfs tmpfs $dir; done
mkdir -p /run/etc/upper /run/etc/work /run/units/auto-consul.service.d /run/units/service.d /usr/local/bin /usr/local/sbin
mount -t overlay overlay -o lowerdir=/etc,upperdir=/run/etc/upper,workdir=/run/etc/work /etc
mount -t tmpfs tmpfs /etc/systemd/system
echo consul:x:871:871::/var/lib/consul:/usr/sbin/nologin >>/etc/passwd
echo consul:x:871: >>/etc/group
cp -r "$1"/machine/. /
cp "$1"/aws /usr/local/bin
hostname >/etc/hostname
printf "[Service]\nStandardError=append:/tmp/consul/log\n" >/run/units/service.d/log.conf
printf "[Service]\nStandardOutput=append:/tmp/consul/log\n" >/run/units/auto-consul.service.d/log.conf
for name in e2e basic sysinit shutdown umount final network-online; do
  printf "[Unit]\nDefaultDependencies=no\n" >/run/units/$name.target
done
export container=other SYSTEMD_UNIT_PATH=/etc/systemd/system:/run/units
exec /lib/systemd/systemd --system --unit=e2e.target --log-target=console --show-status=no`

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

// serveMetadata is an instance's metadata service inside a network namespace: a
// session begins with PUT, and nothing is told without one.
func serveMetadata(t *testing.T, ns string, facts map[string]string) {
	t.Helper()
	l := &lan{t: t}
	l.do("ip", "-n", ns, "addr", "add", "169.254.169.254/32", "dev", "lo")
	listener, err := listenIn(ns, "169.254.169.254:80")
	if err != nil {
		t.Fatal(err)
	}
	secret := make([]byte, 16)
	_, _ = rand.Read(secret) // never fails
	session := hex.EncodeToString(secret)
	mux := http.NewServeMux()
	mux.HandleFunc("PUT /latest/api/token", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-aws-ec2-metadata-token-ttl-seconds") == "" {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		fmt.Fprint(w, session)
	})
	mux.HandleFunc("GET /latest/meta-data/{name...}", func(w http.ResponseWriter, r *http.Request) {
		fact, ok := facts[r.PathValue("name")]
		switch {
		case r.Header.Get("X-aws-ec2-metadata-token") != session:
			w.WriteHeader(http.StatusUnauthorized)
		case !ok:
			w.WriteHeader(http.StatusNotFound)
		default:
			fmt.Fprint(w, fact)
		}
	})
	server := &http.Server{Handler: mux}
	done := make(chan struct{})
	go func() {
		_ = server.Serve(listener) // until it is closed
		close(done)
	}()
	t.Cleanup(func() {
		_ = server.Close()
		<-done
	})
}

// listenIn listens inside a network namespace: a socket stays in the one that it
// was made in. The thread that was there is not used again.
func listenIn(ns, address string) (net.Listener, error) {
	type answer struct {
		net.Listener
		error
	}
	out := make(chan answer)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
		file, err := os.Open(filepath.Join("/run/netns", ns))
		if err == nil {
			err = unix.Setns(int(file.Fd()), unix.CLONE_NEWNET)
			_ = file.Close()
		}
		if err != nil {
			out <- answer{nil, err}
			return
		}
		l, err := net.Listen("tcp", address)
		out <- answer{l, err}
	}()
	a := <-out
	return a.Listener, a.error
}
