package status

import (
	"strings"
	"testing"
	"time"

	"auto-consul/lib/registry"
	"auto-consul/lib/rule"
	"auto-consul/lib/ruletest"
)

// promoted is a slot that a running client claimed so long ago, and renewed when it
// started as a server.
func promoted(n int, claimed, renewed time.Duration) rule.Slot {
	s := slot(n, renewed)
	s.Promoted = ruletest.Epoch.Add(-claimed)
	return s
}

// leaving makes a record one in which node n has been stepping down for so long.
func leaving(n int, age time.Duration) func(r *rule.Record) {
	return func(r *rule.Record) {
		s := slot(n, age)
		r.Leaving = &rule.Leaving{Incarnation: s.Incarnation, Node: s.Node, Since: s.Since}
	}
}

const (
	s3Claimed = "s3 was a client and claimed a place 20s ago, at 2026-01-02T03:03:45Z. Its server has not reported yet that it votes, and until it does no server steps down."
	s4Leaves  = "s4 steps down to be a client: it was marked 5s ago, at 2026-01-02T03:04:00Z. No other server steps down meanwhile."
	s4TooMany = "s4 has no place, and all are taken. If it may change its role, it steps down and becomes a client, as soon as the server of every place votes and the cluster can spare it."
)

// changes are records in which a node changes its role, or is to.
var changes = []sentence{
	{
		name: "a client has claimed a place and does not beat as a server yet (R49)", live: members(1, 2),
		record: rec(rule.Established, 3, slot(1, old), slot(2, old), promoted(3, 20*time.Second, 10*time.Second)),
		want: []string{
			"2 of 3 servers are live.",
			"The place of s3 is kept until 2026-01-02T03:05:55Z, in 1m50s: its server has no live heartbeat yet.",
			s3Claimed,
		},
	},
	{
		name: "it beats, and another place is vacant (R49)", live: members(1, 3),
		record: rec(rule.Established, 3, slot(1, old), slot(2, old), promoted(3, 20*time.Second, 10*time.Second)),
		want: []string{
			"2 of 3 servers are live.", s3Claimed, "The place of s2" + noHeartbeat,
			"A new node that starts takes it at once if it finds s2 dead." + clientsWait + " If s2 comes back first, it keeps its place.",
		},
	},
	{
		name: "it beats, and has had its time to vote; another place is vacant (R51)", live: members(1, 3),
		record: rec(rule.Established, 3, slot(1, old), slot(2, old), promoted(3, time.Hour, old)),
		want: []string{
			"2 of 3 servers are live.",
			"s3 was a client and claimed a place 1h0m ago, at 2026-01-02T02:04:05Z. Its server has not reported yet that it votes, and has had its time for that: it gives the place back if it can.",
			"The place of s2" + noHeartbeat,
			"A new node that starts takes it at once if it finds s2 dead." + clientsLater + " If s2 comes back first, it keeps its place.",
		},
	},
	{
		name: "the client that claimed a place has died since (R48)", live: members(1, 2),
		record: rec(rule.Established, 3, slot(1, old), slot(2, old), promoted(3, 20*time.Second, old)),
		want: []string{
			"2 of 3 servers are live.", s3Claimed, "The place of s3" + noHeartbeat,
			"A new node that starts takes it at once if it finds s3 dead." + clientsLater + " If s3 comes back first, it keeps its place.",
		},
	},
	{
		name: "a server starts, and another place is free (R49)", live: members(1),
		record: rec(rule.Established, 3, slot(1, old), slot(2, young)),
		want: []string{
			"1 of 3 servers is live.",
			"The place of s2 is kept until 2026-01-02T03:06:00Z, in 1m55s: its server has no live heartbeat yet.",
			"1 place is free.", "A new node that starts takes a free place at once." + clientsWait,
		},
	},
	{
		name: "a server steps down (R50)", live: members(1, 2, 3, 4),
		record: with(rec(rule.Established, 3, slot(1, old), slot(2, old), slot(3, old)), leaving(4, young)),
		want:   []string{"4 servers are live, and 3 are desired.", s4Leaves, s4TooMany},
	},
	{
		name: "a server steps down, and a place is free (R49)", live: members(1, 4),
		record: with(rec(rule.Established, 3, slot(1, old), slot(2, old)), leaving(4, young)),
		want: []string{
			"2 of 3 servers are live.", s4Leaves, "The place of s2" + noHeartbeat, "1 place is free.",
			"A new node that starts takes a free place at once, or a vacant one if it finds that one's server dead." + clientsWait,
		},
	},
	{
		name: "the mark of an interrupted server is old (R49)", live: members(1, 2, 3, 4),
		record: with(rec(rule.Established, 3, slot(1, old), slot(2, old), slot(3, old)), leaving(4, old)),
		want:   []string{"4 servers are live, and 3 are desired.", s4TooMany},
	},
	{
		name: "two servers are too many (R50)", live: members(1, 2, 3, 4, 5), record: rec(rule.Established, 3, slot(1, old), slot(2, old), slot(3, old)),
		want: []string{
			"5 servers are live, and 3 are desired.",
			"2 servers have no place, and all are taken. Those that may change their role step down and become clients, one after the other, as soon as the server of every place votes and the cluster can spare them.",
		},
	},
}

func TestChangesUnderWay(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		record *rule.Record
		want   int
	}{
		{"none", rec(rule.Established, 2, slot(1, old), slot(2, old)), 0},
		{"a client has claimed a place", rec(rule.Established, 2, slot(1, old), promoted(2, old, young)), 1},
		{"a server steps down, too", with(rec(rule.Established, 2, slot(1, old), promoted(2, old, young)), leaving(3, young)), 2},
		{"a mark is old", with(rec(rule.Established, 2, slot(1, old), slot(2, old)), leaving(3, ruletest.Expiry)), 0},
	} {
		s := Status{Expiry: ruletest.Expiry}
		s.Seen.Time, s.Seen.Record = ruletest.Epoch, tt.record
		if got := s.changesUnderWay(*tt.record); got != tt.want {
			t.Errorf("%s: got %d, want %d", tt.name, got, tt.want)
		}
	}
}

// The node of a mark comes from the store, and nobody checks it.
func TestMarkHoldsNoEscapes(t *testing.T) {
	t.Parallel()
	r := with(rec(rule.Established, 1, slot(1, old)), leaving(2, young))
	r.Leaving.Node = "s\x1b[2J"
	s := Status{Expiry: ruletest.Expiry}
	s.Seen.Time, s.Seen.Record, s.Seen.Live = ruletest.Epoch, r, map[registry.Role][]registry.Member{registry.Servers: members(1)}
	if text := s.Table(); strings.Contains(text, "\x1b") {
		t.Errorf("got %q", text)
	}
}
