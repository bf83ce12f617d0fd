package e2e

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"auto-consul/lib/registry"
)

// The raft leader, and nobody else, keeps snapshots; after its death the next leader goes
// on. Consul itself takes the newest for whole, and a new cluster that is given it has
// what was written before.
func TestSnapshots(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, s store) {
		c := newCluster(t, s, "quorum")
		for _, name := range []string{"n1", "n2", "n3"} {
			c.nodes[name] = newMachine(t, name, s)
			c.restart(name, c.nodes[name], "AC_SNAPSHOTS=4")
		}
		servers := c.await(3, 3)
		c.awaitPeers(servers)
		first := c.leads(servers)
		c.writeAndAwait(first, "before")
		c.runners[first].signalGroup(syscall.SIGKILL)
		c.runners[first].wait()
		killAll(t, c.nodes[first].id())
		left := slices.DeleteFunc(slices.Clone(servers), func(name string) bool { return name == first })
		second := ""
		eventually(t, "another leader", func() (err error) {
			second, err = c.leader(left)
			return err
		})
		newest := c.writeAndAwait(second, "after")
		c.mayHaveWritten(first, second)

		shown := c.nodes[second].members("-snapshots", "4s")
		if shown.Snapshot == nil || shown.Snapshot.Time.Before(newest.Time) {
			t.Errorf("got snapshot %+v, want %s or a newer one", shown.Snapshot, newest.Key())
		}
		body, err := s.get(newest.Key())
		if err != nil {
			t.Fatal(err)
		}
		fresh := newMachine(t, "fresh", newDirectory(t))
		file := fresh.write("snapshot", body)
		got := fresh.run("", "consul", "snapshot", "inspect", file)
		if err := errors.Join(want("code of inspect", got.code, 0), contains("inspect", got.stdout, "Index")); err != nil {
			t.Fatalf("%v: %s", err, got.stderr)
		}
		if m := regexp.MustCompile(`Index +([0-9]+)`).FindStringSubmatch(got.stdout); m[1] != strconv.FormatUint(newest.Index, 10) {
			t.Errorf("got index %s in it, want %d as its key says", m[1], newest.Index)
		}
		fresh.agent("", "-client="+fresh.address)
		fresh.awaitLeader()
		if got := fresh.run("", "consul", "snapshot", "restore", file); got.code != 0 {
			t.Fatalf("restore: %s", got.stderr)
		}
		for _, key := range []string{"before", "after"} {
			got := fresh.run("", "consul", "kv", "get", key)
			if err := want(key, strings.TrimSpace(got.stdout), "yes"); err != nil {
				t.Errorf("after the restore: %v %s", err, got.stderr)
			}
		}
	})
}

// leader returns which of the servers leads, as the first of them knows it.
func (c *cluster) leader(servers []string) (string, error) {
	leader, err := c.nodes[servers[0]].leader()
	for _, name := range servers {
		if err == nil && c.nodes[name].raftAddress() == leader {
			return name, nil
		}
	}
	return "", errors.Join(err, errNotYet)
}

// leads waits until one of the servers leads.
func (c *cluster) leads(servers []string) (name string) {
	c.t.Helper()
	eventually(c.t, "a leader", func() (err error) {
		name, err = c.leader(servers)
		return err
	})
	return name
}

// writeAndAwait writes a key at a machine, and waits for a snapshot that has it, which is
// the newest then.
func (c *cluster) writeAndAwait(name, key string) (newest registry.ConsulSnapshot) {
	c.t.Helper()
	m, stored := c.nodes[name], []struct{ ModifyIndex uint64 }{}
	eventually(c.t, "a write", func() error {
		got := m.run("", "consul", "kv", "put", key, "yes")
		return errors.Join(want("code of "+got.stderr, got.code, 0), m.get("/v1/kv/"+key, &stored))
	})
	eventually(c.t, "a snapshot that has "+key, func() error {
		kept, err := c.store.snapshots()
		if err != nil || len(kept) == 0 {
			return errors.Join(err, errNotYet)
		}
		newest = kept[len(kept)-1]
		if newest.Index < stored[0].ModifyIndex {
			return fmt.Errorf("got index %d, want %d", newest.Index, stored[0].ModifyIndex)
		}
		return nil
	})
	return newest
}

