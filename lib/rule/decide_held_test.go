package rule_test

import (
	"slices"
	"testing"
	"time"

	"auto-consul/lib/registry"
	"auto-consul/lib/rule"
)

// The path of nearly every node: enough servers are held (R8), so it is a client (R17).
// The holder of a slot is a server, and renews it where it is due (R16).
func TestDecideHeld(t *testing.T) {
	t.Parallel()
	one, old := []registry.Member{beats(1, time.Second)}, rec(rule.Established, 1, slot(1, time.Hour))
	checkDecisions(t, []situation{
		{
			name: "held by its heartbeats", rec: old, servers: one, agents: []registry.Member{beats(3, 2*time.Second), beats(1, time.Second)},
			want: "agent join [192.0.2.1 192.0.2.3] held [s1] of 1; 1 servers held, 1 desired", kept: "c1 term 1 of 1, open true",
		},
		{
			name: "held, as its slot is fresh", rec: rec(rule.Bootstrapping, 1, slot(1, expiry-time.Second)),
			want: "agent join [192.0.2.1] held [s1] of 1; 1 servers held, 1 desired",
		},
		{
			name: "held by a live server without a slot", rec: old, servers: []registry.Member{beats(2, time.Second)},
			want: "agent join [192.0.2.2] held [s2] of 1; 1 servers held, 1 desired",
		},
		{
			name: "more than enough", rec: old, servers: []registry.Member{beats(2, time.Minute), beats(1, time.Second)},
			want: "agent join [192.0.2.1 192.0.2.2] held [s1 s2] of 1; 2 servers held, 1 desired",
		},
		{
			name: "own slot", rec: rec(rule.Established, 1, slot(9, time.Second)), servers: []registry.Member{beats(2, time.Second)},
			want: "server join [192.0.2.2] held [s2 s9] of 1; this node holds a slot", kept: "c1 term 1 of 1, open true",
		},
		{
			name: "own slot, claimed long ago", rec: rec(rule.Established, 1, slot(9, time.Minute)), servers: []registry.Member{beats(2, time.Second)},
			want: "swap c1 established term 1 by i9 of 1: i9*; this node holds a slot",
		},
		{
			name: "a kept server beside enough", self: rule.Self{Mode: registry.Server}, rec: old, servers: one,
			want: "server join [192.0.2.1] held [s1] of 1; the data directory keeps mode server",
		},
		{
			name: "a kept server where there is room", self: rule.Self{Mode: registry.Server}, rec: rec(rule.Established, 2, slot(1, time.Hour)), servers: one,
			want: "swap c1 established term 1 by i1 of 2: i1 i9*; 1 servers held, 2 desired",
		},
		{
			name: "a mode that was set is not open", self: rule.Self{Mode: registry.Client}, rec: old, servers: one,
			want: "agent join [192.0.2.1] held [s1] of 1; the data directory keeps mode agent", kept: " term 0 of 0, open false",
		},
	})
	for i := range 2 {
		held := situation{rec: old, servers: one, policy: rule.Policy{Desired: 1 + i}}.input()
		if v := rule.Decide(held).Decision; v == nil || len(v.Notes) != i {
			t.Errorf("told %d servers where there is to be 1: got %+v, want %d notes", 1+i, v, i)
		}
	}
}

