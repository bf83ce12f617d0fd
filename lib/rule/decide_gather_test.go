package rule_test

import (
	"testing"
	"time"

	"auto-consul/lib/registry"
	"auto-consul/lib/rule"
)

// gatherWait is how long the tables' servers gather.
const gatherWait = 30 * time.Second

// gathering is a record of cluster c1 whose servers gather, and have for so long.
func gathering(desired int, since time.Duration, slots ...rule.Slot) *rule.Record {
	return with(rec(rule.Gathering, desired, slots...), func(r *rule.Record) {
		r.Version, r.Birth = 2, rule.Auto
		r.Gather = &rule.Gather{Since: epoch.Add(-since), Until: epoch.Add(gatherWait - since), WaitSeconds: int64(gatherWait / time.Second)}
	})
}

// gathered is what becomes of it where all have come.
func gathered(desired int, slots ...rule.Slot) *rule.Record {
	return with(gathering(desired, 0, slots...), func(r *rule.Record) { r.State, r.Birth = rule.Bootstrapping, rule.Quorum })
}

// Nobody starts a server while the servers of a birth gather (R43). Who finds all of
// them here writes that they bootstrap together (R44), who holds a slot when the time
// is up that it bootstraps alone (R45).
func TestDecideGathers(t *testing.T) {
	t.Parallel()
	auto := rule.Policy{Desired: 3, Birth: rule.Auto, BirthWait: gatherWait}
	const waits = "wait for the other servers of the birth, 2 of 3 are here; at 03:04:34, by the store's clock, this one bootstraps without them"
	checkDecisions(t, []situation{
		{name: "nothing there", policy: auto, want: "swap new gathering term 1 by i9 of 3: i9*; no live servers and no cluster record"},
		{name: "one server is desired", policy: rule.Policy{Desired: 1, Birth: rule.Auto, BirthWait: gatherWait}, want: "swap new bootstrapping term 1 by i9 of 1: i9*; no live servers and no cluster record"},
		{name: "no wait", policy: rule.Policy{Desired: 3, Birth: rule.Auto}, want: "swap new bootstrapping term 1 by i9 of 3: i9*; no live servers and no cluster record"},
		{name: "told another birth", policy: rule.Policy{Desired: 3, Birth: rule.First, BirthWait: gatherWait}, want: "swap new bootstrapping term 1 by i9 of 3: i9*; no live servers and no cluster record"},
		{
			name: "a slot is free", policy: auto, recordOnly: true, rec: gathering(3, time.Second, slot(1, time.Second)),
			want: "swap c1 gathering term 1 by i1 of 3: i1 i9*; 1 servers held, 3 desired",
		},
		{
			name: "the last slot is free", policy: auto, recordOnly: true, rec: gathering(2, time.Second, slot(1, time.Second)),
			want: "swap c1 bootstrapping term 1 by i9 of 2: i1 i9*; 1 servers held, 2 desired; all 2 are here and bootstrap together",
		},
		{
			name: "the last slot is free, and another has grown old", policy: auto, rec: gathering(2, time.Hour, slot(1, time.Hour)),
			want: "swap c1 gathering term 1 by i1 of 2: i1 i9*; 0 servers held, 2 desired",
		},
		{name: "own slot", policy: auto, recordOnly: true, rec: gathering(3, time.Second, slot(1, time.Second), slot(9, 0)), want: waits},
		{name: "own slot, told another birth", policy: rule.Policy{Desired: 3, Birth: rule.First}, recordOnly: true, rec: gathering(3, time.Second, slot(1, time.Second), slot(9, 0)), want: waits},
		{
			name: "all are here", policy: auto, recordOnly: true, rec: gathering(2, time.Second, slot(1, time.Second), slot(9, time.Second)),
			want: "swap c1 bootstrapping term 1 by i9 of 2: i1 i9; all 2 servers are here and bootstrap together",
		},
		{
			name: "own slot of a birth that failed", policy: auto, recordOnly: true, rec: gathering(3, time.Second, slot(1, time.Minute), slot(2, time.Second), slot(9, time.Minute)),
			want: "swap c1 gathering term 1 by i1 of 3: i1 i2 i9*; this node holds a slot",
		},
		{
			name: "own slot of a birth that failed, and the others are here", policy: auto, recordOnly: true, rec: gathering(2, time.Second, slot(1, time.Second), slot(9, time.Minute)),
			want: "swap c1 bootstrapping term 1 by i9 of 2: i1 i9*; this node holds a slot; all 2 are here and bootstrap together",
		},
		{
			name: "another's slot of a birth that failed", policy: auto, recordOnly: true, rec: gathering(2, time.Second, slot(1, time.Minute), slot(9, 0)),
			want: "wait for the other servers of the birth, 1 of 2 are here; at 03:04:34, by the store's clock, this one bootstraps without them",
		},
		{
			name: "the time is up", policy: auto, recordOnly: true, rec: gathering(3, gatherWait, slot(1, time.Second), slot(9, time.Second)),
			want: "swap c1 bootstrapping term 1 by i9 of 3: i1 i9; 2 of 3 servers have come in 30s: this one bootstraps alone, and the cluster has one voter until others come",
		},
		{
			name: "all places are taken", policy: auto, recordOnly: true, rec: gathering(1, 0, slot(1, 0)),
			want: "agent join [192.0.2.1] held [s1] of 1; 1 servers held, 1 desired" + toldThree,
		},
		{
			name: "raft data of this birth", policy: auto, self: rule.Self{Raft: true, Membership: kept("c1", 1)}, rec: gathering(3, 0, slot(9, 0)),
			want: "swap c1 established term 1 by i9 of 3: i9*; the data directory holds raft data of this cluster",
		},
		{
			name: "a cluster is given up", policy: rule.Policy{Desired: 3, Birth: rule.Auto, BirthWait: gatherWait, Lost: rule.LostBootstrap},
			rec: rec(rule.Established, 3), evidence: silent(time.Hour, rule.AllServers),
			want: "swap new gathering term 2 by i9 of 3: i9*; cluster c1 is lost: a new cluster in its place (no server's heartbeat seen in 1h0m0s of watching)",
		},
		{name: "its name is another's", policy: auto, rec: gathering(3, 0, elsewhere("i8", "s9", 8, 0)), want: "wait for another incarnation of node s9, at 192.0.2.8, to be gone"},
		{name: "raft data of another cluster", policy: auto, self: rule.Self{Raft: true, Membership: kept("c2", 1)}, rec: gathering(3, 0, slot(1, 0)), want: "fenced: the data directory belongs to cluster c2 and the registry names c1: start with an empty data directory, or give the node with this data a registry of its own"},
	})
}

