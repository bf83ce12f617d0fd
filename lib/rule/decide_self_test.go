package rule_test

import (
	"fmt"
	"testing"
	"time"

	"auto-consul/lib/registry"
	"auto-consul/lib/rule"
)

// Two incarnations of one node name (R21), and one incarnation under two names or at
// two addresses (R23).
func TestDecideWhoAmI(t *testing.T) {
	t.Parallel()
	witness := []registry.Member{beats(1, time.Minute)}
	conflict := func(age time.Duration) *rule.Record {
		return rec(rule.Established, 3, slot(1, time.Hour), elsewhere("i8", "s9", 8, age))
	}
	three := rule.Policy{Desired: 3}
	moved := rec(rule.Bootstrapping, 1, elsewhere("i9", "s9", 7, expiry))
	movedJust := rec(rule.Bootstrapping, 1, elsewhere("i9", "s9", 7, expiry-time.Second))
	renamed := rec(rule.Established, 2, slot(1, time.Hour), elsewhere("i9", "s7", 7, time.Hour))
	const copyOf7 = "wait to see whether this data directory is a copy: its incarnation is node s%d, at 192.0.2.7, which may be about to start"
	raft := rule.Self{Mode: registry.Server, Raft: true, Membership: kept("c1", 1)}
	copyOfS7 := rec(rule.Established, 2, slot(1, time.Hour), elsewhere("i9", "s7", 7, time.Hour))
	const waits = "wait for another incarnation of node s9, at 192.0.2.8, to be gone"
	checkDecisions(t, []situation{
		{name: "another incarnation, its slot is fresh", policy: three, rec: conflict(time.Second), servers: witness, want: waits},
		{
			name: "another incarnation, which beats", policy: three, rec: conflict(time.Hour), want: waits,
			servers: []registry.Member{beats(1, time.Minute), {Node: "s9", Address: "192.0.2.8", Heartbeat: epoch, Oldest: epoch}},
		},
		{name: "another incarnation, silent: no other slot is taken, though one is free", policy: three, rec: conflict(time.Hour), servers: witness, want: "probe 192.0.2.8"},
		{
			name: "another incarnation, silent without a proof", policy: three, rec: conflict(time.Hour), servers: []registry.Member{beats(1, time.Second)},
			want: "wait to see whether server s9, silent and at 192.0.2.8, is dead, watching i8",
		},
		{
			name: "another incarnation, dead", policy: three, rec: conflict(time.Hour), servers: witness, evidence: nobodyAt(rule.Evidence{}, 0, "192.0.2.8"),
			want: "swap c1 established term 1 by i1 of 3: i1 i9*; 1 servers held, 3 desired: in place of s9 " +
				"(s9: silent although the store took servers/20260102030305-s1; s9: nobody answers at 192.0.2.8)",
		},
		{
			name: "another incarnation, and raft data: a kept server that waits for no slot", self: rule.Self{Mode: registry.Server, Raft: true, Membership: kept("c1", 1)},
			policy: three, rec: conflict(time.Second), servers: witness,
			want: "server join [192.0.2.1] held [s1 s9] of 3; the data directory holds raft data of this cluster; all slots are taken",
		},
		{name: "moved", rec: moved, want: "probe 192.0.2.7"},
		{
			name: "moved, nobody is there any more", rec: moved, evidence: nobodyAt(rule.Evidence{}, 0, "192.0.2.7"),
			want: "swap c1 bootstrapping term 1 by i9 of 1: i9*; this node holds a slot",
		},
		{
			name: "moved, and who it was may be about to start", rec: movedJust, evidence: nobodyAt(rule.Evidence{}, 0, "192.0.2.7"),
			want: fmt.Sprintf(copyOf7, 9),
		},
		{
			name: "moved, and who it was beats", rec: renamed, evidence: nobodyAt(rule.Evidence{}, 0, "192.0.2.7"),
			servers: []registry.Member{beats(1, time.Minute), beats(7, time.Second)}, want: fmt.Sprintf(copyOf7, 7),
		},
		{
			name: "raft data, and who it was beats", self: raft, rec: renamed, evidence: nobodyAt(rule.Evidence{}, 0, "192.0.2.7"),
			servers: []registry.Member{beats(1, time.Minute), beats(7, time.Second)}, want: fmt.Sprintf(copyOf7, 7),
		},
		{
			name: "raft data, moved with its name", self: raft,
			rec:      rec(rule.Established, 2, slot(1, time.Hour), elsewhere("i9", "s9", 7, time.Second)),
			evidence: nobodyAt(rule.Evidence{}, 0, "192.0.2.7"), servers: []registry.Member{beats(1, time.Minute)},
			want: "swap c1 established term 1 by i1 of 2: i1 i9*; this node holds a slot",
		},
		{
			name: "raft data, and another server has the address now", self: raft,
			rec:     rec(rule.Established, 2, elsewhere("i1", "s1", 7, time.Second), elsewhere("i9", "s9", 7, time.Hour)),
			servers: []registry.Member{{Node: "s1", Address: "192.0.2.7", Heartbeat: epoch, Oldest: epoch}},
			want:    "swap c1 established term 1 by i1=s1@192.0.2.7 of 2: i1=s1@192.0.2.7 i9*; this node holds a slot",
		},
		{
			name: "raft data, and another server that has not beaten yet has the address", self: raft,
			rec:  rec(rule.Established, 2, elsewhere("i1", "s1", 7, time.Second), elsewhere("i9", "s9", 7, time.Hour)),
			want: "swap c1 established term 1 by i1=s1@192.0.2.7 of 2: i1=s1@192.0.2.7 i9*; this node holds a slot",
		},
		{
			name: "raft data, and another server had the address before", self: raft,
			rec:  rec(rule.Established, 2, elsewhere("i1", "s1", 7, 2*time.Hour), elsewhere("i9", "s9", 7, time.Hour)),
			want: "probe 192.0.2.7",
		},
		{
			name: "raft data, renamed where it is, and the old name beats", self: raft,
			rec:      rec(rule.Established, 2, slot(1, time.Hour), elsewhere("i9", "s7", 9, time.Hour)),
			evidence: nobodyAt(rule.Evidence{}, 0, "192.0.2.9"), servers: []registry.Member{beats(1, time.Minute), beats(7, time.Second)},
			want: "swap c1 established term 1 by i1 of 2: i1 i9*; this node holds a slot",
		},
		{
			name: "raft data, renamed where it is, and its old agent has not ended", self: raft,
			rec:      rec(rule.Established, 2, slot(1, time.Hour), elsewhere("i9", "s7", 9, time.Hour)),
			evidence: somebodyAt(rule.Evidence{}, "192.0.2.9"), servers: []registry.Member{beats(1, time.Minute)},
			want: "wait for the agent of node s7, which this data directory was last decided for, to end",
		},
		{
			name: "a copy of a node that runs", rec: copyOfS7, servers: witness, evidence: somebodyAt(rule.Evidence{}, "192.0.2.7"),
			want: "fenced: this data directory is a copy: its incarnation is node s7, and somebody answers at 192.0.2.7: start with an empty data directory",
		},
		{
			name: "a copy of a node that runs, with raft data", self: rule.Self{Mode: registry.Server, Raft: true, Membership: kept("c1", 1)}, rec: copyOfS7,
			evidence: somebodyAt(rule.Evidence{}, "192.0.2.7"),
			want:     "fenced: this data directory is a copy: its incarnation is node s7, and somebody answers at 192.0.2.7: start with an empty data directory",
		},
		{name: "renamed", rec: rec(rule.Bootstrapping, 1, elsewhere("i9", "s7", 9, time.Second)), want: "probe 192.0.2.9"},
	})
	action := rule.Decide(situation{rec: moved, evidence: nobodyAt(rule.Evidence{}, 0, "192.0.2.7")}.input())
	if got, want := action.Swap.Bootstrap.Address, "192.0.2.9"; got != want {
		t.Errorf("got %s as the address of who bootstraps, want %s", got, want)
	}
}

