package e2e

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"auto-consul/lib/registry"
)

// All servers are lost, with their disks, while a client writes. New machines of their
// names restore the newest snapshot before anybody can write into what it replaces. What
// was written before the snapshot is there, services of no member included; services
// register; and all that was acknowledged to the client since is there, too.
func TestAllServersAreLost(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, s store) {
		c := newCluster(t, s, "quorum")
		c.addServers()
		c.quickVotes("n1")
		a1 := newMachine(t, "a1", s)
		c.nodes["a1"] = a1
		c.restart("a1", a1, "AC_ELIGIBLE=false") // it is to write, and not to take a place
		c.await(3, 4)
		a1.awaitLeader()
		a1.command("consul", "services", "register", "-name", "web", "-id", "web1")
		a1.command("consul", "kv", "put", "kept", "yes")
		a1.register(`{"Node":"external","Address":"192.0.2.1","Service":{"Service":"database","Port":5432}}`)
		rec, err := s.record()
		if err != nil {
			t.Fatal(err)
		}
		ids := map[string]string{}
		for _, name := range []string{"n1", "n2", "n3"} {
			ids[name] = c.nodes[name].read("data/server/node-id")
		}
		snapshot := a1.upload(rec.ClusterID, 1)
		a1.command("consul", "kv", "put", "lost", "yes")
		w := a1.writes()
		for _, name := range []string{"n1", "n2", "n3"} {
			c.kill(name)
		}
		before := len(w.acknowledged())
		for _, name := range []string{"n1", "n2", "n3"} {
			m := newMachine(t, name, s)
			m.write("consul.d/leave.hcl", "performance { leave_drain_time = \"0s\" }\nports { serf_wan = -1 }\n")
			c.nodes[name] = m
			c.restart(name, m, "AC_LOST_CLUSTER=restore")
		}
		c.await(3, 4)
		c.awaitVoters("n1", "n2", "n3")
		c.wantRestored(rec.ClusterID, snapshot, ids)
		eventually(t, "writes of the client that lived on", func() error {
			return atLeast("writes", len(w.acknowledged()), before+20)
		})
		a1.wantKey("kept", "yes")
		if got := a1.run("", "consul", "kv", "get", "lost"); got.code == 0 {
			t.Error("what was written after the snapshot is there")
		}
		for _, key := range w.stop()[before:] {
			a1.wantKey(key, key)
		}
		eventually(t, "the services", func() error {
			return errors.Join(a1.inCatalog("database", "external"), a1.inCatalog("web", "a1"))
		})
	})
}

// wantRestored checks that the new cluster was born from a snapshot of another, by a node
// that keeps its node id, and that all servers are registered with their ids of now.
func (c *cluster) wantRestored(old, snapshot string, ids map[string]string) {
	c.t.Helper()
	rec, err := c.store.record()
	body, gerr := c.store.get("cluster.json")
	if err := errors.Join(err, gerr, contains("the record", body, `"restore":"`+snapshot+`"`), want("another cluster", rec.ClusterID != old, true)); err != nil {
		c.t.Error(err)
	}
	if got, want := c.nodes[rec.Bootstrap.Node].read("data/server/node-id"), ids[rec.Bootstrap.Node]; strings.TrimSpace(got) != strings.TrimSpace(want) {
		c.t.Errorf("the node id of %s: got %s, want %s as before", rec.Bootstrap.Node, got, want)
	}
	eventually(c.t, "the servers in the catalog", func() error {
		var err error
		for name := range ids {
			err = errors.Join(err, c.nodes[name].inCatalogAsItself())
		}
		return err
	})
}

// inCatalogAsItself checks that the catalog has the machine's node with its id of now.
func (m *machine) inCatalogAsItself() error {
	var found struct {
		Node     struct{ ID string }
		Services map[string]struct{}
	}
	err := m.get("/v1/catalog/node/"+m.node, &found)
	return errors.Join(err, want("node id of "+m.node, found.Node.ID, strings.TrimSpace(m.read("data/server/node-id"))))
}

// inCatalog checks that the catalog has a service on a node and on no other.
func (m *machine) inCatalog(service, node string) error {
	var found []struct{ Node string }
	err := m.get("/v1/catalog/service/"+service, &found)
	if len(found) != 1 {
		return errors.Join(err, want("nodes of "+service, len(found), 1))
	}
	return errors.Join(err, want("the node of "+service, found[0].Node, node))
}

// register registers something that is no member.
func (m *machine) register(text string) {
	m.t.Helper()
	var ok bool
	if err := m.request("PUT", "/v1/catalog/register", text, &ok); err != nil || !ok {
		m.t.Fatal(err)
	}
}

// upload puts a snapshot into the registry, as the snapshot of a cluster with an index.
func (m *machine) upload(clusterID string, index uint64) (key string) {
	m.t.Helper()
	m.command("consul", "snapshot", "save", m.path("save.snap"))
	return m.store.keep(m.t, clusterID, index, m.read("save.snap"))
}

// keep puts a snapshot into the store and returns its key.
func (s store) keep(t *testing.T, clusterID string, index uint64, body string) string {
	t.Helper()
	key := registry.ConsulSnapshot{ClusterID: clusterID, Term: 1, Index: index, Time: time.Now()}.Key()
	if err := s.put(key, body); err != nil {
		t.Fatal(err)
	}
	return key
}

func (m *machine) wantKey(key, value string) {
	m.t.Helper()
	eventually(m.t, key, func() error {
		got := m.run("", "consul", "kv", "get", key)
		return errors.Join(want("code", got.code, 0), want(key, strings.TrimSpace(got.stdout), value))
	})
}

// writing is somebody who writes keys without a pause, and knows which were acknowledged.
type writing struct {
	mu   sync.Mutex
	acks []string
	over atomic.Bool
	done chan struct{}
}

func (m *machine) writes() *writing {
	w := &writing{done: make(chan struct{})}
	go func() {
		defer close(w.done)
		for n := 0; !w.over.Load(); n++ {
			key := fmt.Sprintf("w%d", n)
			var ok bool
			if m.request("PUT", "/v1/kv/"+key, key, &ok) == nil && ok {
				w.mu.Lock()
				w.acks = append(w.acks, key)
				w.mu.Unlock()
			}
			time.Sleep(50 * time.Millisecond)
		}
	}()
	m.t.Cleanup(func() { w.stop() })
	return w
}

// acknowledged returns the keys whose writing was acknowledged.
func (w *writing) acknowledged() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]string{}, w.acks...)
}

func (w *writing) stop() []string {
	w.over.Store(true)
	<-w.done
	return w.acknowledged()
}
