package e2e

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"auto-consul/lib/consultest"
)

// mostMemory is the most that a loop of heartbeats may have had in memory at any moment,
// whatever the size of the snapshots that it keeps.
const mostMemory = 64 << 20

// A snapshot of 512 MiB passes through the loop of heartbeats and is never in its memory.
// The agent is none: it answers as a leader does, from a file.
func TestSnapshotMemory(t *testing.T) {
	onEachStore(t, func(t *testing.T, s store) {
		const size = 512 << 20
		m := newMachine(t, "server1", s)
		snapshot := m.path("large")
		f, err := os.Create(snapshot)
		if err == nil {
			err = errors.Join(consultest.WriteSnapshot(f, 12, rand.Reader, size), f.Close())
		}
		if err != nil {
			t.Fatal(err)
		}
		m.leaderOf("c1", func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, snapshot) })
		loop := m.start("ac-heartbeat", "-r", s.url, "-d", m.path("data"), "-t", "1", "-snapshots", "1h")
		if wrote := loop.awaitSnapshot(); wrote < size {
			t.Errorf("got a snapshot of %d bytes, want %d or more", wrote, size)
		}
		loop.wantLittleMemory()
	})
}

// TestProveSnapshot is the same with a real Consul whose state has half of that.
func TestProveSnapshot(t *testing.T) {
	if os.Getenv("PROVE") != "full" {
		t.Skip("only PROVE=full fills a Consul")
	}
	onEachStore(t, func(t *testing.T, s store) {
		m := newMachine(t, "server1", s)
		m.start(m.runner("run", "--", "-client="+m.address)...)
		m.awaitLeader()
		size := m.fill(2048)
		loop := m.start("ac-heartbeat", "-r", s.url, "-d", m.path("data"), "-t", "1", "-snapshots", "1h")
		if wrote := loop.awaitSnapshot(); wrote < size {
			t.Errorf("got a snapshot of %d bytes, want %d or more", wrote, size)
		}
		loop.wantLittleMemory()
	})
}

// leaderOf has the machine be a server of an established cluster whose agent leads it and
// answers with snapshots.
func (m *machine) leaderOf(cluster string, snapshot http.HandlerFunc) {
	m.t.Helper()
	record := fmt.Sprintf(`{"version":1,"seq":1,"write":"w","cluster_id":%q,"state":"established","birth":"first","desired":1,`+
		`"bootstrap":{"incarnation":"i","node":%q,"address":%q,"term":1,"since":"2026-01-01T00:00:00Z"},`+
		`"servers":[{"incarnation":"i","node":%[2]q,"address":%[3]q,"since":"2026-01-01T00:00:00Z"}]}`, cluster, m.node, m.address)
	if err := m.store.put("cluster.json", record); err != nil {
		m.t.Fatal(err)
	}
	m.write("data/cluster", fmt.Sprintf(`{"cluster_id":%q,"term":1,"desired":1,"birth":"first"}`, cluster))
	m.write("data/incarnation", "i")
	self := fmt.Sprintf(`{"Config":{"NodeName":%q,"Server":true},"Member":{"Addr":%q},"Stats":{"consul":{"leader":"true",`+
		`"leader_addr":"%[2]s:8300"},"raft":{"last_log_index":"12"},"serf_lan":{"members":"1"}}}`, m.node, m.address)
	mux := http.NewServeMux()
	mux.Handle("/", consultest.New(map[string]string{"self": self}))
	mux.HandleFunc("/v1/snapshot", snapshot) // a stream, which is never whole in memory
	agent := httptest.NewServer(mux)
	m.t.Cleanup(agent.Close)
	m.env = append(m.env, "CONSUL_HTTP_ADDR="+agent.URL)
}

// wroteSnapshot is what a loop says of a snapshot, with its size.
var wroteSnapshot = regexp.MustCompile(`wrote snapshots/\S+, ([0-9]+) bytes`)

// awaitSnapshot waits until a loop has written a snapshot, and returns its size.
func (p *process) awaitSnapshot() int {
	p.t.Helper()
	var size int
	eventually(p.t, "a snapshot", func() error {
		m := wroteSnapshot.FindStringSubmatch(p.err.String())
		if m == nil {
			return errNotYet
		}
		var err error
		size, err = strconv.Atoi(m[1])
		return err
	})
	return size
}

// fill writes so many keys with values that cannot be compressed, as large as Consul takes
// them for certain, and returns how many bytes they have together.
func (m *machine) fill(values int) int {
	m.t.Helper()
	value := make([]byte, 128<<10)
	for n := range values {
		_, _ = rand.Read(value) // never fails
		var ok bool
		eventually(m.t, "a write", func() error {
			return m.request(http.MethodPut, fmt.Sprintf("/v1/kv/large/%d", n), string(value), &ok)
		})
	}
	return values * len(value)
}

// wantLittleMemory wants a process that runs to have had no more than mostMemory.
func (p *process) wantLittleMemory() {
	p.t.Helper()
	kib, err := peak(p.cmd.Process.Pid)
	if err != nil || kib == 0 || kib<<10 > mostMemory {
		p.t.Errorf("got at most %d KiB in memory, %v, want %d or less", kib, err, mostMemory>>10)
	}
	p.t.Logf("at most %d KiB were in memory", kib)
}

// peak returns how many KiB a process that runs has had in memory at most.
func peak(pid int) (kib int, err error) {
	status, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "status"))
	if err != nil {
		return 0, err
	}
	if _, rest, found := strings.Cut(string(status), "VmHWM:"); found {
		return strconv.Atoi(strings.Fields(rest)[0])
	}
	return 0, fmt.Errorf("process %d has no memory", pid)
}
