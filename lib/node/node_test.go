package node

import "testing"

// A server may leave if more than half of the remaining voters live (R38).
func TestKeepsQuorum(t *testing.T) {
	t.Parallel()
	peers := func(alive, failed int) []Peer {
		var out []Peer
		for i := range alive + failed {
			out = append(out, Peer{Node: string(rune('a' + i)), Voter: true, Alive: i < alive})
		}
		return append(out, Peer{Node: "observer", Alive: true})
	}
	for _, test := range []struct {
		name          string
		alive, failed int
		leaving       string
		want          bool
	}{
		{"the last", 1, 0, "a", false},
		{"one of two", 2, 0, "a", true},
		{"one of three", 3, 0, "b", true},
		{"one of two that live of three", 2, 1, "a", false},
		{"the dead one", 2, 1, "c", true},
		{"no voter", 1, 1, "observer", false},
		{"one of five, one dead", 4, 1, "a", true},
		{"one of five, two dead", 3, 2, "a", false},
	} {
		if got := keepsQuorum(peers(test.alive, test.failed), test.leaving); got != test.want {
			t.Errorf("%s: got %v, want %v", test.name, got, test.want)
		}
	}
}

// A server without a leader and a client that knows no server are alone (R41).
func TestAlone(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		status Status
		want   bool
	}{
		{Status{Server: true, Leader: "10.0.0.1:8300", Members: 1}, false},
		{Status{Server: true, Members: 3}, true},
		{Status{Members: 1}, true},
		{Status{KnownServers: 1, Members: 2}, false},
	} {
		if got := test.status.Alone(); got != test.want {
			t.Errorf("%+v: got %v, want %v", test.status, got, test.want)
		}
	}
}
