package main

import (
	"bytes"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"auto-consul/lib/cli"
	"auto-consul/lib/consul"
	"auto-consul/lib/datadir"
	"auto-consul/lib/registry"
	"auto-consul/lib/storetest"
)

// What an agent says of itself.
const (
	leaderless = `{"Config":{"NodeName":"s1","Server":true},"Member":{"Addr":"127.9.9.1"},"Stats":{"consul":{"leader_addr":""},"raft":{"last_log_index":"12"},"serf_lan":{"members":"1"}}}`
	led        = `{"Config":{"NodeName":"s1","Server":true},"Member":{"Addr":"127.9.9.1"},"Stats":{"consul":{"leader_addr":"127.9.9.1:8300"},"raft":{"last_log_index":"12"},"serf_lan":{"members":"3"}}}`
	blank      = `{"Config":{"NodeName":"s1","Server":true},"Member":{"Addr":"127.9.9.1"},"Stats":{"consul":{"leader_addr":""},"raft":{"last_log_index":"0"},"serf_lan":{"members":"1"}}}`
	lonely     = `{"Config":{"NodeName":"a1","Server":false},"Member":{"Addr":"127.9.9.1"},"Stats":{"consul":{"known_servers":"0"},"serf_lan":{"members":"1"}}}`
	befriended = `{"Config":{"NodeName":"a1","Server":false},"Member":{"Addr":"127.9.9.1"},"Stats":{"consul":{"known_servers":"3"},"serf_lan":{"members":"4"}}}`
)

// rig is a heart with an agent, a store and a data directory of its own. It sets
// the environment, so its test is not parallel.
type rig struct {
	*heart
	t     *testing.T
	agent *agent
	srv   *storetest.Server
	diag  *bytes.Buffer
}

func newRig(t *testing.T) *rig {
	t.Helper()
	r := &rig{t: t, agent: &agent{folder: t.TempDir()}, srv: storetest.New(t), diag: &bytes.Buffer{}}
	r.srv.CreateBucket(t, "b")
	web := httptest.NewServer(r.agent)
	t.Cleanup(func() {
		web.CloseClientConnections()
		web.Close()
	})
	t.Setenv("CONSUL_HTTP_ADDR", web.URL)
	asked, err := consul.NewAgent()
	if err != nil {
		t.Fatal(err)
	}
	p := &program{expiry: 2 * time.Minute, ticks: time.Minute, timeout: 10 * time.Second, dir: t.TempDir()}
	r.heart = &heart{
		program: p, agent: asked, dir: datadir.Dir(p.dir), joins: &joins{agent: asked, busy: map[string]bool{}},
		out:      cli.Streams{Name: "t", Out: &bytes.Buffer{}, Err: r.diag},
		registry: &registry.Registry{Store: r.srv.Open(t, "b", "r"), Expiry: p.expiry},
	}
	return r
}

// answers has the agent answer so from now on.
func (r *rig) answers(name, body string) { r.write(filepath.Join(r.agent.folder, name), body) }

// keeps has the data directory hold a file.
func (r *rig) keeps(name, body string) { r.write(filepath.Join(r.program.dir, name), body) }

func (r *rig) write(path, body string) {
	r.t.Helper()
	if err := os.WriteFile(path, []byte(body), 0o600); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) put(key, body string) {
	r.t.Helper()
	if err := r.registry.Store.Put(r.t.Context(), key, []byte(body)); err != nil {
		r.t.Fatal(err)
	}
}

// says wants this on standard error since it was asked last: one line a matter.
func (r *rig) says(want ...string) {
	r.t.Helper()
	got := r.diag.String()
	r.diag.Reset()
	lines := strings.Split(strings.TrimSuffix(got, "\n"), "\n")
	if got == "" {
		lines = nil
	}
	if len(lines) != len(want) {
		r.t.Errorf("got %d lines on standard error, want %d: %s", len(lines), len(want), got)
		return
	}
	for i, line := range lines {
		if !strings.Contains(line, want[i]) {
			r.t.Errorf("got %q, want %q in it", line, want[i])
		}
	}
}

func (r *rig) status() consul.Status {
	r.t.Helper()
	status, err := r.heart.agent.Status(r.t.Context())
	if err != nil {
		r.t.Fatal(err)
	}
	return status
}

// turns makes a turn of the loop that must not be its last.
func (r *rig) turns() time.Duration {
	r.t.Helper()
	pause, err := r.turn(r.t.Context())
	if err != nil {
		r.t.Fatal(err)
	}
	return pause
}
