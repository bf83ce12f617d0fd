package rule_test

import (
	"testing"
	"time"

	"auto-consul/lib/registry"
	"auto-consul/lib/rule"
)

// changed is a record of three servers, of which s9 has taken the last place as a client
// so long ago.
func changed(age, claimed time.Duration) *rule.Record {
	return with(rec(rule.Established, 3, slot(1, time.Hour), slot(2, time.Hour), promoted(9, age, claimed)), func(r *rule.Record) { r.Version = 2 })
}

// lateClaim is how long a client that has taken a place has to come to vote.
const lateClaim = expiry + 2*time.Minute

// A slot that was claimed by a client is renewed at a start like any other and keeps the
// time of that claim (R16, R49). A node without raft data that has had its time gives
// the place back; one with raft data may have a vote (R51).
func TestDecidePromoted(t *testing.T) {
	t.Parallel()
	alive := []registry.Member{beats(1, time.Second), beats(2, time.Second)}
	const (
		servers = " join [192.0.2.2 192.0.2.1] held [s1 s2 s9] of 3; "
		renewed = "swap c1 established term 1 by i1 of 3: i1 i2 i9*^; this node holds a slot"
		gives   = "agent join [192.0.2.2 192.0.2.1] held [s1 s2] of 3; this node took a place 4m0s ago, and its server has found no leader"
	)
	opened := rule.Self{Mode: registry.Client, Membership: rule.Membership{ClusterID: "c1", Term: 1, Open: true}}
	data := rule.Self{Mode: registry.Server, Raft: true, Membership: rule.Membership{ClusterID: "c1", Term: 1, Open: true}}
	checkDecisions(t, []situation{
		{name: "it has just claimed", self: opened, policy: three, rec: changed(0, 0), servers: alive, want: "server" + servers + "this node holds a slot", kept: "c1 term 1 of 3, open true"},
		{name: "its slot is due for renewal", self: opened, policy: three, rec: changed(time.Minute, time.Minute), servers: alive, want: renewed},
		{name: "it moved", policy: three, rec: with(changed(time.Hour, time.Minute), func(r *rule.Record) { r.Servers[2].Address = "192.0.2.8" }), servers: alive, evidence: nobodyAt(rule.Evidence{}, 0, "192.0.2.8"), want: renewed},
		{name: "just before it is too late", self: opened, policy: three, rec: changed(time.Minute, lateClaim-time.Second), servers: alive, want: renewed},
		{name: "too late, a server without data", policy: three, rec: changed(time.Minute, lateClaim), servers: alive, want: gives, kept: "c1 term 1 of 3, open true"},
		{name: "too late, and its slot is fresh", self: rule.Self{Mode: registry.Server, Membership: data.Membership}, policy: three, rec: changed(0, lateClaim), servers: alive, want: gives, kept: "c1 term 1 of 3, open true"},
		{name: "too late, a client already", self: opened, policy: three, rec: changed(time.Hour, lateClaim), servers: alive, want: "agent join [192.0.2.2 192.0.2.1] held [s1 s2] of 3; the data directory keeps mode agent"},
		{name: "too late, with raft data", self: data, policy: three, rec: changed(time.Hour, lateClaim), servers: alive, want: "swap c1 established term 1 by i1 of 3: i1 i2 i9*^; this node holds a slot"},
	})
}

