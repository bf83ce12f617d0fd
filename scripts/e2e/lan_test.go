package e2e

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
)

// lan is a network of its own: namespaces on a bridge, with an S3 server.
type lan struct {
	t      *testing.T
	prefix string // of the namespaces' names
	store  *host
}

// host is a machine on it: a network, a host name and a /tmp/consul of its own.
type host struct {
	lan     *lan
	name    string
	address string
	env     []string
	pid     int // of the process that holds its namespaces
	up      []*process
}

const storeAddress = "192.168.50.1"

// lans counts the networks that there have been.
var lans atomic.Int64

func newLAN(t *testing.T) *lan {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Fatal("network namespaces need root")
	}
	l := &lan{t: t, prefix: fmt.Sprintf("ac%d-%d-", os.Getpid(), lans.Add(1))}
	l.do("ip", "netns", "add", l.ns("lan"))
	t.Cleanup(func() { l.do("ip", "netns", "del", l.ns("lan")) })
	l.do("ip", "-n", l.ns("lan"), "link", "add", "bridge", "type", "bridge")
	l.do("ip", "-n", l.ns("lan"), "link", "set", "bridge", "up")
	l.store = l.host("store", storeAddress, t.TempDir())
	dir := t.TempDir()
	l.store.background(fmt.Sprintf("%s --quiet --access %s --secret %s --port %s:7070 posix %s",
		filepath.Join(tools(), "versitygw"), accessKey, secretKey, storeAddress, dir))
	if err := os.Mkdir(filepath.Join(dir, "my-bucket"), 0o755); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the store", func() error {
		got := l.store.run("ip -4 addr show eth0 && exec 3<>/dev/tcp/" + storeAddress + "/7070")
		return want("code", got.code, 0)
	})
	return l
}

func (l *lan) ns(name string) string { return l.prefix + name }

func (l *lan) do(argv ...string) {
	l.t.Helper()
	if out, err := exec.Command(argv[0], argv[1:]...).CombinedOutput(); err != nil {
		l.t.Errorf("%v: %v: %s", argv, err, out)
	}
}

// install runs the README's way to install, with the caches that are there.
func (l *lan) install(home, text string) {
	l.t.Helper()
	cmd := exec.Command("sh", "-ec", text)
	cmd.Dir = root()
	cache, err := exec.Command("go", "env", "GOCACHE", "GOMODCACHE").Output()
	if err != nil {
		l.t.Fatal(err)
	}
	dirs := strings.Fields(string(cache))
	cmd.Env = append(os.Environ(), "HOME="+home, "GOCACHE="+dirs[0], "GOMODCACHE="+dirs[1])
	if out, err := cmd.CombinedOutput(); err != nil {
		l.t.Fatalf("%s: %v: %s", text, err, out)
	}
	for _, path := range []string{
		"man/man1/ac-decide.1", "man/man1/auto-consul.1", "man/man5/auto-consul.registry.5", "man/man7/auto-consul.protocol.7", "man/man7/auto-consul.recipes.7",
		"bash-completion/completions/ac-exec", "zsh/site-functions/_ac-members", "fish/vendor_completions.d/ac-heartbeat.fish",
	} {
		if _, err := os.Stat(filepath.Join(home, ".local/share", path)); err != nil {
			l.t.Errorf("%s has not installed %s", text, path)
		}
	}
}

// host adds a machine. Its programs are those that were installed in home.
func (l *lan) host(name, address, home string) *host {
	l.t.Helper()
	ns := l.ns(name)
	l.do("ip", "netns", "add", ns)
	l.t.Cleanup(func() { l.do("ip", "netns", "del", ns) })
	l.do("ip", "-n", l.ns("lan"), "link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", ns)
	l.do("ip", "-n", l.ns("lan"), "link", "set", name, "master", "bridge", "up")
	l.do("ip", "-n", ns, "addr", "add", address+"/24", "dev", "eth0")
	l.do("ip", "-n", ns, "link", "set", "eth0", "up")
	l.do("ip", "-n", ns, "link", "set", "lo", "up")
	h := &host{lan: l, name: name, address: address, env: []string{
		"PATH=" + filepath.Join(home, ".local/bin") + ":" + tools() + ":" + os.Getenv("PATH"), "HOME=" + home,
		"ADDRESS=" + address, "AWS_ENDPOINT_URL_S3=http://" + storeAddress + ":7070",
		"AWS_ACCESS_KEY_ID=" + accessKey, "AWS_SECRET_ACCESS_KEY=" + secretKey, "AWS_REGION=us-east-1",
	}}
	if err := os.MkdirAll("/tmp/consul", 0o755); err != nil {
		l.t.Fatal(err)
	}
	holder := startProcess(l.t, h.env, "", "ip", "netns", "exec", ns, "unshare", "--mount", "--uts",
		"sh", "-ec", "mount -t tmpfs tmpfs /tmp/consul; hostname "+name+"; echo ready; exec sleep infinity")
	eventually(l.t, "machine "+name, func() error { return contains("its holder", holder.out.String(), "ready") })
	h.pid = holder.cmd.Process.Pid
	return h
}

// enter is the command line that runs a text of commands on the machine.
func (h *host) enter(text string) []string {
	return []string{"nsenter", fmt.Sprintf("--target=%d", h.pid), "--mount", "--uts", "--net", "bash", "-ec", text}
}

func (h *host) run(text string) result {
	h.lan.t.Helper()
	return startProcess(h.lan.t, h.env, "", h.enter(text)...).wait()
}

func (h *host) background(text string) {
	h.lan.t.Helper()
	h.up = append(h.up, startProcess(h.lan.t, h.env, "", h.enter(text)...))
}

// down stops what runs in the background.
func (h *host) down() {
	h.lan.t.Helper()
	for _, p := range h.up {
		p.signal(15)
	}
	for _, p := range h.up {
		p.wait()
	}
	h.up = nil
}

// awaitServers waits until the machine's agent knows so many servers and a
// leader.
func (h *host) awaitServers(n int) {
	h.lan.t.Helper()
	eventually(h.lan.t, fmt.Sprintf("%d servers and a leader on %s", n, h.name), func() error {
		got := h.run("consul members -status alive; consul catalog nodes >/dev/null")
		alive := strings.Count(got.stdout, " server ")
		return errors.Join(want("code", got.code, 0), want("servers", alive, n))
	})
}