// -resize writes another number into the record of an established cluster (R24).
func TestDecideResize(t *testing.T) {
	t.Parallel()
	to := func(n int) rule.Policy { return rule.Policy{Desired: n, Resize: true} }
	three := rec(rule.Established, 3, slot(1, time.Hour), slot(2, time.Hour), slot(9, time.Second))
	alive := []registry.Member{beats(1, time.Second), beats(2, time.Second)}
	const note = "; note: the cluster record says 1 servers and this node was told 5: the record rules; -resize changes it once the cluster has a leader"
	checkDecisions(t, []situation{
		{name: "grown", policy: to(5), rec: three, servers: alive, want: "swap c1 established term 1 by i1 of 5: i1 i2 i9; resize from 3 to 5 servers"},
		{name: "shrunk: the newest slots are given up", policy: to(1), rec: three, servers: alive, want: "swap c1 established term 1 by i1 of 1: i1; resize from 3 to 1 servers"},
		{name: "shrunk: dead servers' slots come first", policy: to(1), rec: three, servers: alive[1:], want: "swap c1 established term 1 by i1 of 1: i2; resize from 3 to 1 servers"},
		{
			name: "as it is", policy: to(3), rec: three, servers: alive,
			want: "server join [192.0.2.2 192.0.2.1] held [s1 s2 s9] of 3; this node holds a slot",
		},
		{name: "nothing to resize", policy: to(3), want: "swap new bootstrapping term 1 by i9 of 3: i9*; no live servers and no cluster record"},
		{
			name: "by a client, too", self: rule.Self{Mode: registry.Client}, policy: to(5), rec: rec(rule.Established, 3, slot(1, time.Hour)), servers: alive,
			want: "swap c1 established term 1 by i1 of 5: i1; resize from 3 to 5 servers",
		},
		{
			name: "not by one of another cluster", self: rule.Self{Membership: kept("c2", 1)}, policy: to(5), rec: rec(rule.Established, 3, slot(1, time.Hour)),
			want: "fenced: the data directory belongs to cluster c2 and the registry names c1: start with an empty data directory, or give the node with this data a registry of its own",
		},
		{
			name: "not while it is being born: a quorum has been told how many to wait for", policy: to(5), rec: rec(rule.Bootstrapping, 1, slot(1, time.Second)),
			want: "agent join [192.0.2.1] held [s1] of 1; 1 servers held, 1 desired" + note,
		},
		{
			name: "without -resize it is only said", policy: rule.Policy{Desired: 5}, rec: rec(rule.Established, 1, slot(1, time.Hour)), servers: alive[:1],
			want: "agent join [192.0.2.1] held [s1] of 1; 1 servers held, 1 desired" + note,
		},
	})
}

