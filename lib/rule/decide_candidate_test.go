package rule_test

import (
	"testing"
	"time"

	"auto-consul/lib/registry"
	"auto-consul/lib/rule"
)

// gossip is what a candidate knows whose agent has known these servers for long.
func gossip(servers ...string) *rule.Candidacy {
	return &rule.Candidacy{Grace: time.Minute, Servers: servers, FewFor: expiry + time.Minute}
}

// three is what all nodes of the tables below were told.
var three = rule.Policy{Desired: 3}

// candidates completes situations of a client that runs: unless they say otherwise, two
// of three servers beat and are known to the gossip, and the third's slot is old.
func candidates(situations ...situation) []situation {
	for i := range situations {
		s := &situations[i]
		s.policy = three
		if s.self.Mode == "" {
			s.self.Mode = registry.Client
		}
		if s.candidate == nil {
			s.candidate = gossip("s1", "s2")
		}
		if s.rec == nil {
			s.rec = rec(rule.Established, 3, slot(1, time.Hour), slot(2, time.Hour), slot(3, time.Hour))
		}
		if s.servers == nil {
			s.servers = []registry.Member{beats(1, time.Second, time.Minute), beats(2, time.Second)}
		}
	}
	return situations
}

const (
	stays     = "agent join [192.0.2.2 192.0.2.1] held [s1 s2] of 3; "
	tooFew    = "2 servers held, 3 desired, and no node that starts has taken the place"
	provedS3  = " (s3: silent although the store took servers/20260102030305-s1; s3: nobody answers at 192.0.2.3)"
	insteadS3 = "swap c1 established term 1 by i1 of 3: i1 i2 i9*^; " + tooFew + ": in place of s3" + provedS3
)

// insteadS1 is what a candidate writes in place of the first server, beside other slots.
func insteadS1(others string) string {
	return "swap c1 established term 1 by i1 of 3: " + others + " i9*^; " + tooFew +
		": in place of s1 (s1: silent although the store took servers/20260102030305-s2; s1: nobody answers at 192.0.2.1)"
}

// deadS3 is the evidence that nobody answers at the third server's address.
var deadS3 = nobodyAt(rule.Evidence{}, 0, "192.0.2.3")

