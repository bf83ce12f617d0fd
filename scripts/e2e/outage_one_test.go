package e2e

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"auto-consul/lib/rule"
	"auto-consul/lib/scripttest"
)

// Outages that one server is enough for.

// outageServer is a server that runs, of a cluster of one.
type outageServer struct {
	*machine
	runner *process
}

func (m *machine) outageArgs() []string {
	return m.machineArgs("-e", "4", "-t", "1", "-timeout", "1", "-wait", "2", "run", "--", "-client="+m.address)
}

// machineArgs is runner under a name that outageServer does not hide.
func (m *machine) machineArgs(more ...string) []string { return m.runner(more...) }

// newOutageServer starts a server and waits until it has beaten, and remembers its birth.
func newOutageServer(t *testing.T, s store, env ...string) *outageServer {
	t.Helper()
	m := newMachine(t, "server1", s)
	m.env = env
	o := &outageServer{m, m.start(m.outageArgs()...)}
	o.awaitBeating()
	return o
}

// awaitBeating waits until the server beats, and knows its birth to have succeeded.
func (o *outageServer) awaitBeating() {
	o.t.Helper()
	eventually(o.t, "a server that beats", func() error {
		keys, err := o.store.keys()
		return errors.Join(err, contains("keys", strings.Join(keys, " "), "servers/"), contains("membership", o.read("data/cluster"), `"established":true`))
	})
}

// said is what the server's runner has written on standard error.
func (o *outageServer) said() string { return o.runner.err.String() }

// table is what auto-consul status shows of the cluster.
func (o *outageServer) table() string {
	return o.run("", "ac-members", "-r", o.store.url, "-e", "4", "-format", "table", "-purge=false").stdout
}

// newNode is what a new machine says that starts now.
func (o *outageServer) newNode(code int, more ...string) string {
	o.t.Helper()
	m := newMachine(o.t, "new", o.store)
	got := m.run("", append([]string{"ac-decide", "-r", m.store.url, "-n", "new", "-a", m.address, "-d", m.path("data"), "-e", "4", "-timeout", "1", "-wait", "1"}, more...)...)
	if got.code != code {
		o.t.Errorf("got a new node end with %d, want %d: %s", got.code, code, got.stderr)
	}
	return got.stderr
}

// newProxied returns a bucket that can be taken away.
func newProxied(t *testing.T) (store, *proxy) {
	t.Helper()
	s := newBucket(t)
	g, err := theGateway()
	if err != nil {
		t.Fatal(err)
	}
	p := newProxy(t, g.Endpoint, func(string) {})
	s.env = scripttest.StoreEnv("http://" + p.address)
	return s, p
}

// A server's machine stops for longer than the expiry, and starts again.
func TestOutageRestart(t *testing.T) {
	t.Parallel()
	o := newOutageServer(t, newDirectory(t))
	o.runner.signal(syscall.SIGTERM)
	o.runner.wait()
	eventually(t, "its silence", func() error { return contains("status", o.table(), "The server is not live.") })
	before := o.table()
	o.runner = o.start(o.outageArgs()...)
	wantOutage(t, "A server is restarted", func() string { return before + o.table() })
}

// A server's agent hangs.
func TestOutageSlow(t *testing.T) {
	t.Parallel()
	o := newOutageServer(t, newDirectory(t))
	pid := o.pid("consul")
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	wantOutage(t, "A server is slow", o.said)
	if err := syscall.Kill(pid, syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	o.awaitLeader()
}

// The store refuses writes.
func TestOutageReadOnly(t *testing.T) {
	t.Parallel()
	s, p := newProxied(t)
	o := newOutageServer(t, s)
	p.set("deny-writes")
	wantOutage(t, "The store is read-only", o.said)
	p.set("pass")
}

// The store denies access.
func TestOutageDenied(t *testing.T) {
	t.Parallel()
	s, p := newProxied(t)
	o := newOutageServer(t, s)
	p.set("deny")
	decided := o.newNode(77)
	wantOutage(t, "The store denies access", func() string { return o.said() + decided })
	if o.runner.ended() {
		t.Error("got the server ended, want it to run on")
	}
	p.set("pass")
}

// The record is deleted, and then everything.
func TestOutageEmptied(t *testing.T) {
	t.Parallel()
	s := newDirectory(t)
	o := newOutageServer(t, s)
	folder := strings.TrimPrefix(s.url, "file://")
	before, err := s.get(rule.RecordKey)
	if err := errors.Join(err, os.Remove(filepath.Join(folder, rule.RecordKey))); err != nil {
		t.Fatal(err)
	}
	wantOutage(t, "The record is deleted", o.said)
	if err := os.RemoveAll(folder); err != nil {
		t.Fatal(err)
	}
	wantOutage(t, "The store is emptied", func() string { return o.said() + o.table() })
	after, err := s.get(rule.RecordKey)
	id := func(record string) string { _, id, _ := strings.Cut(record, `"cluster_id":"`); return id[:32] }
	if err := errors.Join(err, want("cluster", id(after), id(before))); err != nil {
		t.Error(err)
	}
}

// The record is damaged.
func TestOutageDamaged(t *testing.T) {
	t.Parallel()
	s := newDirectory(t)
	o := newOutageServer(t, s)
	record, err := s.get(rule.RecordKey)
	if err := errors.Join(err, s.put(rule.RecordKey, record[:len(record)/2])); err != nil {
		t.Fatal(err)
	}
	decided := o.newNode(69)
	wantOutage(t, "The record is damaged", func() string { return o.said() + decided })
	// What the page says that one types.
	if err := os.Remove(filepath.Join(strings.TrimPrefix(s.url, "file://"), rule.RecordKey)); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the record", func() error { _, err := s.get(rule.RecordKey); return err })
}
