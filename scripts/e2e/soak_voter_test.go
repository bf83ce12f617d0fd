package e2e

import (
	"errors"
	"math/rand/v2"
	"strings"
	"testing"

	"auto-consul/lib/wire"
)

// checkVoters checks how many servers vote: one more than desired at most, by a promotion
// beside a server that comes back; and one fewer at least, for in a round one is gone at
// most, and no change of role takes another. After a loss of more one votes alone at first.
// It counts the changes, too.
func (s *soak) checkVoters() {
	servers, clients := s.byMode()
	for mode, nodes := range map[string][]*supervisedNode{wire.Server: servers, wire.Agent: clients} {
		for _, n := range nodes {
			if was := s.modes[n.node]; was != "" && was != mode {
				s.count("role: " + was + " to " + mode)
			}
			s.modes[n.node] = mode
		}
	}
	if len(servers) == 0 {
		return
	}
	least := s.leastVoters()
	names, err := servers[rand.IntN(len(servers))].voterNames()
	if err != nil || names == "" {
		return
	}
	n := len(strings.Fields(names))
	s.mu.Lock()
	s.voters[0], s.voters[1] = min(s.voters[0], n), max(s.voters[1], n)
	s.mu.Unlock()
	if err := rightVoters(n, least); err != nil {
		s.t.Errorf("%v: %s", err, names)
	}
	s.count("check: voters")
}

// leastVoters is how many servers vote at least.
func (s *soak) leastVoters() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.gone) > 0 {
		return 1
	}
	return soakServers - 1
}

// rightVoters is an error where so many servers must not vote.
func rightVoters(n, least int) error {
	return errors.Join(atLeast("voters", n, least), atMost("voters", n, soakServers+1))
}

// The control of the check: two too few, and two too many.
func TestSoakVoters(t *testing.T) {
	t.Parallel()
	lost := soak{gone: []*supervisedNode{nil, nil}}
	if err := errors.Join(want("least", new(soak).leastVoters(), 2), want("least after a loss", lost.leastVoters(), 1)); err != nil {
		t.Error(err)
	}
	for n := range 7 {
		for least := range 3 {
			if got, want := rightVoters(n, least) == nil, n >= least && n <= 4; got != want {
				t.Errorf("%d voters of %d, at least %d: right %t, want %t", n, soakServers, least, got, want)
			}
		}
	}
}
