package rule_test

import (
	"errors"
	"testing"
	"time"

	"auto-consul/lib/registry"
	"auto-consul/lib/rule"
)

// kept returns what the data directory of a server of a cluster remembers.
func kept(cluster string, term int64) rule.Membership {
	return rule.Membership{ClusterID: cluster, Term: term, Desired: 1, Birth: rule.First}
}

// open returns what it remembers if the mode was decided and not set.
func open(cluster string, term int64) rule.Membership {
	m := kept(cluster, term)
	m.Open = true
	return m
}

// A data directory that belongs to another birth is refused (R12).
func TestDecideForeignData(t *testing.T) {
	t.Parallel()
	const remedy = "start with an empty data directory"
	established := rec(rule.Established, 1, slot(1, time.Hour))
	alive := []registry.Member{beats(1, time.Second)}
	cases := []situation{
		{
			name: "raft data of another cluster",
			self: rule.Self{Mode: registry.Server, Raft: true, Membership: kept("c2", 1)}, rec: established, servers: alive,
			want: "fenced: the data directory belongs to cluster c2 and the registry names c1: " + remedy + ", or give the node with this data a registry of its own",
		},
		{
			name: "a server's data directory without raft data yet",
			self: rule.Self{Membership: kept("c2", 1)}, rec: established, servers: alive,
			want: "fenced: the data directory belongs to cluster c2 and the registry names c1: " + remedy + ", or give the node with this data a registry of its own",
		},
		{
			name: "a server's, which was decided and has raft data",
			self: rule.Self{Mode: registry.Server, Raft: true, Membership: open("c2", 1)}, rec: established, servers: alive,
			want: "fenced: the data directory belongs to cluster c2 and the registry names c1: " + remedy + ", or give the node with this data a registry of its own",
		},
		{
			name: "raft data of an earlier birth",
			self: rule.Self{Mode: registry.Server, Raft: true, Membership: kept("c1", 1)},
			rec:  with(rec(rule.Established, 1, slot(1, time.Hour)), func(r *rule.Record) { r.Bootstrap.Term = 2 }),
			want: "fenced: the data directory holds raft data of term 1 of cluster c1, which the registry names in term 2: " + remedy,
		},
		{
			name: "raft data of a later birth than the record's",
			self: rule.Self{Mode: registry.Server, Raft: true, Membership: kept("c1", 2)},
			rec:  established,
			want: "fenced: the data directory holds raft data of term 2 of cluster c1, which the registry names in term 1: " + remedy,
		},
		{
			name: "raft data of no known cluster beside a cluster that was born under the record",
			self: rule.Self{Raft: true}, rec: established, servers: alive,
			want: "fenced: the data directory holds raft data of no known cluster and the registry names c1, which was born without it: " + remedy,
		},
		{
			name: "a server's, which was decided and has found no cluster: it forgets that one",
			self: rule.Self{Mode: registry.Server, Membership: open("c2", 1)}, rec: established, servers: alive,
			want: "agent join [192.0.2.1] held [s1] of 1; 1 servers held, 1 desired",
			kept: "c1 term 1 of 1, open true",
		},
		{
			name: "raft data of no known cluster where the record was written over a living one",
			self: rule.Self{Raft: true}, servers: alive,
			rec: with(rec(rule.Established, 1, slot(1, time.Hour)), func(r *rule.Record) {
				r.Bootstrap = rule.Bootstrap{Term: 1}
			}),
			want: "server join [192.0.2.1] held [s1] of 1; the data directory holds raft data of this cluster; all slots are taken" +
				"; note: the data directory holds raft data of no known cluster and is taken to belong to c1",
			kept: "c1 term 1 of 1, open true",
		},
		{
			name: "raft data of no known cluster and a slot of its own",
			self: rule.Self{Raft: true}, rec: rec(rule.Established, 1, slot(9, time.Second)),
			want: "server join [] held [s9] of 1; the data directory holds raft data of this cluster" +
				"; note: the data directory holds raft data of no known cluster and is taken to belong to c1",
			kept: "c1 term 1 of 1, open true",
		},
		{
			name: "another cluster's, but this very directory has claimed the slot without raft data",
			self: rule.Self{Membership: kept("c2", 1)}, rec: rec(rule.Bootstrapping, 1, slot(9, time.Second)),
			want: "server bootstrap join [] held [s9] of 1; this node holds a slot",
			kept: "c1 term 1 of 1, open true",
		},
		{
			name: "a client has no data that could meet the cluster's",
			self: rule.Self{Mode: registry.Client, Membership: kept("c2", 1)}, rec: established, servers: alive,
			want: "agent join [192.0.2.1] held [s1] of 1; the data directory keeps mode agent",
		},
		{
			name: "an earlier birth without raft data",
			self: rule.Self{Mode: registry.Server, Membership: kept("c1", 1)},
			rec:  with(rec(rule.Established, 1, slot(1, time.Second)), func(r *rule.Record) { r.Bootstrap.Term = 2 }), servers: alive,
			want: "server join [192.0.2.1] held [s1] of 1; the data directory keeps mode server",
			kept: "c1 term 2 of 1, open false",
		},
	}
	checkDecisions(t, cases)
	for _, tt := range cases[:6] {
		if err := rule.Decide(tt.input()).Err; !errors.Is(err, rule.ErrFenced) {
			t.Errorf("%s: got %v, want %v", tt.name, err, rule.ErrFenced)
		}
	}
}

