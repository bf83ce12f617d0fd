package e2e

import (
	"errors"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"auto-consul/lib/rule"
	"auto-consul/lib/wire"
)

// aSnapshot is a snapshot with the key kept, of a cluster of one server called n1.
var aSnapshot = struct {
	once sync.Once
	body string
}{}

func snapshotOfOne(t *testing.T) string {
	t.Helper()
	aSnapshot.once.Do(func() {
		m := newMachine(t, "n1", newDirectory(t))
		p := m.start(m.runner("run", "--", "-client="+m.address)...)
		m.awaitLeader()
		m.wantKeyPut("kept", "yes")
		m.command("consul", "snapshot", "save", m.path("save.snap"))
		aSnapshot.body = m.read("save.snap")
		p.signal(syscall.SIGTERM)
		p.wait()
	})
	if aSnapshot.body == "" {
		t.Fatal("there is no snapshot")
	}
	return aSnapshot.body
}

func (m *machine) wantKeyPut(key, value string) {
	m.t.Helper()
	eventually(m.t, "a key", func() error { return want("code", m.run("", "consul", "kv", "put", key, value).code, 0) })
}

// lost puts the record of a cluster into the store whose one server is gone for good.
func (s store) lost(t *testing.T, desired int) (clusterID string) {
	t.Helper()
	gone := rule.Slot{Incarnation: "i0", Node: "gone", Address: freeAddress(t), Since: time.Now().Add(-time.Hour).UTC()}
	rec := rule.Record{
		Seq: 1, Write: "w", ClusterID: "c1", State: rule.Established, Birth: rule.First, Desired: desired, Servers: []rule.Slot{gone},
		Bootstrap: rule.Bootstrap{Incarnation: gone.Incarnation, Node: gone.Node, Address: gone.Address, Term: 1, Since: gone.Since},
	}
	body, err := rec.Encode()
	if err == nil {
		err = s.put(rule.RecordKey, string(body))
	}
	if err != nil {
		t.Fatal(err)
	}
	return rec.ClusterID
}

// All servers of three are lost, and there is a snapshot: a new node waits, and prints what
// restores it. That is typed word for word, and the node, which waits, goes on with it.
func TestOutageSnapshot(t *testing.T) {
	t.Parallel()
	body, s := snapshotOfOne(t), newDirectory(t)
	snapshot := s.keep(t, s.lost(t, 3), 1, body)
	m := newMachine(t, "n1", s)
	p := m.start(m.runner("-s", "3", "-e", "12", "-t", "3", "run", "--", "-client="+m.address)...)
	wantOutage(t, "All servers are lost, and there is a snapshot", func() string { return p.err.String() })
	m.command("sh", "-c", restoreCommand(p.err.String()))
	m.awaitLeader()
	m.wantKey("kept", "yes")
	if err := contains("stderr", p.err.String(), "restored "+snapshot); err != nil {
		t.Error(err)
	}
}

// restoreCommand returns the command that a node which waits says would restore a lost
// cluster; empty if it says none.
func restoreCommand(stderr string) string {
	_, text, _ := strings.Cut(stderr, "this restores its snapshot of ")
	_, text, _ = strings.Cut(text, ": ")
	text, _, _ = strings.Cut(text, ";")
	return text
}

// All servers of three are lost, and the machine that replaces one starts while their
// heartbeats are live: it is a client. What is typed there restores the cluster (R22).
func TestRestoreIsTypedAtAClient(t *testing.T) {
	t.Parallel()
	body, s := snapshotOfOne(t), newDirectory(t)
	snapshot := s.keep(t, s.lost(t, 3), 1, body)
	for _, name := range []string{"a", "b", "c"} {
		if err := s.put("servers/"+time.Now().UTC().Format("20060102150405")+"-"+name, freeAddress(t)); err != nil {
			t.Fatal(err)
		}
	}
	m := newMachine(t, "n1", s)
	p := m.start(m.runner("-s", "3", "-e", "4", "-t", "1", "run", "--", "-client="+m.address)...)
	eventually(t, "a client that runs", func() error {
		return errors.Join(want("mode", m.read("data/mode"), wire.Agent), want("agents", len(m.pids("consul")), 1))
	})
	eventually(t, "the end of the heartbeats", func() error {
		typed := m.command("ac-decide", "-r", s.url, "-n", "n1", "-a", m.address, "-d", m.path("data"), "-e", "4", "-lost-cluster", "restore")
		return contains("the decision", typed, `"restore":"`+snapshot)
	})
	m.awaitLeader()
	m.wantKey("kept", "yes")
	if err := contains("stderr", p.err.String(), "restored "+snapshot); err != nil {
		t.Error(err)
	}
}