// What keeps a client from a vacant place before it has read the heartbeats (R48), and
// what the record says of other changes (R49).
func TestDecideCandidateByRecord(t *testing.T) {
	t.Parallel()
	slots := func(change rule.Slot) *rule.Record {
		return with(rec(rule.Established, 3, slot(1, time.Hour), slot(2, time.Hour), change), func(r *rule.Record) { r.Version = 2 })
	}
	soon := gossip("s1", "s2")
	soon.FewFor -= time.Second
	gaveBack := func(until time.Duration) rule.Self {
		return rule.Self{Membership: rule.Membership{ClusterID: "c1", Term: 1, Open: true, GaveBack: 1, CandidateFrom: epoch.Add(until)}}
	}
	full := rec(rule.Established, 3, slot(1, time.Hour), slot(2, time.Hour), slot(3, time.Hour))
	checkDecisions(t, candidates(
		situation{name: "the cluster is being born", rec: rec(rule.Bootstrapping, 3, slot(1, time.Hour), slot(2, 0)), want: stays + "there is no established cluster"},
		situation{name: "it has given a place back", self: gaveBack(time.Second), evidence: deadS3, want: stays + "it has given a place back and takes none until 2026-01-02 03:04:06"},
		situation{name: "it has long ago", self: gaveBack(0), evidence: deadS3, want: insteadS3},
		situation{
			name: "it holds a slot, because a claim landed late", self: gaveBack(0), rec: slots(promoted(9, 0, 0)), kept: "c1 term 1 of 3, open true",
			want: "server join [192.0.2.2 192.0.2.1] held [s1 s2 s9] of 3; this node holds a slot",
		},
		situation{name: "its slot was given back, and nobody has taken it", rec: slots(promoted(9, time.Hour, time.Hour)), want: "swap c1 established term 1 by i1 of 3: i1 i2 i9*^; this node tries again for the place that it gave back"},
		situation{name: "its slot is in another name", rec: slots(elsewhere("i9", "s8", 9, time.Hour)), want: stays + "a slot in its name is another's, or its own slot is in another name"},
		situation{name: "its name is another's", rec: slots(elsewhere("i8", "s9", 8, time.Hour)), want: stays + "a slot in its name is another's, or its own slot is in another name"},
		situation{name: "the gossip knows enough", candidate: gossip("s1", "s2", "s4"), want: stays + "its gossip knows 3 servers, 3 desired"},
		situation{name: "not for long enough", candidate: soon, want: stays + "its gossip has known too few servers for 2m59s only"},
		situation{name: "the gossip is of another cluster", candidate: gossip("x1"), want: stays + "its gossip knows none of the servers that hold slots"},
		situation{name: "the gossip knows nobody", candidate: gossip(), want: stays + "its gossip knows none of the servers that hold slots"},
		situation{name: "a server steps down", rec: leaving(slots(slot(3, time.Hour)), 4, expiry-time.Second), evidence: deadS3, want: stays + "s4 steps down"},
		situation{
			name: "one was to step down long ago", rec: leaving(slots(slot(3, time.Hour)), 4, expiry), evidence: deadS3,
			want: "swap c1 established term 1 by i1 of 3: i1 i2 i9*^ without s4; " + tooFew + ": in place of s3" + provedS3,
		},
		situation{name: "another takes a place", recordOnly: true, rec: slots(promoted(3, expiry-time.Second, expiry-time.Second)), want: "agent join [192.0.2.2 192.0.2.1 192.0.2.3] held [s1 s2 s3] of 3; another client takes a place, and does not vote yet"},
		situation{name: "another's slot is not fresh", recordOnly: true, rec: slots(promoted(3, expiry, expiry)), want: "read the heartbeats"},
		situation{name: "nothing that the record shows", recordOnly: true, rec: full, want: "read the heartbeats"},
	))
	none := situation{policy: three, self: rule.Self{Mode: registry.Client}, candidate: gossip("s1", "s2"), want: "agent join [] held [] of 3; there is no established cluster"}
	none.name = "no record"
	checkDecisions(t, []situation{none})
}

// Registry and gossip must agree, and one change is under way at a time (R48, R49).
func TestDecideCandidateByHeartbeats(t *testing.T) {
	t.Parallel()
	slots := func(change rule.Slot) *rule.Record {
		return with(rec(rule.Established, 3, slot(1, time.Hour), slot(2, time.Hour), change), func(r *rule.Record) { r.Version = 2 })
	}
	all := []registry.Member{beats(1, time.Second, time.Minute), beats(2, time.Second), beats(3, time.Second)}
	twoNames := slots(elsewhere("i8", "s2", 8, time.Hour))
	const allJoin = "agent join [192.0.2.3 192.0.2.2 192.0.2.1] held [s1 s2 s3] of 3; "
	const oneHeld = "swap c1 established term 1 by i1 of 3: i1 i2 i9*^; "
	checkDecisions(t, candidates(
		situation{name: "the registry knows one more", servers: all, want: allJoin + "3 servers held, 3 desired"},
		situation{
			name: "one more without a slot", servers: []registry.Member{beats(1, time.Second), beats(2, time.Second), beats(4, time.Second)},
			want: "agent join [192.0.2.4 192.0.2.2 192.0.2.1] held [s1 s2 s4] of 3; 3 servers held, 3 desired",
		},
		situation{
			name: "one that starts", rec: rec(rule.Established, 3, slot(1, time.Hour), slot(3, time.Second)), servers: all[:1],
			want: "agent join [192.0.2.1 192.0.2.3] held [s1 s3] of 3; s3 starts a server, or one that does not vote yet",
		},
		situation{
			name: "one that beats and does not vote yet", servers: all[1:], candidate: gossip("s2"), rec: slots(promoted(3, expiry, expiry)), evidence: nobodyAt(rule.Evidence{}, 0, "192.0.2.1"),
			want: "agent join [192.0.2.3 192.0.2.2] held [s2 s3] of 3; s3 starts a server, or one that does not vote yet",
		},
		situation{
			name: "one that beats and has not come to vote in its time", servers: []registry.Member{beats(2, time.Minute), all[2]}, candidate: gossip("s2"),
			rec: slots(promoted(3, time.Hour, lateClaim)), evidence: nobodyAt(rule.Evidence{}, 0, "192.0.2.1"), want: insteadS1("i2 i3^"),
		},
		situation{
			name: "one that has not come to vote in its time, and starts again", servers: []registry.Member{beats(2, time.Minute)}, candidate: gossip("s2"),
			rec: slots(promoted(3, 0, lateClaim)), evidence: nobodyAt(rule.Evidence{}, 0, "192.0.2.1"), want: insteadS1("i2 i3*^"),
		},
		situation{name: "one that took a place and is dead", rec: slots(promoted(3, time.Hour, time.Hour)), evidence: deadS3, want: insteadS3},
		situation{name: "a free slot", rec: rec(rule.Established, 3, slot(1, time.Hour), slot(2, time.Hour)), want: oneHeld + tooFew},
		situation{name: "a free slot beside a dead server's", rec: rec(rule.Established, 4, slot(1, time.Hour), slot(2, time.Hour), slot(3, time.Hour)), want: "swap c1 established term 1 by i1 of 4: i1 i2 i3 i9*^; 2 servers held, 4 desired, and no node that starts has taken the place"},
		situation{name: "two slots of one name", rec: twoNames, want: "agent join [192.0.2.2 192.0.2.1 192.0.2.8] held [s1 s2] of 3; no slot is vacant"},
	))
}

