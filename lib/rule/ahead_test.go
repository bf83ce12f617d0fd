package rule_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"auto-consul/lib/registry"
	"auto-consul/lib/rule"
)

// horizon is that of an answer which came at epoch.
var horizon = new(registry.Registry).Horizon(epoch)

const day = 24 * time.Hour

// ages says how old the times of a record are.
func ages(r rule.Record) string {
	var out []string
	add := func(what string, at time.Time) {
		if !at.IsZero() {
			out = append(out, fmt.Sprintf("%s %v", what, epoch.Sub(at)))
		}
	}
	if r.Gather != nil {
		add("gather", r.Gather.Since)
		add("until", r.Gather.Until)
	}
	if r.Leaving != nil {
		add("leaving", r.Leaving.Since)
	}
	for _, s := range r.Servers {
		add(s.Node, s.Since)
		add(s.Node+"^", s.Promoted)
	}
	return strings.Join(out, ", ")
}

// Each time of a record that lies in the future becomes now, and all others stay (R53).
func TestDatedBack(t *testing.T) {
	t.Parallel()
	gathering := func(since time.Duration, slots ...rule.Slot) *rule.Record {
		return with(rec(rule.Gathering, 2, slots...), func(r *rule.Record) {
			r.Version, r.Birth = 2, rule.Auto
			r.Gather = &rule.Gather{Since: epoch.Add(-since), Until: epoch.Add(30*time.Second - since), WaitSeconds: 30}
		})
	}
	for _, tt := range []struct {
		name string
		rec  *rule.Record
		want string
	}{
		{"nothing does", rec(rule.Established, 2, slot(1, time.Hour), promoted(2, 0, time.Minute)), "s1 1h0m0s, s2 0s, s2^ 1m0s"},
		{"clocks of one store differ", rec(rule.Established, 1, slot(1, -registry.DefaultSkew)), "s1 -5s"},
		{"a slot", rec(rule.Established, 2, slot(1, -day), slot(2, time.Hour)), "s1 0s, s2 1h0m0s"},
		{"a promotion", rec(rule.Established, 2, slot(1, time.Hour), promoted(2, time.Minute, -day)), "s1 1h0m0s, s2 1m0s, s2^ 0s"},
		{"a mark of one that steps down", leaving(rec(rule.Established, 1, slot(1, time.Hour)), 2, -day), "leaving 0s, s1 1h0m0s"},
		{"a gathering, and who is there", gathering(-day, slot(1, -day), slot(2, -day-time.Second)), "gather 0s, until -30s, s1 0s, s2 0s"},
		{"a gathering, and who is left of a birth that failed", gathering(-day, slot(1, -day+time.Second), slot(2, time.Hour)), "gather 0s, until -30s, s1 1s, s2 1h0m0s"},
		{"a claim in a gathering", gathering(time.Second, slot(1, -day)), "gather 1s, until -29s, s1 0s"},
	} {
		before := flat(t, tt.rec)
		got := tt.rec.DatedBack(horizon, epoch)
		if text := ages(got); text != tt.want {
			t.Errorf("%s: got %s, want %s", tt.name, text, tt.want)
		}
		if after := flat(t, tt.rec); after != before {
			t.Errorf("%s: the record was changed: got %s, want %s", tt.name, after, before)
		}
		if left := got.Ahead(horizon); len(left) > 0 {
			t.Errorf("%s: %v are left in the future", tt.name, left)
		}
	}
}

// setBack completes situations in which the store's clock was set back by a day.
func setBack(s situation) rule.Input {
	in := s.input()
	in.Seen.Horizon = horizon
	return in
}

// ahead returns node n with heartbeats of tomorrow alone.
func ahead(n int) registry.Member {
	m := beats(n, -day)
	m.Ahead = true
	return m
}