// snapshots are those in the registry, in the order of their keys.
func (s store) snapshots() (out []registry.ConsulSnapshot, err error) {
	keys, err := s.keys()
	for _, key := range keys {
		if !strings.HasPrefix(key, "snapshots/") {
			continue
		}
		snapshot, parse := registry.ParseSnapshotKey(key)
		out, err = append(out, snapshot), errors.Join(err, parse)
	}
	return out, err
}

// mayHaveWritten wants no snapshot of a machine that has led at no time, and no index
// twice.
func (c *cluster) mayHaveWritten(leaders ...string) {
	c.t.Helper()
	for name, p := range c.runners {
		if wrote := strings.Contains(p.err.String(), "wrote snapshots/"); wrote != slices.Contains(leaders, name) {
			c.t.Errorf("%s has written snapshots: %t", name, wrote)
		}
	}
	kept, err := c.store.snapshots()
	if err != nil {
		c.t.Fatal(err)
	}
	for i := range kept {
		if i > 0 && kept[i].Index == kept[i-1].Index && kept[i].Term == kept[i-1].Term {
			c.t.Errorf("index %d is there twice", kept[i].Index)
		}
	}
}

// Where the store refuses snapshots, or the token may not take one, each is a line, and
// the beats go on.
func TestSnapshotsAreRefused(t *testing.T) {
	t.Parallel()
	m := newMachine(t, "server1", newDirectory(t))
	m.write("consul.d/acl.hcl", `acl {
  enabled = true
  default_policy = "deny"
  tokens { initial_management = "8f246b77-f3e1-ff88-5b48-8ec93abf3e05" }
}`)
	m.env = []string{"CONSUL_HTTP_TOKEN=8f246b77-f3e1-ff88-5b48-8ec93abf3e05"}
	m.start(m.runner("run", "--", "-client="+m.address)...)
	m.awaitLeader()
	var made struct{ SecretID string }
	for _, q := range [][2]string{
		{"/v1/acl/policy", `{"Name":"beats","Rules":"agent_prefix \"\" { policy = \"write\" }\nacl = \"read\""}`},
		{"/v1/acl/token", `{"Policies":[{"Name":"beats"}]}`},
	} {
		eventually(t, q[0], func() error {
			got := m.run("", "curl", "--silent", "--fail-with-body", "-X", "PUT", "-H", "X-Consul-Token: 8f246b77-f3e1-ff88-5b48-8ec93abf3e05",
				"--data", q[1], "http://"+m.address+":8500"+q[0])
			if got.code != 0 {
				return fmt.Errorf("%s %s", got.stdout, got.stderr)
			}
			made = decode[struct{ SecretID string }](t, got.stdout)
			return nil
		})
	}
	beat := func(token, line string) {
		t.Helper()
		m.env = []string{"CONSUL_HTTP_TOKEN=" + token}
		loop := m.start("ac-heartbeat", "-r", m.store.url, "-t", "1", "-d", m.path("data"), "-snapshots", "1h")
		eventually(t, line, func() error { return contains("stderr", loop.err.String(), line) })
		eventually(t, "beats", func() error { return atLeast("beats", strings.Count(loop.out.String(), "\n"), 3) })
		loop.signal(syscall.SIGTERM)
		loop.wait()
	}
	beat(made.SecretID, "warning: no snapshot: take a snapshot: the Consul agent denies access: the token (CONSUL_HTTP_TOKEN, CONSUL_HTTP_TOKEN_FILE) needs the permission acl:write")
	if err := m.store.put("snapshots", "in the way"); err != nil {
		t.Fatal(err)
	}
	beat("8f246b77-f3e1-ff88-5b48-8ec93abf3e05", "warning: no snapshot: list "+m.store.url+"/snapshots/")
}
