package rule_test

import (
	"testing"
	"time"

	"auto-consul/lib/registry"
	"auto-consul/lib/rule"
)

// Where there is no record and no server is live, the node creates the record (R14),
// unless traces tell of a cluster (R20); an own record is the same decision again (R16).
func TestDecideNothingThere(t *testing.T) {
	t.Parallel()
	gone := []string{"servers/20260102030000-s1"}
	const watch = "wait to see whether the cluster whose expired heartbeats are here is lost: no server sends heartbeats, watching *"
	const lost = "(no server's heartbeat seen in 2m0s of watching)"
	checkDecisions(t, []situation{
		{name: "the record alone was read", recordOnly: true, want: "read the heartbeats"},
		{name: "the heartbeats are from before the record", beatsSooner: true, want: "read the heartbeats"},
		{
			name: "nothing", want: "swap new bootstrapping term 1 by i9 of 1: i9*; no live servers and no cluster record",
		},
		{
			name: "several desired", policy: rule.Policy{Desired: 3},
			want: "swap new bootstrapping term 1 by i9 of 3: i9*; no live servers and no cluster record",
		},
		{
			name: "clients alone are no cluster", agents: []registry.Member{beats(1, time.Second)},
			want: "swap new bootstrapping term 1 by i9 of 1: i9*; no live servers and no cluster record",
		},
		{
			name: "its own heartbeat, from before it lost its disk", servers: []registry.Member{beats(9, time.Second)},
			want: "wait for the heartbeats of another node s9, or of this one's earlier life, to expire",
		},
		{
			name: "a kept server", self: rule.Self{Mode: registry.Server},
			want: "swap new bootstrapping term 1 by i9 of 1: i9*; no live servers and no cluster record",
		},
		{
			name: "a kept client waits for nobody", self: rule.Self{Mode: registry.Client},
			want: "agent join [] held [] of 1; the data directory keeps mode agent",
		},
		{name: "expired heartbeats", expired: gone, want: watch},
		{name: "not watched for long enough", expired: gone, evidence: silent(expiry-1, rule.AllServers), want: watch},
		{
			name: "watched", expired: gone, evidence: silent(expiry, rule.AllServers),
			want: "swap new bootstrapping term 1 by i9 of 1: i9*; the cluster whose expired heartbeats are here is lost: a new cluster in its place " + lost,
		},
		{
			name: "watched, several desired", expired: gone, evidence: silent(expiry, rule.AllServers), policy: rule.Policy{Desired: 3},
			want: "wait for the servers of the cluster whose expired heartbeats are here to come back; if they never will, this starts an empty one in its place: START OVER",
		},
		{
			name: "a data directory of a cluster", self: rule.Self{Membership: kept("c2", 1)},
			want: "wait to see whether cluster c2 is lost: no server sends heartbeats, watching *",
		},
		{
			name: "its own record", rec: rec(rule.Bootstrapping, 1, slot(9, time.Second)),
			want: "server bootstrap join [] held [s9] of 1; this node holds a slot", kept: "c1 term 1 of 1, open true",
		},
		{
			name: "its own record, after long: it may have crashed before it started", rec: rec(rule.Bootstrapping, 1, slot(9, time.Hour)),
			want: "swap c1 bootstrapping term 1 by i9 of 1: i9*; this node holds a slot",
		},
	})
}

// The record says who bootstraps, and only as long as the birth is under way (R25).
func TestDecideQuorum(t *testing.T) {
	t.Parallel()
	quorum := func(state rule.State, desired int) *rule.Record {
		return with(rec(state, desired, slot(1, time.Second), slot(9, 2*time.Second)), func(r *rule.Record) { r.Birth = rule.Quorum })
	}
	three := rule.Policy{Desired: 3, Birth: rule.Quorum}
	created := rule.Decide(situation{policy: three}.input()).Swap
	if created == nil || created.Birth != rule.Quorum {
		t.Errorf("got record %+v created, want birth quorum", created)
	}
	checkDecisions(t, []situation{
		{
			name: "holding a slot", policy: three, rec: quorum(rule.Bootstrapping, 3),
			want: "server expect 3 join [192.0.2.1] held [s1 s9] of 3; this node holds a slot",
		},
		{
			name: "the record's birth rules", policy: rule.Policy{Desired: 3}, rec: quorum(rule.Bootstrapping, 3),
			want: "server expect 3 join [192.0.2.1] held [s1 s9] of 3; this node holds a slot",
		},
		{
			name: "born", policy: three, rec: quorum(rule.Established, 3), servers: []registry.Member{beats(1, time.Second)},
			want: "server join [192.0.2.1] held [s1 s9] of 3; this node holds a slot",
		},
		{
			name: "a quorum of one is the first", rec: with(rec(rule.Bootstrapping, 1, slot(9, time.Second)), func(r *rule.Record) { r.Birth = rule.Quorum }),
			want: "server bootstrap join [] held [s9] of 1; this node holds a slot",
		},
		{
			name: "the others of a first join", policy: rule.Policy{Desired: 3}, rec: rec(rule.Bootstrapping, 3, slot(1, time.Second), slot(9, 2*time.Second)),
			want: "server join [192.0.2.1] held [s1 s9] of 3; this node holds a slot",
		},
	})
}