// A birth by quorum that loses a server gathers again, in the next term (R46).
func TestDecideGathersAgain(t *testing.T) {
	t.Parallel()
	policy := rule.Policy{Desired: 3, Birth: rule.Auto, BirthWait: gatherWait}
	lost := gathered(3, slot(1, time.Hour), slot(2, time.Second), slot(9, time.Second))
	witness := []registry.Member{beats(7, time.Minute)}
	silence := func(unanswered time.Duration) rule.Evidence {
		return rule.Evidence{
			Answers:       map[string]bool{"192.0.2.1": false, "192.0.2.2": false},
			UnansweredFor: map[string]time.Duration{"192.0.2.1": unanswered, "192.0.2.2": unanswered},
		}
	}
	answers := silence(time.Minute)
	answers.Answers = map[string]bool{"192.0.2.1": false, "192.0.2.2": true}
	const proof = " (s1: silent although the store took agents/20260102030305-s7; s1: nobody answers at 192.0.2.1)"
	checkDecisions(t, []situation{
		{name: "nobody is lost", policy: policy, rec: gathered(3, slot(1, 0), slot(2, 0), slot(9, 0)), want: "server expect 3 join [192.0.2.1 192.0.2.2] held [s1 s2 s9] of 3; this node holds a slot"},
		{name: "not known yet", policy: policy, rec: lost, want: "wait to see whether server s1, silent and at 192.0.2.1, is dead, watching i1"},
		{name: "another has not stopped yet", policy: policy, rec: lost, agents: witness, evidence: answers, want: "wait for server s2, which sends no heartbeats: somebody answers at 192.0.2.2"},
		{name: "the others have just stopped", policy: policy, rec: lost, agents: witness, evidence: silence(0), want: "wait to see that s1, which took part in a birth that failed, has left nothing behind, watching i1 i2"},
		{name: "lost", policy: policy, rec: lost, agents: witness, evidence: silence(time.Minute), want: "swap c1 gathering term 2 by i9 of 3: i2 i9*; s1 died before there was a leader: the servers gather again, in term 2" + proof},
		{
			name: "a node without a slot does so, too, and comes in the place", policy: policy,
			rec: gathered(2, slot(1, time.Hour), slot(2, 0)), agents: witness, evidence: silence(time.Minute),
			want: "swap c1 gathering term 2 by i9 of 2: i2* i9*; s1 died before there was a leader: the servers gather again, in term 2" + proof,
		},
		{
			name: "nor does it take the place in the same term", policy: policy, rec: gathered(2, slot(1, time.Hour), slot(2, 0)),
			agents: witness, evidence: silence(0), want: "wait to see that s1, which took part in a birth that failed, has left nothing behind, watching i1 i2",
		},
		{
			name: "enough others are held", policy: policy, rec: gathered(1, slot(1, time.Hour), slot(2, 0)), agents: witness, evidence: silence(time.Minute),
			want: "agent join [192.0.2.7 192.0.2.2] held [s2] of 1; 1 servers held, 1 desired" + toldThree,
		},
		{
			name: "two are lost and asked side by side", policy: policy, agents: witness,
			rec: gathered(3, slot(1, 2*time.Hour), slot(2, time.Hour), slot(9, 0)), want: "probe 192.0.2.1 192.0.2.2",
		},
	})
}