// A node that decides mends the record first, and waits where servers are enough only by
// heartbeats of the future (R53).
func TestDecideAhead(t *testing.T) {
	t.Parallel()
	const clock = "the store's clock was set back, and these lie in the future: "
	old := rec(rule.Established, 1, slot(1, time.Hour))
	for _, tt := range []struct {
		situation
		want string
	}{
		{situation{name: "by the record alone", rec: rec(rule.Established, 1, slot(1, -day)), recordOnly: true}, "swap c1 established term 1 by i1 of 1: i1*; " + clock + "the slot of s1 by 24h0m0s"},
		{situation{name: "it holds raft data", self: rule.Self{Raft: true, Membership: kept("c1", 1)}, rec: rec(rule.Established, 1, slot(1, -day))}, "swap c1 established term 1 by i1 of 1: i1*; " + clock + "the slot of s1 by 24h0m0s"},
		{situation{name: "it is told to be a client", self: rule.Self{Mode: registry.Client}, rec: rec(rule.Established, 1, slot(1, -day))}, "agent join [192.0.2.1] held [s1] of 1; the data directory keeps mode agent"},
		{situation{name: "its data is another cluster's", self: rule.Self{Raft: true, Membership: kept("c2", 1)}, rec: rec(rule.Established, 1, slot(1, -day))}, "fenced: the data directory belongs to cluster c2 and the registry names c1: start with an empty data directory, or give the node with this data a registry of its own"},
		{situation{name: "heartbeats alone", rec: old, servers: []registry.Member{ahead(1)}}, "wait to see whether s1 beats, of which every heartbeat is dated in the future"},
		{situation{name: "and others are enough", rec: old, servers: []registry.Member{ahead(1), beats(2, 0)}}, "agent join [192.0.2.2 192.0.2.1] held [s1 s2] of 1; 2 servers held, 1 desired"},
		{situation{name: "and its claim is fresh", rec: rec(rule.Established, 1, slot(1, time.Second)), servers: []registry.Member{ahead(1)}}, "agent join [192.0.2.1] held [s1] of 1; 1 servers held, 1 desired"},
		{situation{name: "heartbeats alone, and there is a free slot", rec: rec(rule.Established, 2, slot(1, time.Hour)), servers: []registry.Member{ahead(1)}, policy: rule.Policy{Desired: 2}}, "wait to see whether s1 beats, of which every heartbeat is dated in the future"},
		{situation{name: "heartbeats alone, and it holds a slot", rec: rec(rule.Established, 2, slot(1, time.Hour), slot(9, time.Hour)), servers: []registry.Member{ahead(1)}, policy: rule.Policy{Desired: 2}}, "wait to see whether s1 beats, of which every heartbeat is dated in the future"},
		{situation{name: "heartbeats without a record", servers: []registry.Member{ahead(1)}}, "wait to see whether s1 beats, of which every heartbeat is dated in the future"},
		{
			situation{
				name: "they are no witness (R9)", rec: rec(rule.Established, 2, slot(1, time.Hour), slot(2, time.Hour)), policy: rule.Policy{Desired: 2},
				servers: []registry.Member{beats(5, 0)}, agents: []registry.Member{ahead(1)},
			},
			"wait to see whether server s1, silent and at 192.0.2.1, is dead, watching i1 i2",
		},
		{
			situation{
				name: "they do not say who has an address (R10)", rec: rec(rule.Established, 2, elsewhere("i1", "s1", 2, time.Hour), slot(3, time.Hour)),
				servers: []registry.Member{beats(5, 0)}, agents: []registry.Member{ahead(2)}, policy: rule.Policy{Desired: 2}, evidence: silent(expiry, "i1", "i3"),
			},
			"probe 192.0.2.2 192.0.2.3",
		},
		{situation{name: "a running client mends it, too", candidate: gossip("s1"), self: rule.Self{Mode: registry.Client}, rec: rec(rule.Established, 2, slot(1, time.Hour), promoted(2, time.Hour, -day))}, "swap c1 established term 1 by i1 of 2: i1 i2^; " + clock + "the promotion of s2 by 24h0m0s"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			in := setBack(tt.situation)
			got := rule.Decide(in)
			if text := showAction(got); text != tt.want {
				t.Errorf("got  %s\nwant %s", text, tt.want)
			}
			checkAction(t, in, got)
		})
	}
}