// The record alone is enough where every slot is fresh (R17).
func TestDecideAllSlotsFresh(t *testing.T) {
	t.Parallel()
	fresh := func() *rule.Record { return rec(rule.Bootstrapping, 1, slot(1, expiry-time.Second)) }
	only := func(name string, r *rule.Record, self rule.Self) situation {
		return situation{name: name, self: self, rec: r, recordOnly: true, want: "read the heartbeats"}
	}
	enough := only("enough", fresh(), rule.Self{})
	enough.want = "agent join [192.0.2.1] held [s1] of 1; 1 servers held, 1 desired"
	established := enough
	established.name, established.rec = "enough, where there was a leader", rec(rule.Established, 1, slot(1, time.Second))
	resized := only("to be resized", fresh(), rule.Self{})
	resized.policy.Resize = true
	client := only("a kept client wants others to join", fresh(), rule.Self{Mode: registry.Client})
	checkDecisions(t, []situation{
		enough, established, resized, client,
		only("too few", rec(rule.Bootstrapping, 2, slot(1, time.Second)), rule.Self{}),
		only("one is old", rec(rule.Bootstrapping, 2, slot(1, time.Second), slot(2, expiry)), rule.Self{}),
		only("its own", rec(rule.Bootstrapping, 1, slot(9, time.Second)), rule.Self{}),
		only("its own name", rec(rule.Bootstrapping, 1, elsewhere("i8", "s9", 8, time.Second)), rule.Self{}),
		only("a kept server", fresh(), rule.Self{Mode: registry.Server}),
		only("raft data", fresh(), rule.Self{Raft: true, Membership: kept("c1", 1)}),
	})
}