// A node that has given a place back remembers that, whatever it is decided to be next
// (R51).
func TestDecideRemembersWhatWasGivenBack(t *testing.T) {
	t.Parallel()
	before := rule.Membership{ClusterID: "c1", Term: 1, Open: true, GaveBack: 2, CandidateFrom: epoch.Add(time.Hour)}
	alive := []registry.Member{beats(1, time.Second), beats(2, time.Second)}
	stalled := rec(rule.Bootstrapping, 1, slot(1, 0), slot(2, expiry))
	full := rec(rule.Established, 2, slot(1, time.Hour), slot(2, time.Hour))
	for _, tt := range []struct {
		name string
		self rule.Self
		rec  *rule.Record
		mode registry.Mode
		want int
		from time.Time
	}{
		{"a client with a slot", rule.Self{Mode: registry.Client}, changed(0, 0), registry.Server, 2, before.CandidateFrom},
		{"a client of a birth that has stalled", rule.Self{Mode: registry.Client}, stalled, registry.Client, 2, before.CandidateFrom},
		{"a server with raft data", rule.Self{Mode: registry.Server, Raft: true}, changed(0, 0), registry.Server, 2, before.CandidateFrom},
		{"a server without data, whose place is taken", rule.Self{Mode: registry.Server}, full, registry.Client, 2, before.CandidateFrom},
		{"one that gives a place back again", rule.Self{Mode: registry.Server}, changed(time.Hour, time.Hour), registry.Client, 3, epoch.Add(40 * expiry)},
	} {
		tt.self.Membership = before
		got := rule.Decide(situation{self: tt.self, policy: three, rec: tt.rec, servers: alive}.input())
		if got.Decision == nil {
			t.Errorf("%s: got %s, want a decision", tt.name, showAction(got))
			continue
		}
		m := got.Decision.Membership
		if got.Decision.Mode != tt.mode || m.GaveBack != tt.want || !m.CandidateFrom.Equal(tt.from) || !m.Open {
			t.Errorf("%s: got %s that remembers %+v, want %s, %d and %v", tt.name, got.Decision.Mode, m, tt.mode, tt.want, tt.from)
		}
	}
}

// A node takes no place for ten expiries after the first that it gave back, then for
// twice as long, and so on up to 640 (R51).
func TestMembershipGivesBack(t *testing.T) {
	t.Parallel()
	m := rule.Membership{ClusterID: "c1", Term: 4, Open: true}
	for n, want := range []time.Duration{10, 20, 40, 80, 160, 320, 640, 640, 640} {
		m = m.GivesBack(epoch.Add(time.Millisecond), expiry)
		if m.GaveBack != n+1 || !m.CandidateFrom.Equal(epoch.Add(want*expiry)) || m.ClusterID != "c1" || m.Term != 4 || !m.Open {
			t.Errorf("got %+v, want %d given back and no place before %v", m, n+1, epoch.Add(want*expiry))
		}
	}
}

// A resize to fewer gives up the slots of dead servers first, and then those that were
// claimed last (R24). A slot that was claimed by a client is no exception.
func TestDecideResizeToFewer(t *testing.T) {
	t.Parallel()
	old := time.Hour
	five := rec(rule.Established, 5, slot(1, old), slot(2, old), slot(3, old), slot(4, old), slot(5, old))
	alive := func(nodes ...int) (out []registry.Member) {
		for _, n := range nodes {
			out = append(out, beats(n, time.Second))
		}
		return out
	}
	to := func(n int) rule.Policy { return rule.Policy{Desired: n, Resize: true} }
	checkDecisions(t, []situation{
		{name: "all live", policy: to(3), rec: five, servers: alive(1, 2, 3, 4, 5), want: "swap c1 established term 1 by i1 of 3: i1 i2 i3; resize from 5 to 3 servers"},
		{name: "two are dead", policy: to(3), rec: five, servers: alive(2, 4, 5), want: "swap c1 established term 1 by i1 of 3: i2 i4 i5; resize from 5 to 3 servers"},
		{name: "one is dead", policy: to(3), rec: five, servers: alive(1, 3, 4, 5), want: "swap c1 established term 1 by i1 of 3: i1 i3 i4; resize from 5 to 3 servers"},
		{name: "more are dead than are left", policy: to(3), rec: five, servers: alive(4), want: "swap c1 established term 1 by i1 of 3: i1 i2 i4; resize from 5 to 3 servers"},
		{
			name: "one that starts is not dead", policy: to(1), rec: with(rec(rule.Established, 2, slot(1, old), promoted(3, 0, 0)), func(r *rule.Record) { r.Version = 2 }), servers: alive(2),
			want: "swap c1 established term 1 by i1 of 1: i3*^; resize from 2 to 1 servers",
		},
	})
}
