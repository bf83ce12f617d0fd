package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
)

// The control: plain Consul lets two generations of data meet. The seed of a
// cluster lost its disk and is started as it was the first time; the others come
// back with their data. As both clusters' logs are of raft term 2 they count as
// one log, and servers that call themselves healthy hold different contents.
func TestProvePlainConsulMixesGenerations(t *testing.T) {
	t.Parallel()
	seed, others := newMachine(t, "seed", store{}), make([]*machine, 2)
	for i := range others {
		others[i] = newMachine(t, fmt.Sprintf("other%d", i+1), store{})
	}
	all := append([]*machine{seed}, others...)
	generation := func(name string) (crew []*process) {
		crew = []*process{seed.plainServer("-bootstrap")}
		// The seed alone has a vote for now, so its log has no second term.
		eventually(t, "the keys of the "+name+" generation", func() error {
			var err error
			for i := range 8 {
				err = errors.Join(err, seed.putKey(fmt.Sprintf("%s/%d", name, i), name))
			}
			return err
		})
		for _, m := range others {
			crew = append(crew, m.plainServer("-retry-join="+seed.address, "-retry-interval=1s"))
		}
		seed.awaitPeers(all...)
		return crew
	}
	generation("old")
	for _, m := range others {
		eventually(t, "the keys at "+m.node, func() error { return m.wantStaleKeys("old", 8) })
	}
	for _, m := range all {
		killAll(t, m.id())
	}
	if err := os.RemoveAll(seed.path("state")); err != nil {
		t.Fatal(err)
	}
	generation("new")
	eventually(t, "health", func() error {
		var health struct{ Healthy bool }
		return errors.Join(seed.get("/v1/operator/autopilot/health", &health), want("healthy", health.Healthy, true))
	})
	for _, m := range others {
		eventually(t, "keys of two generations", func() error {
			old, err := m.keysBelow("old")
			return errors.Join(err, seed.wantStaleKeys("new", 8), seed.wantStaleKeys("old", 0), atLeast("old keys at "+m.node, len(old), 1))
		})
	}
	seed.awaitPeers(all...) // still one cluster, in its own eyes
	for _, m := range all {
		old, _ := m.keysBelow("old")
		now, _ := m.keysBelow("new")
		t.Logf("%s holds %d old keys and %d new ones", m.node, len(old), len(now))
	}
}

func (m *machine) plainServer(more ...string) *process {
	return m.start(append([]string{
		"consul", "agent", "-server", "-node=" + m.node, "-bind=" + m.address, "-client=" + m.address,
		"-data-dir=" + m.path("state"), "-config-dir=" + m.path("consul.d"),
	}, more...)...)
}

// keysBelow lists keys as this machine's server has them.
func (m *machine) keysBelow(prefix string) ([]string, error) {
	text, err := m.key(http.MethodGet, prefix+"/?keys&stale", "")
	if err != nil || text == "" {
		return nil, err
	}
	var keys []string
	err = json.Unmarshal([]byte(text), &keys)
	return keys, err
}

func (m *machine) wantStaleKeys(prefix string, n int) error {
	keys, err := m.keysBelow(prefix)
	return errors.Join(err, want(prefix+" keys at "+m.node, len(keys), n))
}

// The same story with claims. The seed waits instead of founding a second
// cluster, and once the others are back it joins them.
func TestProveWipedSeedJoins(t *testing.T) {
	t.Parallel()
	b := newBirth(t, newBucket(t), 3, "-birth", "quorum")
	seed, before := b.loseSeed()
	seed.runner = seed.start(seed.argv...)
	eventually(t, "the seed's patience", func() error {
		return contains("stderr", seed.runner.err.String(), "waiting ")
	})
	if got := seed.read("data/mode"); got != "" {
		t.Errorf("the seed keeps mode %q already", got)
	}
	for _, n := range b.nodes {
		if n != seed {
			n.runner = n.start(n.argv...)
		}
	}
	eventually(t, "one cluster", func() error {
		b.supervise()
		err := b.whole()
		for _, n := range b.nodes {
			err = errors.Join(err, n.wantStaleKeys("old", 8))
		}
		return err
	})
	if rec, err := b.store.record(); err != nil || rec.ClusterID != before {
		t.Errorf("got cluster %s, %v, want %s", rec.ClusterID, err, before)
	}
}

// Where somebody gives the lost cluster up, those who have its data are refused.
func TestProveOldDataIsRefused(t *testing.T) {
	t.Parallel()
	b := newBirth(t, newDirectory(t), 3, "-birth", "quorum")
	seed, before := b.loseSeed()
	seed.argv = append([]string{seed.argv[0], "-lost-cluster", "bootstrap", "-birth", "first"}, seed.argv[1:]...)
	seed.runner = seed.start(seed.argv...)
	var after record
	eventually(t, "the new cluster", func() (err error) {
		if after, err = b.store.record(); after.ClusterID == before {
			return errNotYet
		}
		return err
	})
	for _, n := range b.nodes {
		if n == seed {
			continue
		}
		got := n.start(n.argv...).wait()
		if err := errors.Join(want("exit code", got.code, fenced), contains("stderr", got.stderr, before), contains("stderr", got.stderr, after.ClusterID)); err != nil {
			t.Error(err)
		}
		n.wantNothingLeft()
		if got := n.read("data/cluster"); !strings.Contains(got, before) {
			t.Errorf("the old data is tied to %s now", got)
		}
	}
}

// loseSeed lets a cluster be born and hold keys. Then all die, and the one who
// was to bootstrap loses its disk.
func (b *birth) loseSeed() (seed *supervisedNode, clusterID string) {
	b.t.Helper()
	b.start()
	eventually(b.t, "one cluster", b.whole)
	for i := range 8 {
		if err := b.nodes[0].putKey(fmt.Sprintf("old/%d", i), "old"); err != nil {
			b.t.Fatal(err)
		}
	}
	rec, err := b.store.record()
	if err != nil {
		b.t.Fatal(err)
	}
	for _, n := range b.nodes {
		killAll(b.t, n.id())
		if n.node == rec.Bootstrap.Node {
			seed = n
		}
	}
	if seed == nil {
		b.t.Fatalf("nobody is %q, which was to bootstrap", rec.Bootstrap.Node)
	}
	if err := os.RemoveAll(seed.path("data")); err != nil {
		b.t.Fatal(err)
	}
	return seed, rec.ClusterID
}