// A candidate takes the slot of a server that is proved dead, once the grace has passed
// since it was seen last; it waits for nothing (R48, R9, R10).
func TestDecideCandidateTakesADeadServersPlace(t *testing.T) {
	t.Parallel()
	claimed := func(age time.Duration) *rule.Record {
		return rec(rule.Established, 3, slot(1, time.Hour), slot(2, time.Hour), slot(3, age))
	}
	const left = stays + "the place of s3 is left to nodes that start until 03:04:06"
	one := []registry.Member{beats(1, time.Second, time.Minute)}
	two := rec(rule.Established, 3, slot(1, time.Hour), slot(3, time.Hour), slot(2, 2*time.Hour))
	const oneStays = "agent join [192.0.2.1] held [s1] of 3; "
	const oneHeld = "1 servers held, 3 desired, and no node that starts has taken the place: in place of "
	answers := nobodyAt(rule.Evidence{}, 0, "192.0.2.3")
	answers.Answers["192.0.2.2"] = true
	young := rec(rule.Established, 3, slot(1, time.Hour), slot(2, time.Hour), slot(3, expiry))
	checkDecisions(t, candidates(
		situation{name: "its agent lives", servers: []registry.Member{beats(1, time.Minute), beats(2, time.Minute)}, candidate: gossip("s1", "s3"), evidence: deadS3, want: stays + "s3 sends no heartbeats and its agent lives"},
		situation{name: "its claim is young", rec: claimed(expiry + time.Minute - time.Second), evidence: deadS3, want: left},
		situation{name: "its claim is old enough", rec: claimed(expiry + time.Minute), evidence: deadS3, want: insteadS3},
		situation{name: "its last heartbeat is young", expired: []string{"servers/20260102030106-s3"}, evidence: deadS3, want: left},
		situation{name: "the last of several is", expired: []string{"servers/20260102030106-s3", "servers/20260102030000-s3"}, evidence: deadS3, want: left},
		situation{name: "its last heartbeat is old enough", expired: []string{"servers/20260102030105-s3"}, evidence: deadS3, want: insteadS3},
		situation{name: "other heartbeats are young", expired: []string{"servers/20260102030204-s4", "agents/20260102030204-s3", "servers/garbage", "x"}, evidence: deadS3, want: insteadS3},
		situation{name: "nobody has beaten for long enough to be a witness", servers: []registry.Member{beats(1, time.Second), beats(2, time.Second)}, evidence: deadS3, want: stays + "waiting to see whether server s3, silent and at 192.0.2.3, is dead"},
		situation{name: "it was not asked yet", want: "probe 192.0.2.3"},
		situation{name: "somebody answers", evidence: somebodyAt(rule.Evidence{}, "192.0.2.3"), want: stays + "waiting for server s3, which sends no heartbeats: somebody answers at 192.0.2.3"},
		situation{name: "nobody answers", evidence: deadS3, want: insteadS3},
		situation{
			name: "its address is a client's", agents: []registry.Member{{Node: "s7", Address: "192.0.2.3", Heartbeat: epoch, Oldest: epoch}},
			want: "swap c1 established term 1 by i1 of 3: i1 i2 i9*^; " + tooFew + ": in place of s3 (s3: silent although the store took servers/20260102030305-s1; s3: 192.0.2.3 is the address of s7 now)",
		},
		situation{name: "two are asked side by side", rec: two, servers: one, candidate: gossip("s1"), want: "probe 192.0.2.2 192.0.2.3"},
		situation{name: "the longest claimed is taken", rec: two, servers: one, candidate: gossip("s1"), evidence: nobodyAt(rule.Evidence{}, 0, "192.0.2.2", "192.0.2.3"), want: "swap c1 established term 1 by i1 of 3: i1 i3 i9*^; " + oneHeld + "s2 (s2: silent although the store took servers/20260102030305-s1; s2: nobody answers at 192.0.2.2)"},
		situation{name: "one that answers keeps no other's", rec: two, servers: one, candidate: gossip("s1"), evidence: answers, want: "swap c1 established term 1 by i1 of 3: i1 i2 i9*^; " + oneHeld + "s3" + provedS3},
		situation{name: "nor does one that the gossip knows", rec: two, servers: one, candidate: gossip("s1", "s2"), evidence: deadS3, want: "swap c1 established term 1 by i1 of 3: i1 i2 i9*^; " + oneHeld + "s3" + provedS3},
		situation{name: "one that answers beside one that is left", rec: young, servers: one, candidate: gossip("s1"), evidence: somebodyAt(rule.Evidence{}, "192.0.2.2"), want: oneStays + "the place of s3 is left to nodes that start until 03:05:05"},
		situation{name: "no slot is asked that is left", rec: young, servers: one, candidate: gossip("s1"), want: "probe 192.0.2.2"},
	))
}

