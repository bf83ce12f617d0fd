package e2e

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"auto-consul/lib/wire"
)

// electionLimit is how long servers may know different leaders.
const electionLimit = 30 * time.Second

// startChecks writes keys and checks what must be right at any time, until it is stopped.
func (s *soak) startChecks() (stop func()) {
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
		repeat(200*time.Millisecond, func() { s.ledger.write(s.anyMachine()) })
	}
	repeat(time.Second, s.checkSnapshot)
	repeat(time.Second, s.checkLeaders)
	repeat(2*time.Second, s.checkKeys)
	repeat(500*time.Millisecond, s.checkVoters)
	return func() {
		cancel()
		all.Wait()
	}
}

func (s *soak) anyMachine() *machine {
	nodes, _ := s.now()
	return nodes[rand.IntN(len(nodes))].machine
}

// checkLeaders checks that servers do not know different leaders for long.
func (s *soak) checkLeaders() {
	leaders := map[string]string{}
	var mu sync.Mutex
	var all sync.WaitGroup
	servers, _ := s.byMode()
	for _, n := range servers {
		all.Go(func() {
			if leader, err := n.leader(); err == nil {
				mu.Lock()
				defer mu.Unlock()
				leaders[n.node] = leader
			}
		})
	}
	all.Wait()
	switch {
	case !leadersDiffer(leaders):
		s.differ = time.Time{}
	case s.differ.IsZero():
		s.differ = time.Now()
	case time.Since(s.differ) > electionLimit:
		s.t.Errorf("servers have known different leaders for %v: %v", electionLimit, leaders)
	}
	s.count("check: leaders")
}

// leadersDiffer reports whether servers know different leaders.
func leadersDiffer(leaders map[string]string) bool {
	distinct := map[string]bool{}
	for _, leader := range leaders {
		distinct[leader] = true
	}
	return len(distinct) > 1
}

// checkKeys checks that the leader has all acknowledged keys, if it answers.
func (s *soak) checkKeys() {
	missing, err := s.ledger.check(s.anyMachine(), "consistent")
	if missing != nil {
		s.t.Error(missing)
	}
	if err == nil {
		s.count("check: keys")
	}
}

// byMode returns the servers and the clients, by the mode that their data directories keep.
func (s *soak) byMode() (servers, clients []*supervisedNode) {
	nodes, _ := s.now()
	for _, n := range nodes {
		switch n.read("data/mode") {
		case wire.Server:
			servers = append(servers, n)
		case wire.Agent:
			clients = append(clients, n)
		}
	}
	return servers, clients
}

// converged reports what is not as it should be when no fault goes on.
func (s *soak) converged() error {
	servers, clients := s.byMode()
	err := errors.Join(want("faults that go on", len(s.events), 0), want("nodes", len(s.nodes), soakNodes-s.missing),
		want("servers", len(servers), soakServers), want("clients", len(clients), soakNodes-soakServers-s.missing))
	for _, n := range s.nodes {
		err = errors.Join(err, want(n.node+" runs", n.again.IsZero() && !n.runner.ended() && n.leaving == nil, true))
	}
	rec, lineage, rerr := s.seeRecord()
	err = errors.Join(err, rerr, snapshot{record: rec}.check(lineage), want("state", rec.State, "established"),
		want("slots", slotNames(rec.Servers), nodeNames(servers)))
	if err != nil {
		return err
	}
	leader, err := oneCluster(rec, servers)
	err = errors.Join(err, servers[0].voters(soakServers))
	for _, n := range clients {
		theirs, lerr := n.leader()
		err = errors.Join(err, lerr, want("leader of "+n.node, theirs, leader))
	}
	// Every server has every acknowledged key, and another can be written.
	err = errors.Join(err, servers[0].putKey("converged", rec.ClusterID), errors.Join(s.ledger.check(servers[0].machine, "consistent")))
	for _, n := range servers {
		err = errors.Join(err, errors.Join(s.ledger.check(n.machine, "stale")))
	}
	if err != nil {
		return err
	}
	return s.observer.wantListed(nodeNames(servers), nodeNames(s.nodes))
}

// The control: servers that know different leaders are found.
func TestSoakLeaders(t *testing.T) {
	t.Parallel()
	for want, leaders := range map[bool][]map[string]string{
		false: {{}, {"n1": "a"}, {"n1": "a", "n3": "a"}}, true: {{"n1": "a", "n2": "b"}},
	} {
		if slices.ContainsFunc(leaders, func(l map[string]string) bool { return leadersDiffer(l) != want }) {
			t.Errorf("leadersDiffer is not %v of each of %v", want, leaders)
		}
	}
}
