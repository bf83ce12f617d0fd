package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"auto-consul/lib/wire"
)

// concord is how soon servers must agree on the leader again.
const concord = 30 * time.Second

// watcher looks at what must always be right.
type watcher struct {
	*soak
	discord time.Time // since when servers disagree; zero if they do not
}

// machines are those of the nodes that are to live now.
func (s *soak) machines() (out []*machine) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, n := range s.nodes {
		out = append(out, n.machine)
	}
	return out
}

func (s *soak) anyone() *machine {
	list := s.machines()
	return list[rand.IntN(len(list))]
}

func (w *watcher) watch() {
	seen := sight{kept: map[string]string{}}
	seen.record, seen.err = w.store.record()
	before := w.silent()
	keys, err := w.store.keys()
	seen.beats, seen.err = keys, errors.Join(seen.err, err)
	machines := w.machines()
	for _, m := range machines {
		var kept struct {
			ClusterID string `json:"cluster_id"`
		}
		if data, err := os.ReadFile(m.path("data/cluster")); err == nil && json.Unmarshal(data, &kept) == nil {
			seen.kept[m.node] = kept.ClusterID
		}
	}
	// Those that are away before and after the listing are so all the time.
	seen.gone = w.silent()
	maps.DeleteFunc(seen.gone, func(node string, since time.Time) bool { return !before[node].Equal(since) })
	w.mu.Lock()
	w.sights++
	w.mu.Unlock()
	if err := seen.judge(w.born); err != nil {
		w.wrong(err)
	}
	w.followLeaders(leadersOf(machines))
}

// silent are the nodes of which nothing runs, and since when.
func (s *soak) silent() map[string]time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := maps.Clone(s.gone)
	maps.Copy(out, s.away)
	return out
}

// leadersOf asks all servers that answer.
func leadersOf(machines []*machine) map[string]string {
	out := map[string]string{}
	var mu sync.Mutex
	var all sync.WaitGroup
	for _, m := range machines {
		if mode, err := os.ReadFile(m.path("data/mode")); err != nil || string(mode) != wire.Server {
			continue
		}
		all.Go(func() {
			if leader, err := m.leader(); err == nil {
				mu.Lock()
				defer mu.Unlock()
				out[m.node] = leader
			}
		})
	}
	all.Wait()
	return out
}

func (w *watcher) followLeaders(leaders map[string]string) {
	if discord(leaders) {
		if w.discord.IsZero() {
			w.discord = time.Now()
		}
		if time.Since(w.discord) > concord {
			w.wrong(fmt.Errorf("servers have named different leaders for %v: %v", concord, leaders))
		}
		return
	}
	w.discord = time.Time{}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, leader := range leaders {
		if leader != w.leader && w.leader != "" {
			w.leaders++
		}
		w.leader = leader
		break
	}
}

// read asks for all keys, as the leader has them.
func (w *watcher) read() {
	answered, err := w.ledger.checkKeys(w.anyone(), "consistent")
	if err != nil {
		w.wrong(err)
	}
	if answered {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.reads++
	}
}

// roles are the nodes by the mode that they keep, each kind by name.
func (s *soak) roles() (servers, agents []*resident) {
	for _, n := range s.nodes {
		switch n.read("data/mode") {
		case wire.Server:
			servers = append(servers, n)
		case wire.Agent:
			agents = append(agents, n)
		}
	}
	byName := func(a, b *resident) int { return strings.Compare(a.node, b.node) }
	slices.SortFunc(servers, byName)
	slices.SortFunc(agents, byName)
	return servers, agents
}

// faulty: something is broken on purpose.
func (s *soak) faulty() bool {
	stopped := func(n *resident) bool { return len(n.pauses) > 0 }
	return !s.turned.IsZero() || len(s.blanks) > 0 || slices.ContainsFunc(s.nodes, stopped)
}

// whole says what is missing where nothing is broken any more.
func (s *soak) whole() error {
	servers, agents := s.roles()
	err := errors.Join(want("faults that go on", s.faulty(), false), want("nodes", len(s.nodes), soakNodes), want("servers", len(servers), soakServers), want("agents", len(agents), soakNodes-soakServers))
	for _, n := range s.nodes {
		err = errors.Join(err, want(n.node+" runs", n.again.IsZero() && !n.runner.ended() && n.leaving == nil && !n.left, true))
	}
	rec, rerr := s.store.record()
	err = errors.Join(err, rerr, sight{record: rec}.judge(s.born))
	if err != nil {
		return err
	}
	var nodes, addresses, slots []string
	for _, n := range servers {
		nodes, addresses = append(nodes, n.node), append(addresses, n.address+":8300")
	}
	for _, slot := range rec.Servers {
		slots = append(slots, slot.Node)
	}
	err = want("slots", sorted(strings.Join(slots, " ")), sorted(strings.Join(nodes, " ")))
	leader, lerr := servers[0].leader()
	err = errors.Join(err, lerr, servers[0].voters(soakServers))
	for _, n := range servers {
		err = errors.Join(err, n.belongs(rec), n.follows(leader, sorted(strings.Join(addresses, " "))))
	}
	for _, n := range agents {
		theirs, lerr := n.leader()
		err = errors.Join(err, lerr, want("leader of "+n.node, theirs, leader))
	}
	if err != nil {
		return err
	}
	return errors.Join(s.sameKeys(servers), s.listed(nodes))
}

// sameKeys: every server holds every acknowledged key, and one more can be
// written.
func (s *soak) sameKeys(servers []*resident) error {
	err := servers[0].putKey("whole", s.born.id)
	for _, n := range servers {
		answered, kerr := s.ledger.checkKeys(n.machine, "stale")
		err = errors.Join(err, kerr, want("keys of "+n.node+" are answered", answered, true))
	}
	answered, kerr := s.ledger.checkKeys(servers[0].machine, "consistent")
	return errors.Join(err, kerr, want("keys are answered", answered, true))
}

// listed: those who live are members, and nobody else is.
func (s *soak) listed(servers []string) error {
	var all []string
	for _, n := range s.nodes {
		all = append(all, n.node)
	}
	got := s.look.members("-e", soakExpiry.String())
	return errors.Join(want("server heartbeats", sorted(names(got.Servers)), sorted(strings.Join(servers, " "))),
		want("agent heartbeats", sorted(names(got.Agents)), sorted(strings.Join(all, " "))))
}
