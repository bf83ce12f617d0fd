package e2e

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"
)

const (
	soakNodes   = 5
	soakServers = 3
)

// Five nodes live through rounds of random faults, in which one server is broken or
// gone, or all lose their power, while keys are written. After each round all must settle;
// some things must be right at any time. SOAK is how long it goes on, by rounds:
// without it there is one. SOAK_SEED draws the same plans again.
func TestSoak(t *testing.T) {
	t.Parallel()
	s := newSoak(t)
	defer s.tell()
	s.bear()
	stop := s.attend()
	for s.rounds == 0 || time.Since(s.begin) < s.length {
		s.rounds++
		s.round()
		s.settle()
	}
	stop()
	s.check()
	s.end()
}

type soak struct {
	t      *testing.T
	length time.Duration
	seed   uint64
	store  store // past the proxy
	proxy  *proxy
	look   *machine
	born   lineage
	ledger ledger

	begin   time.Time
	rounds  int
	named   int // nodes that have been given a name
	window  time.Duration
	places  map[string]*resident // the round's; nil: nobody for now
	blanks  []blank
	turned  time.Time // until when the store is not itself; zero if it is
	counts  map[string]int
	settled []time.Duration

	mu      sync.Mutex
	nodes   []*resident          // those that are to live
	gone    map[string]time.Time // nodes that will not come back
	away    map[string]time.Time // nodes of which nothing runs for now
	errors  []error
	sights  int
	reads   int
	leader  string
	leaders int // changes
}

func (s *soak) note(format string, args ...any) {
	s.t.Helper()
	s.t.Logf("%7.2fs "+format, append([]any{time.Since(s.begin).Seconds()}, args...)...)
}

func (s *soak) count(what string) { s.counts[what]++ }

// wrong is for what can never be right again.
func (s *soak) wrong(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.errors = append(s.errors, err)
}

// tick does what is due.
func (s *soak) tick() {
	s.t.Helper()
	s.mu.Lock()
	nodes, wrong := slices.Clone(s.nodes), errors.Join(s.errors...)
	s.mu.Unlock()
	if wrong != nil {
		s.t.Fatalf("after %v: %v", time.Since(s.begin), wrong)
	}
	for _, n := range nodes {
		s.supervise(n)
	}
	s.blanks = slices.DeleteFunc(s.blanks, func(b blank) bool {
		if time.Now().Before(b.at) {
			return false
		}
		n := s.add()
		s.places[b.place] = n
		s.note("%s: here comes %s", b.place, n.node)
		return true
	})
	if !s.turned.IsZero() && time.Now().After(s.turned) {
		s.proxy.turn(s.t, pass)
		s.turned = time.Time{}
		s.note("store: itself again")
	}
}

// round does what its plan says, to the end.
func (s *soak) round() {
	plan := drawPlan(rand.New(rand.NewPCG(s.seed, uint64(s.rounds))), s.window)
	s.assign()
	s.note("round %d: %s", s.rounds, plan.theme)
	s.count("round: " + plan.theme)
	begin := time.Now()
	for steps := plan.steps; len(steps) > 0 || time.Since(begin) < plan.length() || s.faulty(); {
		s.tick()
		if len(steps) > 0 && time.Since(begin) >= steps[0].at {
			s.perform(steps[0])
			steps = steps[1:]
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// assign gives the servers and the agents of now their places in the next round,
// the leader the first.
func (s *soak) assign() {
	s.places = map[string]*resident{}
	servers, agents := s.roles()
	leader, _ := agents[0].leader() // without one the names' order will do
	rank := func(n *resident) int {
		if n.address+":8300" == leader {
			return 0
		}
		return 1
	}
	slices.SortStableFunc(servers, func(a, b *resident) int { return rank(a) - rank(b) })
	for i, n := range servers {
		s.places[fmt.Sprintf("s%d", i)] = n
	}
	for i, n := range agents {
		s.places[fmt.Sprintf("a%d", i)] = n
	}
}

// settle waits until all is as it should be where nothing is broken.
func (s *soak) settle() {
	s.t.Helper()
	begin := time.Now()
	s.note("faults are over")
	eventually(s.t, "all to settle", func() error {
		s.tick()
		return s.whole()
	})
	s.settled = append(s.settled, time.Since(begin))
	s.note("settled in %v, %d keys", time.Since(begin).Round(time.Millisecond), len(s.ledger.keys()))
}

// check is the control: what is wrong on purpose is found.
func (s *soak) check() {
	servers, _ := s.roles()
	m := servers[0].machine
	keys := s.ledger.keys()
	if len(keys) == 0 {
		s.t.Fatal("no key was ever acknowledged")
	}
	if _, err := m.key(http.MethodDelete, keys[len(keys)/2], ""); err != nil {
		s.t.Fatal(err)
	}
	if _, err := s.ledger.checkKeys(m, "consistent"); err == nil {
		s.t.Errorf("nobody misses %s, which was deleted", keys[len(keys)/2])
	}
}

// end stops all nodes and looks that nothing is left of them.
func (s *soak) end() {
	for _, n := range s.nodes {
		n.runner.signal(syscall.SIGTERM)
	}
	eventually(s.t, "the end", func() error {
		var err error
		for _, n := range s.nodes {
			err = errors.Join(err, n.nothingLeft())
		}
		return err
	})
	s.look.run("", "sh", "-c", "setsid sleep 1000 >/dev/null 2>&1 &")
	eventually(s.t, "an orphan to be found", func() error { return want("found", s.look.nothingLeft() != nil, true) })
}