// What is left of a dead server in the registry once its heartbeats of tomorrow have had
// their time does not keep its place from a client (R53).
func TestCandidateAhead(t *testing.T) {
	t.Parallel()
	s := candidates(situation{evidence: deadS3, expired: []string{registry.Heartbeat{Role: registry.Servers, Time: epoch.Add(day), Node: "s3"}.Key()}})[0]
	if got := showAction(rule.Decide(setBack(s))); got != insteadS3 {
		t.Errorf("got  %s\nwant %s", got, insteadS3)
	}
}

// A pause after a place was given back is no longer than when it was kept (R51, R53).
func TestCandidatePause(t *testing.T) {
	t.Parallel()
	const waits = "it has given a place back and takes none until"
	for _, tt := range []struct {
		gaveBack int
		left     time.Duration
		waits    bool
	}{
		{1, 10 * expiry, true},
		{1, 10*expiry + time.Minute, false},
		{2, 10*expiry + time.Minute, true},
		{7, 640 * expiry, true},
		{8, 640*expiry + day, false},
	} {
		s := candidates(situation{evidence: deadS3})[0]
		s.self.Membership = rule.Membership{ClusterID: "c1", Term: 1, Open: true, GaveBack: tt.gaveBack, CandidateFrom: epoch.Add(tt.left)}
		if got := showAction(rule.Decide(setBack(s))); strings.Contains(got, waits) != tt.waits {
			t.Errorf("%v left after %d: got %s, want a pause: %t", tt.left, tt.gaveBack, got, tt.waits)
		}
	}
}

// A running server, and a client that knows no server, mend the record before anything else,
// and a server whose own last heartbeat lies in the future renews its slot (R53).
func TestServeAhead(t *testing.T) {
	t.Parallel()
	open := kept("c1", 1)
	open.Open = true
	const mended = "; the store's clock was set back, and these lie in the future: the slot of s9 by 24h0m0s"
	own := rec(rule.Established, 1, slot(9, -day))
	birth := rec(rule.Bootstrapping, 1, slot(9, -day))
	for _, tt := range []running{
		{name: "a server", kept: kept("c1", 1), rec: own, leader: true, raft: true, want: "hold, swap c1 established term 1 by i9 of 1: i9*" + mended},
		{name: "one that has found no cluster", kept: kept("c1", 1), rec: birth, want: "hold, swap c1 bootstrapping term 1 by i9 of 1: i9*" + mended},
		{name: "one of another cluster", kept: kept("c2", 1), rec: own, raft: true, want: "fenced: this server belongs to cluster c2 and the registry names c1"},
		{name: "a client that knows no server", client: true, kept: open, rec: birth, want: "swap c1 bootstrapping term 1 by i9 of 1: i9*" + mended},
		{name: "a client that knows servers", client: true, kept: open, rec: birth, leader: true, want: "beat"},
		{name: "a client that was set", client: true, kept: kept("c1", 1), rec: birth, want: "beat"},
		{
			name: "its last heartbeat lies in the future", kept: kept("c1", 1), rec: rec(rule.Established, 1, slot(9, time.Hour)), leader: true, raft: true,
			want: "swap c1 established term 1 by i9 of 1: i9*; this server was silent for long",
		},
	} {
		in := tt.input()
		in.Horizon, in.LastBeat = horizon, epoch.Add(day)
		got, err := rule.Serve(in)
		if text := showOrder(got, err); text != tt.want {
			t.Errorf("%s:\ngot  %s\nwant %s", tt.name, text, tt.want)
		}
	}
}