// A server without a slot is a candidate, too: as long as a dead one holds a slot, the
// cluster spares nobody. It is no change of role, so its slot is not promoted (R48).
func TestDecideCandidateThatServes(t *testing.T) {
	t.Parallel()
	serves := rule.Self{Mode: registry.Server, Raft: true, Membership: rule.Membership{ClusterID: "c1", Term: 1, Open: true}}
	full := []registry.Member{beats(1, time.Second, time.Minute), beats(2, time.Second), beats(4, time.Second)}
	const why = "3 servers held, 3 desired, and no node that starts has taken the place: in place of s3" + provedS3
	now := &rule.Candidacy{Grace: time.Minute, Servers: []string{"s1", "s2", "s9"}}
	young := rec(rule.Established, 3, slot(1, time.Hour), slot(2, time.Hour), slot(3, expiry))
	checkDecisions(t, candidates(
		situation{name: "a server is dead", self: serves, servers: full, candidate: now, evidence: deadS3, want: "swap c1 established term 1 by i1 of 3: i1 i2 i9*; " + why},
		situation{name: "its slot is left to nodes that start", self: serves, candidate: now, rec: young, evidence: deadS3, want: stays + "the place of s3 is left to nodes that start until 03:05:05"},
		situation{name: "nobody is dead", self: serves, servers: []registry.Member{beats(1, 0), beats(2, 0), beats(3, 0)}, candidate: now, want: "agent join [192.0.2.3 192.0.2.2 192.0.2.1] held [s1 s2 s3] of 3; no slot is vacant"},
		situation{name: "another takes a place", self: serves, candidate: now, rec: with(rec(rule.Established, 3, slot(1, time.Hour), slot(3, time.Hour), promoted(2, 0, 0)), func(r *rule.Record) { r.Version = 2 }), evidence: deadS3, want: stays + "another client takes a place, and does not vote yet"},
	))
}