// Live servers and no record: enough are enough (R17), too few get a record (R15), and
// heartbeats that were read before the record are read again (R6).
func TestDecideUnrecorded(t *testing.T) {
	t.Parallel()
	one := []registry.Member{beats(1, time.Second)}
	const back = "wait for the live servers to write the cluster record back, should they know it, watching record"
	checkDecisions(t, []situation{
		{
			name: "enough: nothing is written", servers: one, agents: one,
			want: "agent join [192.0.2.1] held [s1] of 1; 1 live servers, 1 desired, and no cluster record",
		},
		{name: "enough, and a kept server", self: rule.Self{Mode: registry.Server}, servers: one, want: back},
		{name: "too few", servers: one, policy: rule.Policy{Desired: 2}, want: back},
		{name: "too few, watched for less than an expiry", servers: one, policy: rule.Policy{Desired: 2}, evidence: silent(expiry-1, rule.NoRecord), want: back},
		{
			name: "too few, and nobody has written a record back", servers: one, policy: rule.Policy{Desired: 2}, evidence: silent(expiry, rule.NoRecord),
			want: "swap new established term 1 by nobody of 2: i9*; 1 live servers without a cluster record, 2 desired",
		},
		{
			name: "then it joins", servers: one, policy: rule.Policy{Desired: 2},
			rec:  with(rec(rule.Established, 2, slot(9, 0)), func(r *rule.Record) { r.Bootstrap = rule.Bootstrap{Term: 1} }),
			want: "server join [192.0.2.1] held [s1 s9] of 2; this node holds a slot",
		},
		{
			name: "a newly made record does not bootstrap beside the live", servers: one, policy: rule.Policy{Desired: 2}, beatsSooner: true,
			evidence: silent(expiry, rule.NoRecord), want: "read the heartbeats",
		},
	})
}

