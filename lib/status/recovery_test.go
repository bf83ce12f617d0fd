package status

import (
	"strings"
	"testing"
	"time"

	"auto-consul/lib/registry"
	"auto-consul/lib/rule"
	"auto-consul/lib/ruletest"
)

// typed is the entry of node n, on which recover was typed or whose log was read so long
// ago.
func typed(n int, age time.Duration, index uint64) rule.Survivor {
	s := slot(n, age)
	out := rule.Survivor{Incarnation: s.Incarnation, Node: s.Node, Address: s.Address, Came: s.Since, Renewed: s.Since}
	if index > 0 {
		out.ID, out.LogTerm, out.LogIndex = "id-"+s.Node, 3, index
	}
	return out
}

// recovering makes a record one of a cluster on some of whose servers recover was typed.
func recovering(survivors ...rule.Survivor) func(r *rule.Record) {
	return func(r *rule.Record) { r.Survivors = survivors }
}

// ahead makes a record one in which the holder of the first slot goes ahead with its data.
func ahead(tookPart ...string) func(r *rule.Record) {
	return func(r *rule.Record) {
		r.Bootstrap.Term, r.Recovery = 2, &rule.Recovery{FromTerm: 1, TookPart: tookPart}
	}
}

const (
	s1Typed    = "Recover was typed on s1 5s ago, at 2026-01-02T03:04:00Z. Its agent has not ended yet, so its log is not read."
	s2Read     = "Recover was typed on s2. Its log was read 20s ago, at 2026-01-02T03:03:45Z: it ends with entry 812 of term 3."
	newestLog  = "The server with the newest log goes ahead when all logs are read and each server that lives takes part"
	untilS1    = ", but not before 2026-01-02T03:06:00Z, in 1m55s."
	s1Ahead    = "The lost quorum is recovered with the data of s1, which goes ahead. No server has reported a leader since."
	s1Kept     = "The place of s1 is kept until 2026-01-02T03:06:00Z, in 1m55s: its server has no live heartbeat yet."
	noneOfLive = "0 of 3 servers are live."
)

// recoveries are records of a cluster whose quorum was lost.
var recoveries = []sentence{
	{
		name:   "recover was typed on two servers, and all are silent by now (R56)",
		record: with(rec(rule.Established, 3, slot(1, old), slot(2, old), slot(3, old)), recovering(typed(1, young, 0), typed(2, 20*time.Second, 812))),
		want:   []string{noneOfLive, "The place of s3" + noHeartbeat, s1Typed, s2Read, newestLog + untilS1 + " A new node waits for that."},
	},
	{
		name: "a server lives on which it was not typed (R56)", live: members(2),
		record: with(rec(rule.Established, 2, slot(1, old), slot(2, old)), recovering(typed(1, young, 0))),
		want:   []string{"1 of 2 servers is live.", s1Typed, newestLog + untilS1},
	},
	{
		name: "nobody has joined in for an expiry (R57)",
		record: with(rec(rule.Established, 1, slot(2, old)), func(r *rule.Record) {
			r.Survivors = []rule.Survivor{typed(2, 3*time.Minute, 812)}
			r.Survivors[0].Renewed = ruletest.Epoch
		}),
		want: []string{
			"The server is not live.", "Recover was typed on s2. Its log was read 3m0s ago, at 2026-01-02T03:01:05Z: it ends with entry 812 of term 3.",
			newestLog + ". A new node waits for that.",
		},
	},
	{
		name: "an entry was not renewed (R56)", live: members(1, 2), record: with(rec(rule.Established, 2, slot(1, old), slot(2, old)), recovering(typed(1, old, 0))),
		want: []string{"All 2 servers are live."},
	},
	{
		name: "one goes ahead, alone (R57)", record: with(rec(rule.Established, 3, slot(1, young)), ahead("i1")),
		want: []string{noneOfLive, s1Kept, s1Ahead},
	},
	{
		name: "one goes ahead of three (R57)", record: with(rec(rule.Established, 3, slot(1, young)), ahead("i1", "i2", "i3")),
		want: []string{noneOfLive, s1Kept, s1Ahead + " 2 servers that took part, too, wait for one, to join it anew. If s1 never comes back: auto-consul recover -gone s1."},
	},
	{
		name: "there was a leader since (R57)", live: members(1), record: with(rec(rule.Established, 1, slot(1, old)), func(r *rule.Record) {
			ahead("i1", "i2")(r)
			r.Recovery.Done = true
		}),
		want: []string{"The server is live."},
	},
}

// Names come from the store, and nobody checks that of who goes ahead.
func TestRecoveryHoldsNoEscapes(t *testing.T) {
	t.Parallel()
	r := with(rec(rule.Established, 1, slot(1, old)), ahead("i1", "i2"))
	r.Bootstrap.Node = "s\x1b[2J"
	s := Status{Expiry: ruletest.Expiry}
	s.Seen.Time, s.Seen.Record, s.Seen.Live = ruletest.Epoch, r, map[registry.Role][]registry.Member{}
	if text := s.Table(); strings.Contains(text, "\x1b") {
		t.Errorf("got %q", text)
	}
}