// A node with raft data is the server that it was and never bootstraps, whatever the
// registry says (R13). It joins the addresses last known where nobody lives (R26).
func TestDecideRaftState(t *testing.T) {
	t.Parallel()
	back := rule.Self{Mode: registry.Server, Raft: true, Membership: kept("c1", 1)}
	const reason = "the data directory holds raft data of this cluster"
	established := func(desired int, slots ...rule.Slot) *rule.Record {
		return with(rec(rule.Established, desired, slots...), func(r *rule.Record) { r.Bootstrap = rule.Bootstrap{Term: 1} })
	}
	checkDecisions(t, []situation{
		{
			name: "nothing in the registry", self: back,
			want: "server join [] held [] of 1; the data directory holds raft data, and there is no cluster record",
			kept: "c1 term 1 of 1, open false",
		},
		{
			name: "heartbeats without a record", self: back, servers: []registry.Member{beats(1, time.Minute), beats(2, time.Second)},
			want: "server join [192.0.2.2 192.0.2.1] held [s1 s2] of 1; the data directory holds raft data, and there is no cluster record",
		},
		{
			name: "expired heartbeats do not make it wait", self: back, expired: []string{"servers/20260102030000-s1"},
			want: "server join [] held [] of 1; the data directory holds raft data, and there is no cluster record",
		},
		{
			name: "its birth succeeded", self: back, rec: rec(rule.Bootstrapping, 1, slot(9, time.Hour)),
			want: "swap c1 established term 1 by i9 of 1: i9; " + reason,
		},
		{
			name: "another's birth succeeded", self: back, rec: rec(rule.Bootstrapping, 3, slot(1, time.Hour), slot(9, time.Second)),
			want: "swap c1 established term 1 by i1 of 3: i1 i9; " + reason,
		},
		{
			name: "another's birth succeeded, and this node holds no slot", self: back, rec: rec(rule.Bootstrapping, 3, slot(1, time.Second)),
			want: "swap c1 established term 1 by i1 of 3: i1; " + reason,
		},
		{
			name: "its slot is fresh", self: back, rec: rec(rule.Established, 1, slot(9, time.Minute-time.Second)),
			want: "server join [] held [s9] of 1; " + reason,
		},
		{
			name: "its slot is due for renewal (R16), so that it has its time to start", self: back, rec: rec(rule.Established, 1, slot(9, time.Minute)),
			want: "swap c1 established term 1 by i9 of 1: i9*; this node holds a slot",
		},
		{
			name: "all servers silent: the addresses last known", self: back,
			rec:  established(3, slot(1, time.Hour), slot(2, 2*time.Hour), slot(9, time.Second)),
			want: "server join [192.0.2.1 192.0.2.2] held [s9] of 3; " + reason + told(3),
		},
		{
			name: "live servers before the silent", self: back, servers: []registry.Member{beats(2, time.Second)},
			rec:  established(3, slot(1, time.Hour), slot(2, 2*time.Hour), slot(9, time.Second)),
			want: "server join [192.0.2.2] held [s2 s9] of 3; " + reason + told(3),
		},
		{
			name: "a free slot", self: back, rec: established(2, slot(1, time.Hour)), servers: []registry.Member{beats(1, time.Second)},
			want: "swap c1 established term 1 by nobody of 2: i1 i9*; 1 servers held, 2 desired",
		},
		{
			name: "all slots held", self: back, rec: established(1, slot(1, time.Hour)), servers: []registry.Member{beats(1, time.Second)},
			want: "server join [192.0.2.1] held [s1] of 1; " + reason + "; all slots are taken",
		},
		{
			name: "the slot of a silent one, who may be dead", self: back, rec: established(1, slot(1, time.Hour)),
			agents: []registry.Member{beats(3, time.Minute)},
			want:   "probe 192.0.2.1",
		},
		{
			name: "the slot of a silent one: it is not waited for", self: back, rec: established(1, slot(1, time.Hour)),
			want: "server join [192.0.2.1] held [] of 1; " + reason + "; all slots are taken",
		},
		{
			name: "a kept client stays one", self: rule.Self{Mode: registry.Client, Raft: true}, rec: established(1, slot(1, time.Second)),
			want: "agent join [192.0.2.1] held [s1] of 1; the data directory keeps mode agent",
		},
	})
}

// What a server keeps says whether its cluster ran before there was a record of it, so
// that a record that is lost is written back as it was (R36).
func TestServerKeepsWhetherItsClusterWasAdopted(t *testing.T) {
	t.Parallel()
	for _, adopted := range []bool{false, true} {
		own := rec(rule.Established, 2, slot(1, time.Hour), slot(9, time.Second))
		if adopted {
			own.Bootstrap = rule.Bootstrap{Term: 1}
		}
		for name, self := range map[string]rule.Self{"new": {}, "with raft data": {Mode: registry.Server, Raft: true, Membership: kept("c1", 1)}} {
			got := rule.Decide(situation{self: self, rec: own, servers: []registry.Member{beats(1, time.Second)}}.input())
			if got.Decision == nil || got.Decision.Mode != registry.Server || got.Decision.Membership.Adopted != adopted {
				t.Errorf("%s: got %+v, want a server that keeps adopted %t", name, got.Decision, adopted)
			}
		}
	}
}
