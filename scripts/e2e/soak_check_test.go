package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"auto-consul/lib/registry"
	"auto-consul/lib/wire"
)

// ledger is what Consul was given to keep, and what it has acknowledged.
type ledger struct {
	mu      sync.Mutex
	tried   int
	acked   map[string]bool
	last    time.Time     // of an acknowledgement
	longest time.Duration // without one
}

func soakKey(n int) string { return fmt.Sprintf("soak/%06d", n) }

// write gives a machine's agent the next key.
func (l *ledger) write(m *machine) {
	l.mu.Lock()
	l.tried++
	key := soakKey(l.tried)
	l.mu.Unlock()
	answer, err := m.key(http.MethodPut, key, key)
	if err != nil || strings.TrimSpace(answer) != "true" {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	if !l.last.IsZero() {
		l.longest = max(l.longest, now.Sub(l.last))
	}
	l.last = now
	l.acked[key] = true
}

// keys are those that are acknowledged by now, ascending.
func (l *ledger) keys() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Sorted(maps.Keys(l.acked))
}

// lost are the keys that should be there and are not as they were written.
func lost(keys []string, have map[string]string) (out []string) {
	for _, key := range keys {
		if have[key] != key {
			out = append(out, key)
		}
	}
	return out
}

// soakKeys reads all keys through a machine's agent: as the leader has them, or, if
// the consistency is stale, as this server does.
func (m *machine) soakKeys(consistency string) (map[string]string, error) {
	text, err := m.key(http.MethodGet, "soak?recurse&"+consistency, "")
	if err != nil || text == "" {
		return nil, err
	}
	var list []struct {
		Key   string
		Value []byte
	}
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		return nil, err
	}
	out := map[string]string{}
	for _, e := range list {
		out[e.Key] = string(e.Value)
	}
	return out, nil
}

// checkKeys: what was acknowledged before the read began is in its answer.
func (l *ledger) checkKeys(m *machine, consistency string) (answered bool, err error) {
	keys := l.keys()
	have, err := m.soakKeys(consistency)
	if err != nil {
		return false, nil
	}
	if gone := lost(keys, have); len(gone) > 0 {
		return true, fmt.Errorf("%d of %d acknowledged keys are gone at %s (%s): %v", len(gone), len(keys), m.node, consistency, gone[:min(5, len(gone))])
	}
	return true, nil
}

// lineage is the cluster that was born, and must be the only one ever.
type lineage struct {
	id   string
	term int64
}

// sight is one look at what must always be right.
type sight struct {
	record record
	err    error                // why there is no record
	kept   map[string]string    // the clusters to which servers' data belongs, by node
	gone   map[string]time.Time // nodes of which nothing runs, and since when
	beats  []string             // the registry's keys
}

// stampSlack is the resolution of heartbeats' stamps and of the store's time.
const stampSlack = 2 * time.Second

// judge says what is wrong, at any time.
func (s sight) judge(born lineage) error {
	err := s.err
	if err == nil {
		err = errors.Join(want("state", s.record.State, "established"), want("cluster", s.record.ClusterID, born.id),
			want("term", s.record.Bootstrap.Term, born.term), want("desired", s.record.Desired, soakServers))
		nodes := map[string]bool{}
		for _, slot := range s.record.Servers {
			nodes[slot.Node] = true
		}
		if len(s.record.Servers) > soakServers || len(nodes) < len(s.record.Servers) {
			err = errors.Join(err, fmt.Errorf("got slots %v, want at most %d, each another node's", s.record.Servers, soakServers))
		}
	}
	for node, id := range s.kept {
		err = errors.Join(err, want("cluster of "+node+"'s data", id, born.id))
	}
	for _, key := range s.beats {
		beat, perr := registry.ParseKey(key)
		if perr != nil {
			continue // the record
		}
		if since, ok := s.gone[beat.Node]; ok && beat.Time.After(since.Add(stampSlack)) {
			err = errors.Join(err, fmt.Errorf("%s beats, and is gone since %s", key, since.UTC().Format(time.TimeOnly)))
		}
	}
	return err
}

// discord: servers name different leaders. For a moment they may.
func discord(leaders map[string]string) bool {
	seen := map[string]bool{}
	for _, leader := range leaders {
		if leader != "" {
			seen[leader] = true
		}
	}
	return len(seen) > 1
}

// The control of the checks: each of these is wrong.
func TestSoakJudge(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	born := lineage{"c", 1}
	right := func() sight {
		s := sight{
			kept: map[string]string{"n1": "c"}, gone: map[string]time.Time{"n9": now},
			beats: []string{"agents/20260102030405-n9", "cluster.json", "servers/20260102040000-n1"},
		}
		s.record.State, s.record.ClusterID, s.record.Desired, s.record.Bootstrap.Term = "established", "c", 3, 1
		s.record.Servers = []wire.Slot{{Node: "n1"}, {Node: "n2"}, {Node: "n3"}}
		return s
	}
	if err := right().judge(born); err != nil {
		t.Errorf("got %v of what is right", err)
	}
	for name, spoil := range map[string]func(*sight){
		"no record":           func(s *sight) { s.err = errNotYet },
		"born anew":           func(s *sight) { s.record.Bootstrap.Term = 2 },
		"another cluster":     func(s *sight) { s.record.ClusterID = "d" },
		"not established":     func(s *sight) { s.record.State = "bootstrapping" },
		"another desired":     func(s *sight) { s.record.Desired = 5 },
		"four slots":          func(s *sight) { s.record.Servers = append(s.record.Servers, wire.Slot{Node: "n4"}) },
		"two slots of a node": func(s *sight) { s.record.Servers[1].Node = "n1" },
		"other data":          func(s *sight) { s.kept["n2"] = "d" },
		"a ghost":             func(s *sight) { s.beats = append(s.beats, "servers/20260102030408-n9") },
	} {
		s := right()
		spoil(&s)
		if s.judge(born) == nil {
			t.Errorf("%s: the judge finds nothing wrong", name)
		}
	}
	for _, test := range []struct {
		leaders map[string]string
		want    bool
	}{
		{map[string]string{}, false},
		{map[string]string{"n1": "a", "n2": "", "n3": "a"}, false},
		{map[string]string{"n1": "a", "n2": "b"}, true},
	} {
		if got := discord(test.leaders); got != test.want {
			t.Errorf("discord of %v: got %v, want %v", test.leaders, got, test.want)
		}
	}
}

// A key that was deleted or overwritten behind the writer's back is missed.
func TestSoakLedger(t *testing.T) {
	t.Parallel()
	keys := []string{soakKey(1), soakKey(2), soakKey(4)}
	have := func() map[string]string {
		return map[string]string{soakKey(1): soakKey(1), soakKey(2): soakKey(2), soakKey(3): "", soakKey(4): soakKey(4)}
	}
	if got := lost(keys, have()); len(got) != 0 {
		t.Errorf("got %v lost of what is all there", got)
	}
	for name, spoil := range map[string]func(map[string]string){
		"deleted":     func(h map[string]string) { delete(h, soakKey(2)) },
		"overwritten": func(h map[string]string) { h[soakKey(2)] = soakKey(1) },
	} {
		h := have()
		spoil(h)
		if got := lost(keys, h); !slices.Equal(got, []string{soakKey(2)}) {
			t.Errorf("%s: got %v lost, want %s", name, got, soakKey(2))
		}
	}
}
