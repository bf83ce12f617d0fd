package e2e

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Two of five survive, and one of them has missed what was written last. Recover is typed
// there first; the other goes ahead, and the first joins it anew.
func TestRecoverTheNewestLog(t *testing.T) {
	t.Parallel()
	c := newCluster(t, newBucket(t), "quorum")
	five := []string{"n1", "n2", "n3", "n4", "n5"}
	for _, name := range five {
		m := newMachine(t, name, c.store)
		c.nodes[name] = m
		c.runners[name] = m.start(m.runner("-s", "5", "-birth", "quorum", "-e", "12", "-t", "3", "run", "--", "-client="+m.address)...)
	}
	c.awaitVoters(five...)
	leader := ""
	for _, name := range five {
		if at, err := c.nodes[name].leader(); err == nil && at == c.nodes[name].raftAddress() {
			leader = name
		}
	}
	left := slices.DeleteFunc(slices.Clone(five), func(name string) bool { return name == leader })[:2]
	older, newer := c.nodes[left[0]], c.nodes[left[1]]
	frozen := older.pid("consul")
	if err := syscall.Kill(frozen, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	for i := range 20 {
		if err := newer.putKey("last", fmt.Sprint(i)); err != nil {
			t.Fatal(err)
		}
	}
	gone := slices.DeleteFunc(slices.Clone(five), func(name string) bool { return slices.Contains(left, name) })
	c.kill(gone...)
	if err := syscall.Kill(frozen, syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	c.awaitNoLeader(older.node)
	c.awaitNoLeader(newer.node)
	first := older.start(append(older.runner("-e", "12"), append([]string{"recover"}, named(gone)...)...)...)
	eventually(t, "the first entry", func() error {
		record, err := c.store.get("cluster.json")
		return errors.Join(err, contains("record", record, "survivors"))
	})
	c.recovered(newer.node, gone...)
	got := first.wait()
	if err := errors.Join(want("code", got.code, 0), contains("stdout", got.stdout, `"winner":"`+newer.node+`"`)); err != nil {
		t.Errorf("%v: %s", err, got.stderr)
	}
	c.awaitVoters(left...)
	if value, err := newer.key(http.MethodGet, "last?raw", ""); err != nil || value != "19" {
		t.Errorf("what was written last: got %q, %v", value, err)
	}
	if err := want("older server's raft data is put aside", exists(older.path("data/raft.before")), nil); err != nil {
		t.Error(err)
	}
}

// The recovering node, with the command on it, is killed at one moment or another. It is
// started again, and recover is typed again. PROVE=full tries ten moments.
func TestProveRecoverAfterKill(t *testing.T) {
	t.Parallel()
	moments := []int{1, 17}
	if os.Getenv("PROVE") == "full" {
		moments = []int{0, 1, 3, 6, 10, 14, 16, 17, 18, 20}
	}
	for _, seconds := range moments {
		t.Run(fmt.Sprint(seconds), func(t *testing.T) {
			c := newCluster(t, newDirectory(t), "quorum")
			c.found()
			gone := []string{"n1", "n2"}
			c.kill(gone...)
			c.awaitNoLeader("n3")
			m := c.nodes["n3"]
			m.start(append(m.runner("-e", "12"), append([]string{"recover"}, named(gone)...)...)...)
			time.Sleep(time.Duration(seconds)*time.Second + 300*time.Millisecond)
			c.kill("n3")
			c.restart("n3", m)
			eventually(t, "a leader, or an agent to type it at", func() error {
				if _, err := m.leader(); err == nil {
					return nil
				}
				got := m.recovers(named(gone)...)
				return errors.Join(want("code", got.code, 0), contains("stdout", got.stdout, "n3"))
			})
			m.awaitLeader()
			c.awaitVoters("n3")
			if value, err := m.key(http.MethodGet, "kept?raw", ""); err != nil || value != "yes" {
				t.Errorf("the key: got %q, %v", value, err)
			}
		})
	}
}

// One server is cut off from the two others, which have a leader, and not from the store.
// Recover is refused, and an entry that was written all the same is taken out.
func TestRecoverIsRefusedWhereOthersHaveALeader(t *testing.T) {
	p := newParted(newLAN(t))
	p.awaitWhole()
	leader := p.leader()
	cut := without(p.servers, leader)[0]
	others := without(p.servers, cut)
	p.cut(cut, others, "add")
	eventually(t, "no leader at "+cut.name, func() error { return want("leader", cut.leader(), "") })
	typed := "auto-consul -r " + partedRegistry + " -n " + cut.name + " -a " + cut.address + " -e 12 recover"
	for _, other := range others {
		typed += " -gone " + other.name
	}
	// The others' next beat both contradicts that they are gone and takes the entry out.
	if got := cut.run(typed); got.code != 1 ||
		contains("stderr", got.stderr, "was named as gone and sends heartbeats") != nil &&
			contains("stderr", got.stderr, "a server that sees a leader has taken it out") != nil {
		t.Errorf("got code %d: %s", got.code, got.stderr)
	}
	got := cut.run("auto-consul -r " + partedRegistry + " -n " + cut.name + " -a " + cut.address + " -e 12 recover")
	if got.code != 1 || contains("stderr", got.stderr, "a server that sees a leader has taken it out") != nil {
		t.Errorf("got code %d: %s", got.code, got.stderr)
	}
	if err := want("generation", leader.members().Cluster.Generation, 1); err != nil {
		t.Error(err)
	}
}

// The servers that a recovery left out are started together while the store is away. Their
// runners wait for it without an agent, and both servers are fenced when it is back. What
// they would do without that, TestRecoveredClusterWithoutFenceSplits shows.
func TestOldServersWaitForTheStore(t *testing.T) {
	t.Parallel()
	c, p := newProxiedCluster(t)
	c.found()
	gone := []string{"n1", "n2"}
	c.kill(gone...)
	c.awaitNoLeader("n3")
	c.recovered("n3", gone...)
	c.nodes["n3"].awaitLeader()
	p.set("refuse")
	for _, name := range gone {
		c.restart(name, c.nodes[name])
	}
	c.awaitSaid("waiting for the store (5m0s at most; to start without it:", gone...)
	for _, name := range gone {
		if err := want("agents of "+name, len(c.nodes[name].pids("consul")), 0); err != nil {
			t.Error(err)
		}
	}
	p.set("pass")
	for _, name := range gone {
		got := c.runners[name].wait()
		if err := errors.Join(want("code of "+name, got.code, fenced), want("starts of an agent", strings.Contains(got.stdout, "Starting Consul agent"), false)); err != nil {
			t.Errorf("%v: %s", err, tail(got.stderr))
		}
		delete(c.runners, name)
	}
	c.awaitVoters("n3")
}
