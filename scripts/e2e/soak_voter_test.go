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
// most, and no change of role takes another. It counts the changes, too.
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
	names, err := servers[rand.IntN(len(servers))].voterNames()
	if err != nil || names == "" {
		return
	}
	n := len(strings.Fields(names))
	s.mu.Lock()
	s.voters[0], s.voters[1] = min(s.voters[0], n), max(s.voters[1], n)
	s.mu.Unlock()
	if err := rightVoters(n); err != nil {
		s.t.Errorf("%v: %s", err, names)
	}
	s.count("check: voters")
}

// rightVoters is an error where so many servers must not vote.
func rightVoters(n int) error {
	return errors.Join(atLeast("voters", n, soakServers-1), atMost("voters", n, soakServers+1))
}

// The control of the check: two too few, and two too many.
func TestSoakVoters(t *testing.T) {
	t.Parallel()
	for n := range 7 {
		if got, want := rightVoters(n) == nil, n >= 2 && n <= 4; got != want {
			t.Errorf("%d voters of %d: right %t, want %t", n, soakServers, got, want)
		}
	}
}