// Too few servers are held: a free slot is claimed, or that of a server that is proved
// dead (R18, R9, R10).
func TestDecideClaim(t *testing.T) {
	t.Parallel()
	two := rule.Policy{Desired: 2}
	full := rec(rule.Established, 2, slot(1, time.Hour), slot(2, expiry))
	one, witness := []registry.Member{beats(1, time.Second)}, []registry.Member{beats(1, time.Minute, time.Second)}
	const wait = "wait to see whether server s2, silent and at 192.0.2.2, is dead, watching i2"
	replaced := "swap c1 established term 1 by i1 of 2: i1 i9*; 1 servers held, 2 desired: in place of s2 "
	checkDecisions(t, []situation{
		{
			name: "a free slot", policy: two, rec: rec(rule.Established, 2, slot(1, time.Hour)), servers: one,
			want: "swap c1 established term 1 by i1 of 2: i1 i9*; 1 servers held, 2 desired",
		},
		{
			name: "a free slot of a birth", policy: two, rec: rec(rule.Bootstrapping, 2, slot(1, time.Second)),
			want: "swap c1 bootstrapping term 1 by i1 of 2: i1 i9*; 1 servers held, 2 desired",
		},
		{
			name: "one that is silent and has a fresh slot is starting", policy: two, rec: rec(rule.Established, 2, slot(1, time.Hour), slot(2, expiry-time.Second)), servers: one,
			want: "agent join [192.0.2.1 192.0.2.2] held [s1 s2] of 2; 2 servers held, 2 desired",
		},
		{name: "a silent one, no proof", policy: two, rec: full, servers: one, want: wait},
		{
			name: "a witness's oldest heartbeat counts, not its newest", policy: two, rec: full, servers: witness, want: "probe 192.0.2.2",
		},
		{
			name: "just before half an expiry", policy: two, rec: full, servers: []registry.Member{beats(1, time.Minute-time.Second)}, want: wait,
		},
		{
			name: "somebody answers", policy: two, rec: full, servers: witness, evidence: somebodyAt(rule.Evidence{}, "192.0.2.2"),
			want: "wait for server s2, which sends no heartbeats: somebody answers at 192.0.2.2",
		},
		{
			name: "witnessed and nobody answers", policy: two, rec: full, servers: witness, evidence: nobodyAt(rule.Evidence{}, 0, "192.0.2.2"),
			want: replaced + "(s2: silent although the store took servers/20260102030305-s1; s2: nobody answers at 192.0.2.2)",
		},
		{
			name: "watched and nobody answers", policy: two, rec: full, servers: one, evidence: nobodyAt(silent(expiry, "i2"), 0, "192.0.2.2"),
			want: replaced + "(s2: no heartbeat seen in 2m0s of watching; s2: nobody answers at 192.0.2.2)",
		},
		{
			name: "unwatched, and nobody answers", policy: two, rec: full, servers: one, evidence: nobodyAt(silent(expiry-1, "i2"), 0, "192.0.2.2"), want: wait,
		},
		{
			name: "its address is another live node's", policy: two, rec: full, servers: []registry.Member{beats(1, time.Minute)},
			agents: []registry.Member{{Node: "s3", Address: "192.0.2.2", Heartbeat: epoch, Oldest: epoch}},
			want:   replaced + "(s2: silent although the store took servers/20260102030305-s1; s2: 192.0.2.2 is the address of s3 now)",
		},
		{
			name: "its node may be a server that has not found its cluster", policy: two, rec: full, servers: witness,
			agents: []registry.Member{beats(2, time.Second)},
			want:   "probe 192.0.2.2",
		},
		{
			name: "its node lives there as a client", policy: two, rec: rec(rule.Established, 2, slot(1, time.Hour), slot(2, expiry+time.Second)), servers: witness,
			agents: []registry.Member{beats(2, time.Second)},
			want:   replaced + "(s2: silent although the store took servers/20260102030305-s1; s2: 192.0.2.2 is the address of agent s2 now)",
		},
		{
			name: "its node lives elsewhere as a client", policy: two, rec: full, servers: witness,
			agents: []registry.Member{{Node: "s2", Address: "192.0.2.3", Heartbeat: epoch, Oldest: epoch}},
			want:   "probe 192.0.2.2",
		},
		{
			name: "all of the silent are asked about and watched", policy: rule.Policy{Desired: 3}, servers: one,
			rec:  rec(rule.Established, 3, slot(1, time.Hour), slot(2, expiry), slot(3, time.Hour)),
			want: "wait to see whether server s3, silent and at 192.0.2.3, is dead, watching i3 i2",
		},
		{
			name: "the longest claimed goes first", policy: rule.Policy{Desired: 3}, servers: witness,
			rec:      rec(rule.Established, 3, slot(1, time.Hour), slot(2, expiry), slot(3, time.Hour)),
			evidence: nobodyAt(rule.Evidence{}, 0, "192.0.2.2", "192.0.2.3"),
			want: "swap c1 established term 1 by i1 of 3: i1 i2 i9*; 1 servers held, 3 desired: in place of s3 " +
				"(s3: silent although the store took servers/20260102030305-s1; s3: nobody answers at 192.0.2.3)",
		},
		{
			name: "one that answers does not keep the other's place", policy: rule.Policy{Desired: 3}, servers: witness,
			rec:      rec(rule.Established, 3, slot(1, time.Hour), slot(2, expiry), slot(3, time.Hour)),
			evidence: rule.Evidence{Answers: map[string]bool{"192.0.2.2": false, "192.0.2.3": true}},
			want: "swap c1 established term 1 by i1 of 3: i1 i3 i9*; 1 servers held, 3 desired: in place of s2 " +
				"(s2: silent although the store took servers/20260102030305-s1; s2: nobody answers at 192.0.2.2)",
		},
	})
}