// A birth is taken over from a node that is proved dead (R19, R9, R10).
func TestDecideTakeOver(t *testing.T) {
	t.Parallel()
	dead := rec(rule.Bootstrapping, 1, slot(1, expiry))
	witness := []registry.Member{beats(3, time.Minute)}
	const wait, home = "wait to see whether server s1, silent and at 192.0.2.1, is dead, watching i1", "192.0.2.1"
	settling := "wait to see that s1, which took part in a birth that failed, has left nothing behind, watching i1"
	holders := rec(rule.Bootstrapping, 3, slot(1, expiry), slot(2, time.Second), slot(9, 2*time.Second))
	checkDecisions(t, []situation{
		{
			name: "its slot is fresh", rec: rec(rule.Bootstrapping, 1, slot(1, expiry-time.Second)),
			want: "agent join [192.0.2.1] held [s1] of 1; 1 servers held, 1 desired", kept: "c1 term 1 of 1, open true",
		},
		{name: "silent, no proof", rec: dead, want: wait},
		{name: "silent, a witness whose heartbeat is too new", rec: dead, agents: []registry.Member{beats(3, time.Minute-time.Second)}, want: wait},
		{name: "the silent node's own heartbeat as a client is no witness", rec: dead, agents: []registry.Member{beats(1, time.Minute)}, want: wait},
		{name: "a witness", rec: dead, agents: witness, want: "probe 192.0.2.1"},
		{name: "a server that has not found its cluster beats like a client", rec: dead, agents: append(witness, beats(1, time.Second)), want: "probe 192.0.2.1"},
		{name: "watched", rec: dead, evidence: silent(expiry, "i1"), want: "probe 192.0.2.1"},
		{name: "watched for too short", rec: dead, evidence: silent(expiry-1, "i1"), want: wait},
		{
			name: "somebody answers", rec: dead, agents: witness, evidence: somebodyAt(rule.Evidence{}, home),
			want: "wait for server s1, which sends no heartbeats: somebody answers at 192.0.2.1",
		},
		{name: "nobody answers, for a moment", rec: dead, agents: witness, evidence: nobodyAt(rule.Evidence{}, 3*time.Second-1, home), want: settling},
		{
			name: "nobody answers", rec: dead, agents: witness, evidence: nobodyAt(rule.Evidence{}, 3*time.Second, home),
			want: "swap c1 bootstrapping term 2 by i9 of 1: i9*; s1 died before it had bootstrapped: term 2 " +
				"(s1: silent although the store took agents/20260102030305-s3; s1: nobody answers at 192.0.2.1)",
		},
		{
			name: "another has its address now", rec: dead, agents: []registry.Member{{Node: "s4", Address: home, Heartbeat: epoch, Oldest: epoch.Add(-time.Minute)}},
			evidence: rule.Evidence{Answers: map[string]bool{home: true}, UnansweredFor: map[string]time.Duration{home: time.Minute}},
			want: "swap c1 bootstrapping term 2 by i9 of 1: i9*; s1 died before it had bootstrapped: term 2 " +
				"(s1: silent although the store took agents/20260102030305-s4; s1: 192.0.2.1 is the address of s4 now)",
		},
		{
			name: "another had its address before", rec: dead, evidence: rule.Evidence{Answers: map[string]bool{home: true}},
			agents: []registry.Member{{Node: "s4", Address: home, Heartbeat: epoch.Add(-expiry), Oldest: epoch.Add(-expiry)}},
			want:   "wait for server s1, which sends no heartbeats: somebody answers at 192.0.2.1",
		},
		{
			name: "another has claimed a slot with its address, and somebody answers", agents: witness, policy: rule.Policy{Desired: 2},
			rec:      rec(rule.Bootstrapping, 2, slot(1, expiry), elsewhere("i3", "s3", 1, time.Second)),
			evidence: somebodyAt(rule.Evidence{}, home),
			want:     "wait for server s1, which sends no heartbeats: somebody answers at 192.0.2.1",
		},
		{
			name: "another who took part has lost its address to a client", rec: holders, policy: rule.Policy{Desired: 3},
			agents:   []registry.Member{{Node: "s5", Address: "192.0.2.2", Heartbeat: epoch, Oldest: epoch.Add(-time.Minute)}},
			evidence: nobodyAt(rule.Evidence{}, 3*time.Second, home),
			want: "swap c1 bootstrapping term 2 by i9 of 3: i2 i9; s1 died before it had bootstrapped: term 2 " +
				"(s1: silent although the store took agents/20260102030305-s5; s1: nobody answers at 192.0.2.1; s2: 192.0.2.2 is the address of s5 now)",
		},
		{
			name: "slots that are held are kept", rec: holders, evidence: nobodyAt(silent(expiry, "i1"), 3*time.Second, home, "192.0.2.2"), policy: rule.Policy{Desired: 3},
			want: "swap c1 bootstrapping term 2 by i9 of 3: i2 i9; s1 died before it had bootstrapped: term 2 " +
				"(s1: no heartbeat seen in 2m0s of watching; s1: nobody answers at 192.0.2.1; s2: nobody answers at 192.0.2.2)",
		},
		{
			name: "nobody may answer at the address of another who took part", rec: holders, evidence: nobodyAt(silent(expiry, "i1"), 3*time.Second, home), policy: rule.Policy{Desired: 3},
			want: "probe 192.0.2.2",
		},
		{
			name: "one who took part answers", rec: holders, policy: rule.Policy{Desired: 3},
			evidence: func() rule.Evidence {
				e := nobodyAt(silent(expiry, "i1"), 3*time.Second, home)
				e.Answers["192.0.2.2"] = true
				return e
			}(),
			want: "wait for server s2, which sends no heartbeats: somebody answers at 192.0.2.2",
		},
		{
			name: "those who hold slots see to it", rec: rec(rule.Bootstrapping, 1, slot(1, expiry), slot(2, time.Second)), agents: witness,
			want: "agent join [192.0.2.3 192.0.2.2] held [s2] of 1; 1 servers held, 1 desired",
		},
		{
			name: "those who hold slots see to it, but a node that was told to be a server does so itself", self: rule.Self{Mode: registry.Server},
			rec: rec(rule.Bootstrapping, 1, slot(1, expiry), slot(2, time.Second)), evidence: nobodyAt(silent(expiry, "i1"), 3*time.Second, home, "192.0.2.2"),
			want: "swap c1 bootstrapping term 2 by i9 of 1: i2 i9*; s1 died before it had bootstrapped: term 2 " +
				"(s1: no heartbeat seen in 2m0s of watching; s1: nobody answers at 192.0.2.1; s2: nobody answers at 192.0.2.2)",
		},
		{
			name: "a silent incarnation of its own name has to be dead as well", policy: rule.Policy{Desired: 2}, agents: witness,
			rec:      rec(rule.Bootstrapping, 2, slot(1, expiry), rule.Slot{Incarnation: "i8", Node: "s9", Address: "192.0.2.8", Since: epoch.Add(-expiry)}),
			evidence: nobodyAt(rule.Evidence{}, 3*time.Second, home, "192.0.2.8"),
			want: "swap c1 bootstrapping term 2 by i9 of 2: i9*; s1 died before it had bootstrapped: term 2 " +
				"(s1: silent although the store took agents/20260102030305-s3; s1: nobody answers at 192.0.2.1; " +
				"s9: nobody answers at 192.0.2.8; s9: silent although the store took agents/20260102030305-s3)",
		},
		{
			name: "its heartbeat as a server came meanwhile", rec: dead, servers: []registry.Member{beats(1, time.Second)}, agents: witness,
			want: "agent join [192.0.2.3 192.0.2.1] held [s1] of 1; 1 servers held, 1 desired",
		},
	})
}
