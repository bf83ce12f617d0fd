package e2e

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"auto-consul/lib/registry"
	"auto-consul/lib/scripttest"
)

// Five nodes go through rounds of random faults while keys are written. In a round one
// server is broken or gone, or all are broken and come back. One that is gone is replaced
// soon, late or not at all, and then a client takes its place. Two servers or all of them
// die for good as well, and the operator brings the cluster back. Some things must be right
// at any time, and after each round the cluster must converge: to as many voters as desired.
// SOAK is how long to go on with new rounds; without it there is one. SOAK_SEED draws the
// same plans again.
func TestSoak(t *testing.T) {
	t.Parallel()
	newSoak(t, 191, soakThemes...).run()
}

// run goes through the rounds.
func (s *soak) run() {
	defer s.summary()
	s.awaitBirth()
	stop := s.startChecks()
	defer stop()
	for s.rounds == 0 || time.Since(s.begin) < s.length {
		s.rounds++
		s.round()
		s.awaitConverged()
		if s.missing > 0 { // the next round begins with all nodes
			s.missing--
			s.logf("%s starts", s.add().node)
			s.awaitConverged()
		}
	}
	stop()
	s.missDeletedKey()
	s.stopNodes()
}

type soak struct {
	t        *testing.T
	seed     uint64
	begin    time.Time
	length   time.Duration
	window   time.Duration // of a round, in which faults begin
	store    store         // as the test reaches it, without the proxy
	proxy    *proxy
	observer *machine // runs ac-members
	ledger   ledger
	themes   []string // that plans are drawn from

	reading sync.Mutex // of the record, with what it shows
	lineage lineage

	rounds    int
	plan      plan // of this round
	operation *operation
	backup    registry.ConsulSnapshot    // of this round, if all servers are lost in it
	missing   int                        // nodes that are gone and not replaced in this round
	named     int                        // how many nodes there have been
	places    map[string]*supervisedNode // which node has a place in this round; nil: none now
	events    []event
	slowest   time.Duration // that it took to converge
	differ    time.Time     // since when servers know different leaders; zero if they do not
	voters    [2]int        // the fewest and the most that there have been
	modes     map[string]string

	mu     sync.Mutex
	nodes  []*supervisedNode    // those that are to run, the oldest first
	down   map[string]time.Time // since when nothing runs of a node, by name
	counts map[string]int
	gone   []*supervisedNode // the servers that were lost at once in this round
	lost   loss              // the time of that, with some slack
}

// newSoak starts the nodes of a soak whose rounds have these themes. The seed draws the one
// round of a soak that is told neither a length nor a seed.
func newSoak(t *testing.T, seed uint64, themes ...string) *soak {
	s := &soak{
		t: t, themes: themes, seed: seed, window: 10 * time.Second, begin: time.Now(), store: newBucket(t),
		down: map[string]time.Time{}, counts: map[string]int{}, voters: [2]int{soakServers, soakServers}, modes: map[string]string{},
	}
	if text := os.Getenv("SOAK"); text != "" {
		length, err := time.ParseDuration(text)
		if err != nil {
			t.Fatalf("bad SOAK: %v", err)
		}
		s.length, s.window, s.seed = length, 20*time.Second, rand.Uint64N(1e6)
	}
	if seed, ok := givenSeed(t, "SOAK_SEED"); ok {
		s.seed = seed
	}
	gateway, err := theGateway()
	if err != nil {
		t.Fatal(err)
	}
	s.proxy = newProxy(t, gateway.Endpoint, s.count)
	proxied := s.store
	proxied.env = scripttest.StoreEnv("http://" + s.proxy.address)
	s.observer = newMachine(t, "observer", proxied)
	for range soakNodes {
		s.add()
	}
	s.logf("SOAK_SEED=%d", s.seed)
	return s
}

// add starts a blank node.
func (s *soak) add() *supervisedNode {
	s.named++
	m := newMachine(s.t, fmt.Sprintf("n%d", s.named), s.observer.store)
	n := &supervisedNode{machine: m, argv: m.runner("-s", fmt.Sprint(soakServers),
		"-e", soakExpiry.String(), "-t", "3", "-snapshots", "5", "run", "--", "-client="+m.address)}
	s.launch(n)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.nodes = append(s.nodes, n)
	return n
}

// awaitBirth waits for the cluster to be born, without any fault.
func (s *soak) awaitBirth() {
	eventually(s.t, "the birth", func() (err error) {
		s.tick()
		s.lineage.now, err = s.store.record()
		return errors.Join(err, s.converged())
	})
	s.logf("cluster %s", s.lineage.now.ClusterID)
}

