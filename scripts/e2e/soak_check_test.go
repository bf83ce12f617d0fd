package e2e

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"auto-consul/lib/registry"
	"auto-consul/lib/wire"
)

const (
	// stampSlack is the resolution of heartbeats' times and of the store's.
	stampSlack = 2 * time.Second
	// electionLimit is how long servers may know different leaders.
	electionLimit = 30 * time.Second
)

// snapshot is what must be right at any time.
type snapshot struct {
	record record
	err    error                // of reading the record or listing the keys
	kept   map[string]string    // ID of the cluster to which a node's data is tied, by node
	down   map[string]time.Time // since when nothing runs of a node, by node
	keys   []string             // of the registry
}

// check reports what is wrong, given the record as it was when the cluster was born.
func (s snapshot) check(born record) error {
	nodes := map[string]bool{}
	for _, slot := range s.record.Servers {
		nodes[slot.Node] = true
	}
	err := errors.Join(s.err, want("state", s.record.State, "established"), want("cluster", s.record.ClusterID, born.ClusterID),
		want("term", s.record.Bootstrap.Term, born.Bootstrap.Term), want("desired", s.record.Desired, soakServers))
	if len(s.record.Servers) > soakServers || len(nodes) < len(s.record.Servers) {
		err = errors.Join(err, fmt.Errorf("got slots %v, want at most %d, each another node's", s.record.Servers, soakServers))
	}
	for node, id := range s.kept {
		err = errors.Join(err, want("cluster of "+node+"'s data", id, born.ClusterID))
	}
	for _, key := range s.keys {
		beat, perr := registry.ParseKey(key)
		if since, ok := s.down[beat.Node]; perr == nil && ok && beat.Time.After(since.Add(stampSlack)) {
			err = errors.Join(err, fmt.Errorf("%s was written, and nothing of its node runs since %s", key, since.UTC().Format(time.TimeOnly)))
		}
	}
	return err
}

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

func (s *soak) checkSnapshot() {
	rec, err := s.store.record()
	_, before := s.now()
	keys, kerr := s.store.keys()
	// Nodes that were down before and after the listing were so all the time.
	nodes, down := s.now()
	maps.DeleteFunc(down, func(node string, since time.Time) bool { return !before[node].Equal(since) })
	now := snapshot{rec, errors.Join(err, kerr), map[string]string{}, down, keys}
	for _, n := range nodes {
		if kept, err := n.keptCluster(); err == nil {
			now.kept[n.node] = kept.ClusterID
		}
	}
	if err := now.check(s.born); err != nil {
		s.t.Error(err)
	}
	s.count("check: snapshot")
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
	rec, rerr := s.store.record()
	err = errors.Join(err, rerr, snapshot{record: rec}.check(s.born),
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
	err = errors.Join(err, servers[0].putKey("converged", s.born.ClusterID), errors.Join(s.ledger.check(servers[0].machine, "consistent")))
	for _, n := range servers {
		err = errors.Join(err, errors.Join(s.ledger.check(n.machine, "stale")))
	}
	if err != nil {
		return err
	}
	return s.observer.wantListed(nodeNames(servers), nodeNames(s.nodes))
}

// The control of the checks: each of these is wrong.
func TestSoakSnapshot(t *testing.T) {
	t.Parallel()
	down := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	right := func() snapshot {
		s := snapshot{
			kept: map[string]string{"n1": "c"}, down: map[string]time.Time{"n9": down},
			keys: []string{"agents/20260102030405-n9", "cluster.json", "servers/20260102040000-n1"},
		}
		s.record = record{State: "established", ClusterID: "c", Desired: 3, Servers: []wire.Slot{{Node: "n1"}, {Node: "n2"}, {Node: "n3"}}}
		s.record.Bootstrap.Term = 1
		return s
	}
	if err := right().check(right().record); err != nil {
		t.Errorf("got %v of what is right", err)
	}
	for name, spoil := range map[string]func(*snapshot){
		"no record":                  func(s *snapshot) { s.err = errNotYet },
		"another term":               func(s *snapshot) { s.record.Bootstrap.Term = 2 },
		"another cluster":            func(s *snapshot) { s.record.ClusterID = "d" },
		"not established":            func(s *snapshot) { s.record.State = "bootstrapping" },
		"another desired":            func(s *snapshot) { s.record.Desired = 5 },
		"four slots":                 func(s *snapshot) { s.record.Servers = append(s.record.Servers, wire.Slot{Node: "n4"}) },
		"two slots of a node":        func(s *snapshot) { s.record.Servers[1].Node = "n1" },
		"another cluster's data":     func(s *snapshot) { s.kept["n2"] = "d" },
		"a heartbeat of a node down": func(s *snapshot) { s.keys = append(s.keys, "servers/20260102030408-n9") },
	} {
		s := right()
		spoil(&s)
		if s.check(right().record) == nil {
			t.Errorf("%s: nothing is found wrong", name)
		}
	}
	for want, leaders := range map[bool][]map[string]string{
		false: {{}, {"n1": "a"}, {"n1": "a", "n3": "a"}}, true: {{"n1": "a", "n2": "b"}},
	} {
		if slices.ContainsFunc(leaders, func(l map[string]string) bool { return leadersDiffer(l) != want }) {
			t.Errorf("leadersDiffer is not %v of each of %v", want, leaders)
		}
	}
}