// toldThree is the note of a node that was told three servers where there is to be one.
const toldThree = "; note: the cluster record says 1 servers and this node was told 3: the record rules; -resize changes it once the cluster has a leader"

// A running server whose birth has lost another stops, so that they gather again
// (R46); one that has found the cluster says so, and the gathering is over.
func TestServeGathered(t *testing.T) {
	t.Parallel()
	whole := gathered(2, slot(1, time.Second), slot(9, time.Second))
	stalled := gathered(2, slot(1, expiry), slot(9, time.Second))
	checkOrders(t, []running{
		{name: "all are here", kept: kept("c1", 1), rec: whole, want: "hold"},
		{name: "one is lost", kept: kept("c1", 1), rec: stalled, want: "undecided: nothing has come of the birth with s1 in 2m0s"},
		{name: "one is lost, and there is a leader", kept: kept("c1", 1), rec: stalled, leader: true, raft: true, want: "hold, swap c1 established term 1 by i1 of 2: i1 i9; the cluster has a leader"},
		{name: "the others gather again", kept: kept("c1", 1), rec: with(gathering(2, 0, slot(1, 0)), func(r *rule.Record) { r.Bootstrap.Term = 2 }), want: "undecided: the record is at term 2 now, by s1"},
		{name: "the others gather again, and this one has data", kept: kept("c1", 1), raft: true, rec: with(gathering(2, 0, slot(1, 0)), func(r *rule.Record) { r.Bootstrap.Term = 2 }), want: "fenced: this server's data is of term 1 and the registry names cluster c1 of term 2"},
		{name: "a client of a birth that gathers with a free slot", client: true, kept: rule.Membership{ClusterID: "c1", Term: 1, Open: true}, rec: gathering(2, 0, slot(1, 0)), want: "undecided: 1 servers take part in the birth, 2 desired"},
	})
	order, err := rule.Serve(running{kept: kept("c1", 1), rec: whole, leader: true, raft: true}.input())
	if err != nil || order.Swap == nil || order.Swap.Gather != nil {
		t.Errorf("got %+v, %v, want the gathering out of the record", order.Swap, err)
	}
}

// A record has the second version for as long as something in it is of that version,
// so that older programs can go on with what they understand (R43).
func TestRecordVersions(t *testing.T) {
	t.Parallel()
	for want, r := range map[int]*rule.Record{
		1: rec(rule.Established, 3, slot(1, 0)),
		2: gathering(3, 0, slot(1, 0)),
	} {
		body, err := r.Encode()
		if err != nil {
			t.Fatal(err)
		}
		got, err := rule.DecodeRecord(body)
		if err != nil || got.Version != want {
			t.Errorf("got version %d, %v, want %d", got.Version, err, want)
		}
	}
}
