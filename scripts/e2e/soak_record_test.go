package e2e

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"auto-consul/lib/registry"
	"auto-consul/lib/wire"
)

// stampSlack is the resolution of heartbeats' times and of the store's.
const stampSlack = 2 * time.Second

// What the operator orders after a loss, which changes what the record must name.
const (
	recoverOrder = "recover" // the same cluster, in the next term
	restoreOrder = "restore" // another cluster, born from a snapshot
)

// lineage is of which birth the record and the data directories must be.
type lineage struct {
	now      record
	before   []string // clusters that were given up; clients are still tied to them
	restores bool     // until all is well again: machines that found no server of the one before, too
	ordered  string   // what the operator has ordered, and the record does not show yet
	snapshot string   // what is to be restored
}

// follow returns the lineage now that the record is this. It is another only if that is
// what the operator has ordered, and each order changes it once.
func (l lineage) follow(rec record) lineage {
	same, next := rec.ClusterID == l.now.ClusterID, rec.Bootstrap.Term == l.now.Bootstrap.Term+1
	switch {
	case l.ordered == recoverOrder && same && next:
		return lineage{now: rec, before: l.before}
	case l.ordered == restoreOrder && !same && next && rec.Restore == l.snapshot:
		return lineage{now: rec, before: append(slices.Clone(l.before), l.now.ClusterID), restores: true}
	case l.now.State == "bootstrapping" && same && rec.State == "established": // what was restored has a leader
		l.now.State = rec.State
	}
	return l
}

// snapshot is what must be right at any time.
type snapshot struct {
	record record
	err    error                // of reading the record or listing the keys
	kept   map[string]tie       // by node
	down   map[string]time.Time // since when nothing runs of a node, by node
	keys   []string             // of the registry
}

// tie is the cluster to which a node's data is tied, and the mode that it keeps.
type tie struct{ mode, clusterID string }

// check reports what is wrong, given of which birth everything must be.
func (s snapshot) check(l lineage) error {
	nodes := map[string]bool{}
	for _, slot := range s.record.Servers {
		nodes[slot.Node] = true
	}
	err := errors.Join(s.err, want("state", s.record.State, l.now.State), want("cluster", s.record.ClusterID, l.now.ClusterID),
		want("term", s.record.Bootstrap.Term, l.now.Bootstrap.Term), want("desired", s.record.Desired, soakServers))
	if len(s.record.Servers) > soakServers || len(nodes) < len(s.record.Servers) {
		err = errors.Join(err, fmt.Errorf("got slots %v, want at most %d, each another node's", s.record.Servers, soakServers))
	}
	for node, tie := range s.kept {
		if tie.mode == wire.Server && !l.restores || !slices.Contains(l.before, tie.clusterID) {
			err = errors.Join(err, want("cluster of "+node+"'s data", tie.clusterID, l.now.ClusterID))
		}
	}
	for _, key := range s.keys {
		beat, perr := registry.ParseKey(key)
		if since, ok := s.down[beat.Node]; perr == nil && ok && beat.Time.After(since.Add(stampSlack)) {
			err = errors.Join(err, fmt.Errorf("%s was written, and nothing of its node runs since %s", key, since.UTC().Format(time.TimeOnly)))
		}
	}
	return err
}

// seeRecord reads the record, and returns it with the lineage that it shows.
func (s *soak) seeRecord() (record, lineage, error) {
	s.reading.Lock() // an older reading must not be judged by what a newer one has shown
	defer s.reading.Unlock()
	rec, err := s.store.record()
	if err == nil {
		s.lineage = s.lineage.follow(rec)
	}
	return rec, s.lineage, err
}

// changeLineage changes of which birth the record and the data directories must be.
func (s *soak) changeLineage(change func(l *lineage)) {
	s.reading.Lock()
	defer s.reading.Unlock()
	change(&s.lineage)
}

func (s *soak) checkSnapshot() {
	_, before := s.now()
	keys, kerr := s.store.keys()
	// Nodes that were down before and after the listing were so all the time.
	nodes, down := s.now()
	maps.DeleteFunc(down, func(node string, since time.Time) bool { return !before[node].Equal(since) })
	kept := map[string]tie{}
	for _, n := range nodes {
		mode := n.read("data/mode") // a new server has written to which cluster it is tied first
		if cluster, err := n.keptCluster(); err == nil {
			kept[n.node] = tie{mode, cluster.ClusterID}
		}
	}
	rec, lineage, err := s.seeRecord() // now, because nobody is tied to a record that there is not yet
	if err := (snapshot{rec, errors.Join(err, kerr), kept, down, keys}).check(lineage); err != nil {
		s.t.Error(err)
	}
	s.count("check: snapshot")
}

