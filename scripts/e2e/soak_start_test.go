package e2e

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

func newSoak(t *testing.T) *soak {
	s := &soak{
		t: t, seed: 56, window: 10 * time.Second, begin: time.Now(),
		counts: map[string]int{}, gone: map[string]time.Time{}, away: map[string]time.Time{}, ledger: ledger{acked: map[string]bool{}},
	}
	if text := os.Getenv("SOAK"); text != "" {
		length, err := time.ParseDuration(text)
		if err != nil {
			t.Fatalf("bad SOAK: %v", err)
		}
		s.length, s.window, s.seed = length, 20*time.Second, rand.Uint64N(1e6)
	}
	if text := os.Getenv("SOAK_SEED"); text != "" {
		seed, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			t.Fatalf("bad SOAK_SEED: %v", err)
		}
		s.seed = seed
	}
	s.store = newBucket(t)
	through, proxy := s.store.through(t)
	s.proxy, s.look = proxy, newMachine(t, "look", through)
	for range soakNodes {
		s.add()
	}
	s.note("SOAK_SEED=%d", s.seed)
	return s
}

// add starts a node that was never there.
func (s *soak) add() *resident {
	s.named++
	m := newMachine(s.t, fmt.Sprintf("n%d", s.named), s.look.store)
	argv := m.runner("-s", fmt.Sprint(soakServers), "-birth", "quorum", "-e", soakExpiry.String(), "-t", soakTick.String(),
		"run", "--", "-client="+m.address)
	n := &resident{supervisedNode: &supervisedNode{machine: m, argv: argv}}
	s.launch(n)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.nodes = append(s.nodes, n)
	return n
}

// bear waits for the cluster to be born, which no fault disturbs.
func (s *soak) bear() {
	eventually(s.t, "the birth", func() error {
		s.tick()
		rec, err := s.store.record()
		if err == nil && rec.State == "established" {
			s.born = lineage{rec.ClusterID, rec.Bootstrap.Term}
		}
		return errors.Join(err, s.whole())
	})
	s.note("cluster %s", s.born.id)
}

// tell sums up.
func (s *soak) tell() {
	var counts []string
	for _, what := range slices.Sorted(maps.Keys(s.counts)) {
		counts = append(counts, fmt.Sprintf("  %4d %s", s.counts[what], what))
	}
	slices.Sort(s.settled)
	settled := "never"
	if n := len(s.settled); n > 0 {
		settled = fmt.Sprintf("in %.1f to %.1f s, median %.1f s", s.settled[0].Seconds(), s.settled[n-1].Seconds(), s.settled[n/2].Seconds())
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.t.Logf("SOAK_SEED=%d, %v: %d rounds, %d nodes\n%s\nrequests to the store: %s\nkeys: %d tried, %d acknowledged, %.1f s without one at most\nlooks: %d, of all keys: %d; changes of the leader: %d\nsettled %s",
		s.seed, time.Since(s.begin).Round(time.Second), s.rounds, s.named, strings.Join(counts, "\n"), s.proxy.tally(),
		s.ledger.tried, len(s.ledger.keys()), s.ledger.longest.Seconds(), s.sights, s.reads, s.leaders, settled)
}

// attend writes keys and looks at what must always be right, until it is told to
// stop.
func (s *soak) attend() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var all sync.WaitGroup
	repeat := func(pause time.Duration, what func()) {
		all.Go(func() {
			for ctx.Err() == nil {
				what()
				time.Sleep(pause)
			}
		})
	}
	for range 3 {
		repeat(200*time.Millisecond, func() { s.ledger.write(s.anyone()) })
	}
	w := watcher{soak: s}
	repeat(time.Second, w.watch)
	repeat(2*time.Second, w.read)
	stop = func() {
		cancel()
		all.Wait()
	}
	s.t.Cleanup(stop)
	return stop
}
