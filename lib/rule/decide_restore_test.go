package rule_test

import (
	"maps"
	"testing"
	"time"

	"auto-consul/lib/registry"
	"auto-consul/lib/rule"
)

// snap returns a snapshot of a cluster with a raft index.
func snap(cluster string, index uint64) registry.ConsulSnapshot {
	return registry.ConsulSnapshot{ClusterID: cluster, Term: 1, Index: index, Time: epoch.Add(-time.Hour), Size: 3 << 20}
}

// snapKey returns the snapshot's key, in which only the cluster and the index differ.
func snapKey(cluster string, index string) string {
	return "snapshots/" + cluster + "/0000000001-0000000000000000000" + index + "-20260102020405.snap"
}

// stored adds the snapshots of a cluster, the newest last, to evidence.
func stored(e rule.Evidence, cluster string, list ...registry.ConsulSnapshot) rule.Evidence {
	e.Snapshots = maps.Clone(e.Snapshots)
	if e.Snapshots == nil {
		e.Snapshots = map[string][]registry.ConsulSnapshot{}
	}
	e.Snapshots[cluster] = list
	return e
}

// unlisted is evidence in which no snapshots have been asked for.
func unlisted(e rule.Evidence) rule.Evidence {
	e.Snapshots = map[string][]registry.ConsulSnapshot{}
	return e
}

// failed is a node that has tried to restore snapshots of c1 in vain.
func failed(list ...rule.FailedRestore) rule.Self { return rule.Self{FailedRestores: list} }

// from has a record name a snapshot.
func from(r *rule.Record, key string) *rule.Record { r.Restore = key; return r }

// A lost cluster is restored from its newest snapshot where the operator has said so,
// or where nobody need (R20, R55).
func TestDecideRestore(t *testing.T) {
	t.Parallel()
	gone := nobodyAt(silent(expiry, rule.AllServers), time.Minute, "192.0.2.1")
	two := stored(gone, "c1", snap("c1", 1), snap("c1", 2))
	lost, three := rec(rule.Established, 1, slot(1, time.Hour)), rec(rule.Established, 3, slot(1, time.Hour))
	restore := rule.Policy{Lost: rule.LostRestore, Desired: 3, Birth: rule.Auto, BirthWait: time.Minute}
	const proof = " (no server's heartbeat seen in 2m0s of watching; s1: nobody answers at 192.0.2.1)"
	n1, n2, o5 := snapKey("c1", "1"), snapKey("c1", "2"), snapKey("c0", "5")
	again := stored(stored(gone, "c1"), "c0", snap("c0", 4), snap("c0", 5), snap("c0", 6))
	damaged2 := rule.FailedRestore{Snapshot: n2, Tries: 1, Damaged: true, Why: "WHY"}
	checkDecisions(t, []situation{
		{name: "asks first", policy: restore, rec: three, evidence: unlisted(gone), want: "list the snapshots of c1"},
		{
			name: "to restore", policy: restore, rec: three, evidence: two,
			want: "swap new bootstrapping term 2 by i9 of 3: i9* from " + n2 + "; cluster c1 is lost: a new cluster in its place, from " + n2 + proof,
		},
		{
			name: "to restore, and there is none", policy: restore, rec: three, evidence: stored(gone, "c1"),
			want: "wait for a snapshot of cluster c1, of which there is none; this starts an empty one in its place: START OVER",
		},
		{
			name: "to start over", policy: rule.Policy{Lost: rule.LostBootstrap}, rec: three, evidence: two,
			want: "swap new bootstrapping term 2 by i9 of 3: i9*; cluster c1 is lost: a new cluster in its place" + proof,
		},
		{
			name: "by itself, one desired", rec: lost, evidence: two,
			want: "swap new bootstrapping term 2 by i9 of 1: i9* from " + n2 + "; cluster c1 is lost: a new cluster in its place, from " + n2 + proof,
		},
		{
			name: "by itself, one desired, none there", rec: lost, evidence: stored(gone, "c1"),
			want: "swap new bootstrapping term 2 by i9 of 1: i9*; cluster c1 is lost: a new cluster in its place" + proof,
		},
		{
			name: "not by itself, several desired", rec: three, evidence: two,
			want: "wait for the servers of cluster c1 to come back; if they never will, this restores its snapshot of 2026-01-02T02:04:05Z, 3.0 MiB: RESTORE; this starts an empty one in its place: START OVER",
		},
		{
			name: "not where it is to wait", policy: rule.Policy{Lost: rule.LostWait}, rec: lost, evidence: two,
			want: "wait for the servers of cluster c1 to come back; if they never will, this restores its snapshot of 2026-01-02T02:04:05Z, 3.0 MiB: RESTORE; this starts an empty one in its place: START OVER",
		},
		{
			name: "lost again before its first snapshot: asks", policy: restore, rec: from(rec(rule.Established, 1, slot(1, time.Hour)), o5), evidence: stored(unlisted(gone), "c1"),
			want: "list the snapshots of c0",
		},
		{
			name: "lost again before its first snapshot", policy: restore, rec: from(rec(rule.Established, 1, slot(1, time.Hour)), o5), evidence: again,
			want: "swap new bootstrapping term 2 by i9 of 1: i9* from " + o5 + "; cluster c1 is lost: a new cluster in its place, from " + o5 + proof,
		},
		{
			name: "lost again after its first snapshot", policy: restore, rec: from(rec(rule.Established, 1, slot(1, time.Hour)), o5), evidence: stored(again, "c1", snap("c1", 1)),
			want: "swap new bootstrapping term 2 by i9 of 1: i9* from " + n1 + "; cluster c1 is lost: a new cluster in its place, from " + n1 + proof,
		},
		{
			name: "lost with its record", self: rule.Self{Membership: rule.Membership{ClusterID: "c1", Term: 1, Restore: o5}}, policy: restore, evidence: stored(unlisted(stored(silent(expiry, rule.AllServers), "x")), "c1"),
			want: "list the snapshots of c0",
		},
		{
			name: "a damaged one is passed over, one desired", self: failed(damaged2), rec: lost, evidence: two,
			want: "swap new bootstrapping term 2 by i9 of 1: i9* from " + n1 + "; cluster c1 is lost: a new cluster in its place, from " + n1 + proof,
		},
		{
			name: "a damaged one waits for the operator who chose it", self: failed(damaged2), policy: restore, rec: lost, evidence: two,
			want: "wait for the operator: " + n2 + " cannot be restored: WHY; when it is removed, the one before it is restored, " + n1 + " of 2026-01-02T02:04:05Z, 3.0 MiB: REMOVE " + n2,
		},
		{
			name: "all damaged, one desired: empty", self: failed(damaged2, rule.FailedRestore{Snapshot: n1, Tries: 1, Damaged: true}), rec: lost, evidence: two,
			want: "swap new bootstrapping term 2 by i9 of 1: i9*; cluster c1 is lost: a new cluster in its place" + proof,
		},
		{
			name: "what is not damaged is never passed over", self: failed(rule.FailedRestore{Snapshot: n2, Tries: 3, Why: "disk full"}), rec: lost, evidence: two,
			want: "wait for the operator: " + n2 + " cannot be restored: disk full; once that is mended, this has it tried again: RETRY; when it is removed, the one before it is restored, " + n1 + " of 2026-01-02T02:04:05Z, 3.0 MiB: REMOVE " + n2,
		},
	})
}