func (s *soak) logf(format string, args ...any) {
	s.t.Helper()
	s.t.Logf("%7.2fs "+format, append([]any{time.Since(s.begin).Seconds()}, args...)...)
}

// count counts what has happened, for the summary.
func (s *soak) count(what string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counts[what]++
}

func (s *soak) summary() {
	s.mu.Lock()
	defer s.mu.Unlock()
	var counts strings.Builder
	for _, what := range slices.Sorted(maps.Keys(s.counts)) {
		fmt.Fprintf(&counts, "\n  %5d %s", s.counts[what], what)
	}
	s.t.Logf("SOAK_SEED=%d, %v: %d rounds, %d nodes, %d keys and %d lost, %d to %d voters, converged in %.1f s at most%s", s.seed,
		time.Since(s.begin).Round(time.Second), s.rounds, s.named, s.ledger.count(), s.ledger.lost, s.voters[0], s.voters[1], s.slowest.Seconds(), &counts)
}

// round carries out a plan, to the end of its last fault.
func (s *soak) round() {
	s.plan = drawPlan(rand.New(rand.NewPCG(s.seed, uint64(s.rounds))), s.window, s.themes...)
	if s.plan.theme == disksLost {
		s.awaitBackup()
	}
	s.logf("round %d: %s; %s", s.rounds, s.plan.theme, s.assignPlaces())
	s.count("round: " + s.plan.theme)
	var length time.Duration
	for _, st := range s.plan.steps {
		length = max(length, st.at+st.span)
	}
	begin := time.Now()
	for steps := s.plan.steps; len(steps) > 0 || time.Since(begin) < length || len(s.events) > 0 || s.operation != nil; time.Sleep(20 * time.Millisecond) {
		s.tick()
		if len(steps) > 0 && time.Since(begin) >= steps[0].at {
			s.perform(steps[0])
			steps = steps[1:]
		}
	}
}

// assignPlaces gives each node its place in the next round, and returns them as text.
func (s *soak) assignPlaces() (text string) {
	servers, clients := s.byMode()
	leader, _ := clients[0].leader() // without a leader any order will do
	if i := slices.IndexFunc(servers, func(n *supervisedNode) bool { return n.raftAddress() == leader }); i > 0 {
		servers[0], servers[i] = servers[i], servers[0]
	}
	s.places = map[string]*supervisedNode{}
	for i, n := range append(servers, clients...) {
		s.places[soakPlaces[i]] = n
		text += soakPlaces[i] + " " + n.node + " "
	}
	return text
}

// awaitConverged waits until the faults have no effects any more.
func (s *soak) awaitConverged() {
	s.t.Helper()
	begin := time.Now()
	s.logf("faults are over")
	within(s.t, 3*patience, "the cluster to converge", func() error {
		s.tick()
		return s.converged()
	})
	s.changeLineage(func(l *lineage) { l.restores = false })
	s.mu.Lock()
	s.gone = nil
	s.mu.Unlock()
	s.slowest = max(s.slowest, time.Since(begin))
	s.logf("converged in %v, %d keys", time.Since(begin).Round(time.Millisecond), s.ledger.count())
}

// missDeletedKey is the control: a key that is deleted is missed.
func (s *soak) missDeletedKey() {
	servers, _ := s.byMode()
	if s.ledger.count() == 0 {
		s.t.Fatal("no key was ever acknowledged")
	}
	key := s.ledger.acked[s.ledger.count()/2].key // nobody writes any more
	if _, err := servers[0].key(http.MethodDelete, key, ""); err != nil {
		s.t.Fatal(err)
	}
	if missing, err := s.ledger.check(servers[0].machine, "consistent"); missing == nil || err != nil {
		s.t.Errorf("%s was deleted, and is not missed: %v", key, err)
	}
}

// stopNodes stops all nodes, and checks that nothing is left of them. The control is a
// process that its parent leaves behind.
func (s *soak) stopNodes() {
	for _, n := range s.nodes {
		n.runner.signal(syscall.SIGTERM)
	}
	for _, n := range s.nodes {
		n.wantNothingLeft()
	}
	s.observer.run("", "sh", "-c", "setsid sleep 1000 >/dev/null 2>&1 &")
	eventually(s.t, "an orphan to be found", func() error { return want("found", s.observer.nothingLeft() != nil, true) })
}
