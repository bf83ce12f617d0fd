// Package e2e runs the built programs with real Consul agents, and with a
// directory and a real S3 server for their registry.
package e2e

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"auto-consul/lib/scripttest"
	"auto-consul/lib/wire"
)

func TestMain(m *testing.M) {
	// Where it is ignored, as nohup has it, all that the tests start would be deaf to
	// it; a signal that is caught here is not ignored there.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGHUP)
	flag.Parse()
	code := scripttest.RunBuilt(m, "e2e", os.Stdout)
	if gatewayStarted.Load() {
		if g, err := theGateway(); err == nil {
			g.End()
		}
	}
	os.Exit(code)
}

func root() string  { return filepath.Dir(bin()) }
func bin() string   { return scripttest.Bin() }
func tools() string { return scripttest.Tools() }

// machine is one node: a loopback address, a data directory and an environment.
type machine struct {
	t       *testing.T
	node    string
	address string
	dir     string // for its files
	store   store
	env     []string // beside what environ says
	token   string   // with which a test asks the agent; empty: none
}

// fast is the configuration of all agents.
const fast = `
disable_update_check = true
performance { raft_multiplier = 1 }
`

func newMachine(t *testing.T, node string, s store) *machine {
	t.Helper()
	m := &machine{t: t, node: node, address: freeAddress(t), dir: t.TempDir(), store: s}
	m.write("consul.d/fast.hcl", fast)
	m.write("tmp/.keep", "")
	t.Cleanup(func() { killAll(t, m.id()) })
	return m
}

// id is the marker's value: one for each machine.
func (m *machine) id() string { return m.t.Name() + "/" + m.node + "@" + m.address }

func (m *machine) write(name, text string) string {
	m.t.Helper()
	path := m.path(name)
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o755)); err != nil {
		m.t.Fatal(err)
	}
	return path
}

func (m *machine) path(name string) string { return filepath.Join(m.dir, name) }

func (m *machine) read(name string) string {
	data, err := os.ReadFile(m.path(name))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		m.t.Error(err)
	}
	return string(data)
}

// environ returns the machine's environment. The default data directory is not used: it is
// the same for all machines of a test, and whoever has run a program by hand has left something
// in it.
func (m *machine) environ() []string {
	env := scripttest.Environ(m.dir, "TMPDIR="+m.path("tmp"), "CONSUL_HTTP_ADDR="+m.address+":8500", "AC_DATA_DIR="+m.path("no-data"), marker+"="+m.id())
	return append(append(env, m.store.env...), m.env...)
}

func (m *machine) start(argv ...string) *process {
	m.t.Helper()
	return startProcess(m.t, m.environ(), "", argv...)
}

// run runs a program to its end.
func (m *machine) run(stdin string, argv ...string) result {
	m.t.Helper()
	return startProcess(m.t, m.environ(), stdin, argv...).wait()
}

// runner is the command line of scripts/auto-consul on this machine.
func (m *machine) runner(more ...string) []string {
	return append([]string{
		filepath.Join(bin(), "auto-consul"), "-r", m.store.url, "-n", m.node, "-a", m.address,
		"-d", m.path("data"), "-c", m.path("consul.d"),
	}, more...)
}

// get asks the agent's HTTP API.
func (m *machine) get(path string, to any) error { return m.request(http.MethodGet, path, "", to) }

// request asks the agent's HTTP API with a method and a body.
func (m *machine) request(method, path, text string, to any) error {
	client := http.Client{Timeout: 5 * time.Second}
	q, err := http.NewRequest(method, "http://"+m.address+":8500"+path, strings.NewReader(text))
	if err != nil {
		return err
	}
	q.Header.Set("X-Consul-Token", m.token)
	res, err := client.Do(q)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", res.Status, body)
	}
	if err != nil {
		return err
	}
	return json.Unmarshal(body, to)
}

// leader returns the raft leader as this machine's agent knows it.
func (m *machine) leader() (string, error) {
	var leader string
	err := m.get("/v1/status/leader", &leader)
	if err == nil && leader == "" {
		err = errNotYet
	}
	return leader, err
}

// awaitLeader waits until the agent runs and knows a leader.
func (m *machine) awaitLeader() {
	m.t.Helper()
	eventually(m.t, "a leader at "+m.node, func() error {
		_, err := m.leader()
		return err
	})
}

// members runs ac-members.
func (m *machine) members(args ...string) wire.Members {
	m.t.Helper()
	res := m.run("", append([]string{"ac-members", "-r", m.store.url}, args...)...)
	if res.code != 0 {
		m.t.Fatalf("ac-members ended with %d: %s", res.code, res.stderr)
	}
	return decode[wire.Members](m.t, res.stdout)
}

func decode[T any](t *testing.T, text string) T {
	t.Helper()
	var doc T
	if err := json.Unmarshal([]byte(text), &doc); err != nil {
		t.Fatalf("decode %q: %v", text, err)
	}
	return doc
}

// names are the nodes of members, separated by spaces.
func names(members []wire.Member) string {
	var out []string
	for _, m := range members {
		out = append(out, m.Node)
	}
	return strings.Join(out, " ")
}

// addresses counts the loopback addresses that have been given out.
var addresses atomic.Int64

// freeAddress returns a loopback address that no other test uses, and that has
// Consul's ports free.
func freeAddress(t *testing.T) string {
	t.Helper()
	for range 200 {
		n := addresses.Add(1)
		address := fmt.Sprintf("127.%d.%d.%d", 60+os.Getpid()%150, 1+n/250, 1+n%250)
		if free(address, "8300", "8301", "8302", "8500", "8502", "8503", "8600") {
			return address
		}
	}
	t.Fatal("no loopback address has Consul's ports free")
	return ""
}

func free(address string, ports ...string) bool {
	for _, port := range ports {
		l, err := net.Listen("tcp", net.JoinHostPort(address, port))
		if err != nil {
			return false
		}
		_ = l.Close()
	}
	return true
}