// Who may bootstrap restores what the record names, a bounded number of times, and the
// one before it where that is gone (R55).
func TestDecideRestoreUnderWay(t *testing.T) {
	t.Parallel()
	n1, n2 := snapKey("c0", "1"), snapKey("c0", "2")
	mine := from(rec(rule.Bootstrapping, 3, slot(9, time.Second)), n2)
	both := stored(unlisted(rule.Evidence{}), "c0", snap("c0", 1), snap("c0", 2), snap("c0", 3))
	older := stored(unlisted(rule.Evidence{}), "c0", snap("c0", 1), snap("c0", 3))
	none := stored(unlisted(rule.Evidence{}), "c0", snap("c0", 3))
	tried := func(n int, damaged bool) rule.Self {
		return failed(rule.FailedRestore{Snapshot: n2, Tries: n, Damaged: damaged, Why: "WHY"})
	}
	server := func(key string) string {
		return "server bootstrap from " + key + " join [] held [s9] of 3; this node holds a slot" + told(3)
	}
	next := func(key string) string {
		return "swap c1 bootstrapping term 2 by i9 of 3: i9* from " + key + "; " + n2 + " cannot be restored: the snapshot before it is"
	}
	wait := "wait for the operator: " + n2 + " cannot be restored: WHY; once that is mended, this has it tried again: RETRY; when it is removed, the one before it is restored, " + n1 + " of 2026-01-02T02:04:05Z, 3.0 MiB: REMOVE " + n2
	one := from(rec(rule.Bootstrapping, 1, slot(9, time.Second)), n2)
	checkDecisions(t, []situation{
		{name: "the first time nothing is asked", rec: mine, evidence: unlisted(rule.Evidence{}), want: server(n2)},
		{name: "after that it is", self: tried(1, false), rec: mine, evidence: unlisted(rule.Evidence{}), want: "list the snapshots of c0"},
		{name: "again", self: tried(2, false), rec: mine, evidence: both, want: server(n2)},
		{name: "not for ever", self: tried(3, false), rec: mine, evidence: both, want: wait},
		{name: "it is gone", self: tried(1, false), rec: mine, evidence: older, want: next(n1)},
		{name: "it is gone, and it was given up", self: tried(3, true), rec: mine, evidence: older, want: next(n1)},
		{
			name: "it is gone, and there is none", self: tried(1, false), rec: mine, evidence: none,
			want: "wait for a snapshot of cluster c1, of which there is none; this starts an empty one in its place: START OVER",
		},
		{
			name: "damaged: none is passed over unasked", self: tried(1, true), rec: mine, evidence: both,
			want: "wait for the operator: " + n2 + " cannot be restored: WHY; when it is removed, the one before it is restored, " + n1 + " of 2026-01-02T02:04:05Z, 3.0 MiB: REMOVE " + n2,
		},
		{
			name: "damaged, one desired", self: tried(1, true), rec: one, evidence: both,
			want: "swap c1 bootstrapping term 2 by i9 of 1: i9* from " + n1 + "; " + n2 + " cannot be restored: the snapshot before it is",
		},
		{
			name: "given up, and the operator starts over", self: tried(3, false), policy: rule.Policy{Lost: rule.LostBootstrap}, rec: mine, evidence: both,
			want: "swap c1 bootstrapping term 2 by i9 of 3: i9*; " + n2 + " cannot be restored, nor can an older snapshot: the cluster begins empty",
		},
		{
			name: "established: nobody restores", rec: from(rec(rule.Established, 1, slot(9, time.Second)), n2), servers: []registry.Member{beats(1, time.Second)},
			want: "server join [192.0.2.1] held [s1 s9] of 1; this node holds a slot",
		},
	})
}