// A client that was decided, and not set, decides again where a birth stalls (R22).
func TestDecideOpenClient(t *testing.T) {
	t.Parallel()
	open := rule.Self{Mode: registry.Client, Membership: rule.Membership{ClusterID: "c1", Term: 1, Desired: 1, Birth: rule.First, Open: true}}
	set := open
	set.Membership.Open = false
	stalled := rec(rule.Bootstrapping, 1, slot(1, expiry))
	one, three := rec(rule.Established, 1, slot(1, time.Hour)), rec(rule.Established, 3, slot(1, time.Hour), slot(2, time.Hour))
	restores := rule.Policy{Lost: rule.LostRestore, LostTyped: true}
	const keptClient = "; the data directory keeps mode agent"
	const lost = "wait to see whether cluster c1 is lost: no server sends heartbeats, watching *"
	const toldOne = "; note: the cluster record says 3 servers and this node was told 1: the record rules; -resize changes it once the cluster has a leader"
	raft := open
	raft.Raft = true
	checkDecisions(t, []situation{
		{name: "the birth has stalled", self: open, rec: stalled, want: "wait to see whether server s1, silent and at 192.0.2.1, is dead, watching i1"},
		{name: "the birth has stalled, but it was told to be a client", self: set, rec: stalled, want: "agent join [192.0.2.1] held [] of 1" + keptClient},
		{name: "the birth has stalled, but there is raft data", self: raft, rec: stalled, want: "agent join [192.0.2.1] held [] of 1" + keptClient},
		{name: "in time", self: open, rec: rec(rule.Bootstrapping, 1, slot(1, time.Second)), want: "agent join [192.0.2.1] held [s1] of 1" + keptClient},
		{name: "its cluster is lost, and the operator has not said what is to come", self: open, rec: one, want: "agent join [192.0.2.1] held [] of 1" + keptClient},
		{name: "it is to be restored, but this was told to be a client", self: set, rec: one, policy: restores, want: "agent join [192.0.2.1] held [] of 1" + keptClient},
		{name: "a server beats", self: open, rec: one, servers: []registry.Member{beats(2, time.Second)}, policy: restores, want: "agent join [192.0.2.2] held [s2] of 1" + keptClient},
		{name: "a server has its time to start", self: open, rec: rec(rule.Established, 1, slot(1, time.Second)), policy: restores, want: "agent join [192.0.2.1] held [s1] of 1" + keptClient},
		{name: "a cluster of several is lost", self: open, rec: three, want: "agent join [192.0.2.1 192.0.2.2] held [] of 3" + keptClient + toldOne},
		{name: "it is to be restored", self: open, rec: three, policy: restores, want: lost},
		{name: "it is to be started over", self: open, rec: three, policy: rule.Policy{Lost: rule.LostBootstrap, LostTyped: true}, want: lost},
		{name: "it is to be restored, by a setting", self: open, rec: one, policy: rule.Policy{Lost: rule.LostRestore}, want: "agent join [192.0.2.1] held [] of 1" + keptClient},
		{name: "it is to be restored, and the heartbeats are not read", self: open, rec: three, recordOnly: true, policy: restores, want: "read the heartbeats"},
		{name: "it took the birth over", self: open, rec: rec(rule.Bootstrapping, 1, slot(9, time.Second)), want: "server bootstrap join [] held [s9] of 1; this node holds a slot"},
		{name: "no record", self: open, want: "agent join [] held [] of 1" + keptClient},
	})
}
