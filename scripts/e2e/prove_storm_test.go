package e2e

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"auto-consul/lib/scripttest"
	"auto-consul/lib/wire"
)

// crowd is how many processes decide at once in a storm.
const crowd = 100

// pick is few, or many where PROVE=full asks for it.
func pick(few, many int) int {
	if os.Getenv("PROVE") == "full" {
		return many
	}
	return few
}

// Many separate processes decide at the same moment, with nothing shared but the
// registry: one cluster, one bootstrap, and as many servers as are desired.
func TestProveStorm(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, s store) {
		for _, desired := range []int{1, 3, 5} {
			for round := range pick(2, 51) {
				// By auto, where all come in time, and by quorum all servers bootstrap together.
				birth := []string{"auto", "first", "quorum"}[round%3]
				t.Run(fmt.Sprintf("%d servers, birth %s, round %d", desired, birth, round), func(t *testing.T) {
					storm := runStorm(t, s.fresh(t), desired, "-birth", birth)
					if err := storm.judge(birth); err != nil {
						t.Error(err)
					}
				})
			}
		}
	})
}

// The control: the same start by the plain rule founds many clusters at once.
func TestProveStormWithoutClaims(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, s store) {
		const desired = 3
		rounds, most := pick(1, 10), 0
		for range rounds {
			storm := runStorm(t, s.fresh(t), desired, "-claims", "off")
			most = max(most, storm.count(bootstraps))
			if err := storm.judge("first"); err == nil {
				t.Error("the judge finds nothing wrong with the plain rule")
			}
		}
		t.Logf("the plain rule: %d of %d bootstrap at worst in %d rounds", most, crowd, rounds)
		if most < 2 {
			t.Errorf("got %d bootstraps in every round, want a race", most)
		}
	})
}

// fresh is a registry of the same kind with nothing in it.
func (s store) fresh(t *testing.T) store {
	if strings.HasPrefix(s.url, "file:") {
		return newDirectory(t)
	}
	return newBucket(t)
}

// storm is what the processes of one start decided, by node.
type storm struct {
	store     store
	desired   int
	decisions map[string]wire.Decision
}

// runStorm lets all processes decide at the same moment.
func runStorm(t *testing.T, s store, desired int, flags ...string) storm {
	t.Helper()
	m := newMachine(t, "storm", s)
	took, printed := scripttest.Together(t, m.environ(), crowd, func(i int) []string {
		node := fmt.Sprintf("node%d", i)
		// Nobody listens at these addresses, and nobody is asked to.
		return append([]string{
			"ac-decide", "-r", s.url, "-n", node, "-a", fmt.Sprintf("127.220.0.%d", 1+i),
			"-d", m.path(node), "-s", fmt.Sprint(desired), "-timeout", patience.String(),
		}, flags...)
	})
	out := storm{s, desired, map[string]wire.Decision{}}
	for _, text := range printed {
		d := decode[wire.Decision](t, text)
		out.decisions[d.Node] = d
	}
	t.Logf("%d processes decided in %v", crowd, took.Round(time.Millisecond))
	return out
}

func bootstraps(d wire.Decision) bool { return d.Bootstrap }

func (s storm) count(match func(wire.Decision) bool) (n int) {
	for _, d := range s.decisions {
		if match(d) {
			n++
		}
	}
	return n
}

// judge compares the decisions with each other and with the record.
func (s storm) judge(birth string) error {
	rec, err := s.store.record()
	if err != nil {
		return err
	}
	alone, together := 1, 0
	if birth != "first" && s.desired > 1 {
		alone, together = 0, s.desired
	}
	err = errors.Join(
		want("decisions", len(s.decisions), crowd),
		want("nodes that bootstrap alone", s.count(bootstraps), alone),
		want("nodes that bootstrap together", s.count(func(d wire.Decision) bool { return d.BootstrapExpect == s.desired }), together),
		want("servers", s.count(func(d wire.Decision) bool { return d.Mode == wire.Server }), s.desired),
		want("agents", s.count(func(d wire.Decision) bool { return d.Mode == wire.Agent }), crowd-s.desired),
		want("nodes of this cluster", s.count(func(d wire.Decision) bool { return d.ClusterID == rec.ClusterID }), crowd),
		want("slots", len(rec.Servers), s.desired), want("desired", rec.Desired, s.desired))
	for _, slot := range rec.Servers {
		err = errors.Join(err, want("mode of "+slot.Node+", which holds a slot", s.decisions[slot.Node].Mode, wire.Server))
	}
	holder := s.decisions[rec.Bootstrap.Node]
	if !holder.Bootstrap && holder.BootstrapExpect == 0 {
		err = errors.Join(err, fmt.Errorf("%s may bootstrap and does not", rec.Bootstrap.Node))
	}
	return err
}

// The judge's own control: each of these is wrong.
func TestStormJudge(t *testing.T) {
	t.Parallel()
	const record = `{"cluster_id":"c","desired":1,"bootstrap":{"node":"n0"},"servers":[{"node":"n0"}]}`
	right := func() storm {
		s := storm{store{get: func(string) (string, error) { return record, nil }}, 1, map[string]wire.Decision{}}
		for i := range crowd {
			s.decisions[fmt.Sprintf("n%d", i)] = wire.Decision{Mode: wire.Agent, ClusterID: "c"}
		}
		s.decisions["n0"] = wire.Decision{Mode: wire.Server, Bootstrap: true, ClusterID: "c"}
		return s
	}
	if err := right().judge("first"); err != nil {
		t.Errorf("got %v of a good storm", err)
	}
	for name, spoil := range map[string]func(*storm){
		"two bootstraps":  func(s *storm) { s.decisions["n1"] = s.decisions["n0"] },
		"another cluster": func(s *storm) { s.decisions["n1"] = wire.Decision{Mode: wire.Agent, ClusterID: "d"} },
		"no server":       func(s *storm) { s.decisions["n0"] = s.decisions["n1"] },
		"one too few":     func(s *storm) { delete(s.decisions, "n1") },
		"no record":       func(s *storm) { s.store.get = func(string) (string, error) { return "", syscall.ENOENT } },
		"another's slot": func(s *storm) {
			s.store.get = func(string) (string, error) { return strings.ReplaceAll(record, "n0", "n1"), nil }
		},
	} {
		s := right()
		spoil(&s)
		if s.judge("first") == nil {
			t.Errorf("%s: the judge finds nothing wrong", name)
		}
	}
}
