package e2e

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"
)

// Machines die for good so long after their cluster had its first leader.
var deathTimes = []time.Duration{time.Second, 3 * time.Second, 6 * time.Second, 15 * time.Second}

// The machine of the first leader dies for good. What a cluster that was born by auto had
// acknowledged before is there again as soon as the others have elected another, however
// early that was. PROVE=full tries each moment ten times.
func TestProveFirstLeaderDies(t *testing.T) {
	t.Parallel()
	for _, after := range deathTimes {
		for round := range pick(1, 10) {
			t.Run(fmt.Sprintf("%v, round %d", after, round), func(t *testing.T) {
				t.Parallel()
				b := newBirth(t, newBucket(t), 3) // by auto, the default
				acknowledged, alive := b.loseFirstLeader(after)
				eventually(t, "another leader, and the keys", func() error {
					return keysAt(alive[0], acknowledged)
				})
				b.note("%d keys are there", acknowledged)
			})
		}
	}
}

// The control: the keys of a cluster that was born by one server are gone where that server
// dies before the others may vote.
func TestProveFirstLeaderDiesAlone(t *testing.T) {
	t.Parallel()
	b := newBirth(t, newBucket(t), 3, "-birth", "first")
	acknowledged, alive := b.loseFirstLeader(6 * time.Second)
	for end := time.Now().Add(15 * time.Second); time.Now().Before(end); time.Sleep(time.Second) {
		for _, m := range alive {
			if keysAt(m, acknowledged) == nil {
				t.Fatalf("%s has the keys of the only voter, which is gone", m.node)
			}
		}
	}
}

// loseFirstLeader starts all nodes, writes keys from the first leader on, and ends the
// machine of the leader for good. It returns how many keys were acknowledged and the
// machines that are left.
func (b *birth) loseFirstLeader(after time.Duration) (acknowledged int, alive []*machine) {
	b.t.Helper()
	b.start()
	leader := ""
	eventually(b.t, "a leader", func() error {
		for _, n := range b.nodes {
			if address, err := n.leader(); err == nil && address != "" {
				leader, _, _ = strings.Cut(address, ":")
				return nil
			}
		}
		return errNotYet
	})
	b.note("%s leads", leader)
	for end := time.Now().Add(after); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		for _, n := range b.nodes {
			if n.address != leader {
				continue
			}
			text, err := n.key(http.MethodPut, fmt.Sprintf("death/%d", acknowledged), fmt.Sprint(acknowledged))
			if err == nil && strings.TrimSpace(text) == "true" {
				acknowledged++
			}
		}
	}
	for _, n := range b.nodes {
		if n.address != leader {
			alive = append(alive, n.machine)
			continue
		}
		killAll(b.t, n.id())
		if err := os.RemoveAll(n.path("data")); err != nil {
			b.t.Fatal(err)
		}
	}
	b.note("%s is gone for good, %d keys were acknowledged", leader, acknowledged)
	if acknowledged == 0 || len(alive) != 2 {
		b.t.Fatalf("got %d keys acknowledged and %d machines left, want some, and 2", acknowledged, len(alive))
	}
	return acknowledged, alive
}

// keysAt returns an error unless a machine reads all keys as the leader has them.
func keysAt(m *machine, n int) error {
	var err error
	for i := range n {
		got, kerr := m.key(http.MethodGet, fmt.Sprintf("death/%d?raw&consistent", i), "")
		if err = errors.Join(err, kerr, want(fmt.Sprintf("key %d", i), got, fmt.Sprint(i))); err != nil {
			return err
		}
	}
	return nil
}