// A restorer that dies is taken over like any bootstrapper, and who takes over restores,
// unless it has given the snapshot up (R19, R55).
func TestDecideRestoreTakenOver(t *testing.T) {
	t.Parallel()
	n1, n2 := snapKey("c0", "1"), snapKey("c0", "2")
	birth := from(rec(rule.Bootstrapping, 3, slot(1, time.Hour)), n2)
	gone := nobodyAt(silent(expiry, "i1"), time.Minute, "192.0.2.1")
	both := stored(unlisted(gone), "c0", snap("c0", 1), snap("c0", 2))
	const proof = " (s1: no heartbeat seen in 2m0s of watching; s1: nobody answers at 192.0.2.1)"
	given := failed(rule.FailedRestore{Snapshot: n2, Tries: 3, Why: "WHY"})
	checkDecisions(t, []situation{
		{
			name: "who has not tried", rec: birth, evidence: unlisted(gone),
			want: "swap c1 bootstrapping term 2 by i9 of 3: i9* from " + n2 + "; s1 died before it had bootstrapped: term 2" + proof,
		},
		{
			name: "who has given it up", self: given, rec: birth, evidence: both,
			want: "wait for the operator: " + n2 + " cannot be restored: WHY; once that is mended, this has it tried again: RETRY; when it is removed, the one before it is restored, " + n1 + " of 2026-01-02T02:04:05Z, 3.0 MiB: REMOVE " + n2,
		},
		{
			name: "who has given it up, and it is gone", self: given, rec: birth, evidence: stored(unlisted(gone), "c0", snap("c0", 1)),
			want: "swap c1 bootstrapping term 2 by i9 of 3: i9* from " + n1 + "; s1 died before it had bootstrapped: term 2" + proof,
		},
	})
}

// A record that vanished is written back with the snapshot that its cluster was born from
// (R36, R55), and a bad key is no record.
func TestRecordRestore(t *testing.T) {
	t.Parallel()
	key := snapKey("c0", "2")
	r := from(rec(rule.Established, 1, slot(9, 0)), key)
	body, err := r.Encode()
	if err != nil {
		t.Fatal(err)
	}
	got, err := rule.DecodeRecord(body)
	if err != nil || got.Version != 2 || got.Restore != key {
		t.Errorf("got %+v, %v, want version 2 with the snapshot", got, err)
	}
	order, err := rule.Serve(rule.Running{
		Self:  rule.Self{Node: "s9", Incarnation: "i9", Address: "192.0.2.9", Mode: registry.Server, Raft: true, Membership: rule.Membership{ClusterID: "c1", Term: 1, Desired: 1, Birth: rule.First, Restore: key}},
		Found: true, Expiry: expiry, Time: epoch, Write: "mine",
	})
	if err != nil || order.Swap == nil || order.Swap.Restore != key {
		t.Errorf("got %+v, %v, want the record as it was", order, err)
	}
	for _, bad := range []*rule.Record{
		from(rec(rule.Established, 1, slot(9, 0)), "snapshots/x"),
		with(from(rec(rule.Established, 1, slot(9, 0)), key), func(r *rule.Record) { r.Birth = rule.Quorum }),
	} {
		if _, err := bad.Encode(); err == nil {
			t.Errorf("got %+v written, want it refused", bad)
		}
	}
}