// A damaged snapshot is refused, and the message says what to type to restore the one
// before it.
func TestDamagedSnapshot(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, s store) {
		body, id := snapshotOfOne(t), s.lost(t, 3)
		older, damaged := s.keep(t, id, 1, body), s.keep(t, id, 2, body[:len(body)/2])
		m := newMachine(t, "n1", s)
		p := m.start(m.runner("-s", "3", "-e", "4", "-t", "1", "-lost-cluster", "restore", "run", "--", "-client="+m.address)...)
		folder, isFolder := strings.CutPrefix(s.url, "file://")
		typed := "rm " + folder + "/" + damaged
		if !isFolder {
			typed = "aws s3 rm " + s.url + "/" + damaged
		}
		eventually(t, "what to type", func() error {
			return errors.Join(
				contains("stderr", p.err.String(), "for the operator: "+damaged+" cannot be restored: damaged: "),
				contains("stderr", p.err.String(), "when it is removed, the one before it is restored, "+older+" of "),
				contains("stderr", p.err.String(), typed))
		})
		if err := errors.Join(exists(m.path("data/restore-failed")), want("raft data", exists(m.path("data/server/raft")) != nil, true)); err != nil {
			t.Error(err)
		}
		if isFolder {
			wantOutage(t, "A snapshot cannot be restored", func() string { return p.err.String() })
		}
		m.command("sh", "-c", "PATH="+m.removesObjects()+":$PATH; "+typed)
		m.awaitLeader()
		m.wantKey("kept", "yes")
		if err := contains("stderr", p.err.String(), "restored "+older); err != nil {
			t.Error(err)
		}
	})
}

// removesObjects returns a folder with an aws that can remove objects and nothing else: a
// bucket of the S3 server is a folder.
func (m *machine) removesObjects() string {
	m.t.Helper()
	g, err := theGateway()
	if err != nil {
		m.t.Fatal(err)
	}
	m.write("removes/aws", "#!/bin/sh\n[ \"$1 $2\" = \"s3 rm\" ] && rm \""+g.Dir+"/${3#s3://}\"\n")
	return m.path("removes")
}

// A node that is killed while it restores leaves all or nothing of the data, and restores
// when it starts again. After three times it waits for the operator. PROVE=full kills at
// ten moments.
func TestProveRestoreIsKilled(t *testing.T) {
	t.Parallel()
	for n := range pick(3, 10) {
		after := time.Duration(n) * time.Duration(pick(900, 270)) * time.Millisecond
		t.Run(after.String(), func(t *testing.T) {
			t.Parallel()
			onEachStore(t, func(t *testing.T, s store) { testRestoreIsKilled(t, s, after) })
		})
	}
}

func testRestoreIsKilled(t *testing.T, s store, after time.Duration) {
	snapshot := s.keep(t, s.lost(t, 1), 1, snapshotOfOne(t))
	m := newMachine(t, "n1", s)
	argv := m.runner("-e", "10", "-t", "2", "run", "--", "-client="+m.address)
	for range 2 {
		p := m.start(argv...)
		eventually(t, "the restore", func() error { return contains("stderr", p.err.String(), "restoring "+snapshot) })
		time.Sleep(after)
		killAll(t, m.id())
		p.wait()
		if exists(m.path("data/server/raft")) == nil {
			break
		}
	}
	if exists(m.path("data/server/raft")) == nil {
		if err := exists(m.path("data/server/node-id")); err != nil {
			t.Error(err)
		}
	}
	p := m.start(argv...)
	m.awaitLeader()
	m.wantKey("kept", "yes")
	if _, err := os.Stat(m.path("data/server/restore")); !os.IsNotExist(err) {
		t.Errorf("got %v, want nothing left of the restore", err)
	}
	eventually(t, "an established record", func() error {
		rec, err := s.record()
		return errors.Join(err, want("state", rec.State, "established"))
	})
	if p.ended() {
		t.Error("it has ended")
	}
}

// Who is killed each time it restores does not do so all night: it says what to type.
func TestRestoreIsGivenUp(t *testing.T) {
	t.Parallel()
	onEachStore(t, testRestoreIsGivenUp)
}

func testRestoreIsGivenUp(t *testing.T, s store) {
	snapshot := s.keep(t, s.lost(t, 1), 1, snapshotOfOne(t))
	m := newMachine(t, "n1", s)
	argv := m.runner("-e", "10", "-t", "2", "run", "--", "-client="+m.address)
	for range 3 {
		p := m.start(argv...)
		eventually(t, "the restore", func() error { return contains("stderr", p.err.String(), "restoring "+snapshot) })
		killAll(t, m.id())
		p.wait()
	}
	p := m.start(argv...)
	typed := "rm " + m.path("data/restore-failed")
	eventually(t, "what to type", func() error {
		return contains("stderr", p.err.String(), "for the operator: "+snapshot+" cannot be restored: its process was ended; once that is mended, this has it tried again: "+typed)
	})
	m.command("sh", "-c", typed)
	m.awaitLeader()
	m.wantKey("kept", "yes")
}