// The control of the checks: each of these is wrong.
func TestSoakSnapshot(t *testing.T) {
	t.Parallel()
	down := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	right := func() snapshot {
		s := snapshot{
			kept: map[string]tie{"n1": {wire.Server, "c"}, "n4": {wire.Agent, "b"}, "n5": {wire.Agent, "c"}}, down: map[string]time.Time{"n9": down},
			keys: []string{"agents/20260102030405-n9", "cluster.json", "servers/20260102040000-n1"},
		}
		s.record = record{State: "established", ClusterID: "c", Desired: 3, Servers: []wire.Slot{{Node: "n1"}, {Node: "n2"}, {Node: "n3"}}}
		s.record.Bootstrap.Term = 1
		return s
	}
	lineage := lineage{now: right().record, before: []string{"a", "b"}}
	if err := right().check(lineage); err != nil {
		t.Errorf("got %v of what is right", err)
	}
	restoring, waits := lineage, right()
	restoring.restores, waits.kept["n1"] = true, tie{wire.Server, "b"}
	if err := waits.check(restoring); err != nil {
		t.Errorf("got %v of a machine that finds no server of the cluster before", err)
	}
	for name, spoil := range map[string]func(*snapshot){
		"no record":                    func(s *snapshot) { s.err = errNotYet },
		"another term":                 func(s *snapshot) { s.record.Bootstrap.Term = 2 },
		"another cluster":              func(s *snapshot) { s.record.ClusterID = "d" },
		"not established":              func(s *snapshot) { s.record.State = "bootstrapping" },
		"another desired":              func(s *snapshot) { s.record.Desired = 5 },
		"four slots":                   func(s *snapshot) { s.record.Servers = append(s.record.Servers, wire.Slot{Node: "n4"}) },
		"two slots of a node":          func(s *snapshot) { s.record.Servers[1].Node = "n1" },
		"another cluster's data":       func(s *snapshot) { s.kept["n5"] = tie{wire.Agent, "d"} },
		"a server of a cluster before": func(s *snapshot) { s.kept["n1"] = tie{wire.Server, "b"} },
		"a heartbeat of a node down":   func(s *snapshot) { s.keys = append(s.keys, "servers/20260102030408-n9") },
	} {
		s := right()
		spoil(&s)
		if s.check(lineage) == nil {
			t.Errorf("%s: nothing is found wrong", name)
		}
	}
}

// The record changes by what the operator has ordered, once, and by nothing else.
func TestSoakLineage(t *testing.T) {
	t.Parallel()
	rec := func(id string, term int64, state, restore string) record {
		r := record{ClusterID: id, State: state, Restore: restore}
		r.Bootstrap.Term = term
		return r
	}
	const established, bootstrapping = "established", "bootstrapping"
	born := rec("c", 4, established, "")
	recovered, restored := rec("c", 5, established, ""), rec("d", 5, bootstrapping, "snap")
	for _, test := range []struct {
		name, ordered string
		seen          []record
		right         bool // of the last of them
	}{
		{"nothing", "", []record{born}, true},
		{"not yet recovered", recoverOrder, []record{born}, true},
		{"recovered", recoverOrder, []record{born, recovered}, true},
		{"nobody has recovered", "", []record{recovered}, false},
		{"recovered twice", recoverOrder, []record{recovered, rec("c", 6, established, "")}, false},
		{"recovered and taken back", recoverOrder, []record{recovered, born}, false},
		{"recovered as another", recoverOrder, []record{rec("d", 5, established, "")}, false},
		{"restored", restoreOrder, []record{born, restored}, true},
		{"restored and established", restoreOrder, []record{restored, rec("d", 5, established, "snap")}, true},
		{"established and not any more", restoreOrder, []record{restored, rec("d", 5, established, "snap"), restored}, false},
		{"nobody has restored", "", []record{restored}, false},
		{"restored twice", restoreOrder, []record{restored, rec("e", 6, bootstrapping, "snap")}, false},
		{"another snapshot", restoreOrder, []record{rec("d", 5, bootstrapping, "older")}, false},
		{"an empty cluster", restoreOrder, []record{rec("d", 5, bootstrapping, "")}, false},
		{"recovered, not restored", restoreOrder, []record{recovered}, false},
	} {
		l := lineage{now: born, ordered: test.ordered, snapshot: "snap"}
		var err error
		for _, seen := range test.seen {
			l = l.follow(seen)
			seen.Desired = soakServers
			err = snapshot{record: seen}.check(l)
		}
		if (err == nil) != test.right {
			t.Errorf("%s: got %v, want right %t", test.name, err, test.right)
		}
	}
}