// The cluster is established and no other server beats: it may be lost (R20). The
// number that counts is the record's (R24).
func TestDecideLostCluster(t *testing.T) {
	t.Parallel()
	watched := silent(expiry, rule.AllServers)
	one, three := rec(rule.Established, 1, slot(1, time.Hour)), rec(rule.Established, 3, slot(1, time.Hour), slot(2, expiry))
	quiet := nobodyAt(watched, 0, "192.0.2.1", "192.0.2.2")
	const evidence = " (no server's heartbeat seen in 2m0s of watching"
	const again = "wait for the servers of cluster c1 to come back; if they never will, this starts an empty one in its place: START OVER"
	policy := func(lost rule.Lost) rule.Policy { return rule.Policy{Desired: 3, Lost: lost} }
	checkDecisions(t, []situation{
		{name: "unwatched", rec: one, want: "wait to see whether cluster c1 is lost: no server sends heartbeats, watching *"},
		{
			name: "a witness is not enough: the store may have been away for all of them", rec: one, agents: []registry.Member{beats(3, time.Minute)},
			want: "wait to see whether cluster c1 is lost: no server sends heartbeats, watching *",
		},
		{
			name: "not watched for a whole expiry", rec: one, evidence: silent(expiry-1, rule.AllServers),
			want: "wait to see whether cluster c1 is lost: no server sends heartbeats, watching *",
		},
		{
			name: "fresh slots that suffice are enough for a client", rec: rec(rule.Established, 1, slot(1, time.Second)),
			want: "agent join [192.0.2.1] held [s1] of 1; 1 servers held, 1 desired",
		},
		{
			name: "a fresh slot is no sign of life to a node that would be a server", rec: rec(rule.Established, 3, slot(1, time.Hour), slot(2, time.Second)),
			want: "wait to see whether cluster c1 is lost: no server sends heartbeats, watching *",
		},
		{
			name: "it has its time to start", rec: rec(rule.Established, 3, slot(1, time.Hour), slot(2, time.Second)), evidence: quiet, policy: policy(rule.LostBootstrap),
			want: "wait for s2 to start, who hold slots of cluster c1, watching *",
		},
		{name: "watched", rec: three, evidence: watched, want: "probe 192.0.2.1 192.0.2.2"},
		{
			name: "somebody answers", rec: one, evidence: somebodyAt(watched, "192.0.2.1"),
			want: "wait for server s1, which sends no heartbeats: somebody answers at 192.0.2.1",
		},
		{
			name: "the address of its server is a client's now, whoever answers there", rec: one, evidence: somebodyAt(watched, "192.0.2.1"),
			agents: []registry.Member{{Node: "s3", Address: "192.0.2.1", Heartbeat: epoch, Oldest: epoch}},
			want: "swap new bootstrapping term 2 by i9 of 1: i9*; cluster c1 is lost: a new cluster in its place" + evidence +
				"; s1: 192.0.2.1 is the address of s3 now)",
		},
		{
			name: "its own name beats (R21): an earlier life's heartbeats, or another machine's", rec: one, evidence: quiet, servers: []registry.Member{beats(9, time.Second)},
			want: "wait for the heartbeats of another node s9, or of this one's earlier life, to expire",
		},
		{
			name: "auto, one desired", rec: one, evidence: quiet,
			want: "swap new bootstrapping term 2 by i9 of 1: i9*; cluster c1 is lost: a new cluster in its place" + evidence +
				"; s1: nobody answers at 192.0.2.1)",
		},
		{name: "auto, several desired", rec: three, evidence: quiet, policy: policy(rule.LostAuto), want: again},
		{name: "auto goes by the record, not by what this node was told", rec: three, evidence: quiet, want: again},
		{
			name: "wait, one desired", rec: one, evidence: quiet, policy: rule.Policy{Lost: rule.LostWait}, want: again,
		},
		{
			name: "bootstrap, several desired", rec: three, evidence: quiet, policy: policy(rule.LostBootstrap),
			want: "swap new bootstrapping term 2 by i9 of 3: i9*; cluster c1 is lost: a new cluster in its place" + evidence +
				"; s1: nobody answers at 192.0.2.1; s2: nobody answers at 192.0.2.2)",
		},
		{
			name: "its own slot without raft data is no cluster", rec: rec(rule.Established, 1, slot(9, time.Second)), evidence: watched,
			want: "swap new bootstrapping term 2 by i9 of 1: i9*; cluster c1 is lost: a new cluster in its place" + evidence + ")",
		},
	})
	over := rule.Decide(situation{rec: with(three, func(r *rule.Record) { r.Birth = rule.Quorum }), evidence: quiet, policy: policy(rule.LostBootstrap)}.input()).Swap
	if over == nil || over.Birth != rule.Quorum {
		t.Errorf("got record %+v, want the birth of the one before", over)
	}
}

// What is silent is watched: slots that are not held, all servers together, and the
// absence of a record (R11). A node that still finds heartbeats of its own name, which
// are of its earlier life or another machine's, does not call all servers silent.
func TestSilentKeys(t *testing.T) {
	t.Parallel()
	old := rec(rule.Established, 3, slot(1, time.Hour), slot(2, time.Second), slot(9, time.Hour))
	tests := []struct {
		name    string
		rec     *rule.Record
		servers []registry.Member
		want    []string
	}{
		{"nothing there", nil, nil, []string{rule.AllServers, rule.NoRecord}},
		{"a server without a record", nil, []registry.Member{beats(1, time.Second)}, []string{rule.NoRecord}},
		{"an old slot; a fresh one and the own are not watched", old, nil, []string{"i1", rule.AllServers}},
		{"another server beats", old, []registry.Member{beats(2, time.Second)}, []string{"i1"}},
		{"the own name beats", old, []registry.Member{beats(9, time.Second)}, []string{"i1"}},
		{"the slot's server beats", old, []registry.Member{beats(1, time.Second)}, nil},
	}
	for _, tt := range tests {
		if got := (situation{rec: tt.rec, servers: tt.servers}).input().SilentKeys(); !slices.Equal(got, tt.want) {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
}
