package rule_test

import (
	"testing"
	"time"

	"auto-consul/lib/registry"
	"auto-consul/lib/rule"
)

// in is a node of a zone.
func in(zone string) rule.Self { return rule.Self{Zone: zone} }

// While the servers of a birth gather, a node of a zone that has one waits a quarter of
// the time for those of other zones, and half of it where there are more (R52). The
// gathering lasts 30 s.
func TestDecideGathersZones(t *testing.T) {
	t.Parallel()
	const second = time.Second
	auto := rule.Policy{Desired: 3, Birth: rule.Auto, BirthWait: gatherWait}
	one := func(since time.Duration) *rule.Record { return gathering(3, since, inZone(1, "a", since)) }
	four := rule.Policy{Desired: 4, Birth: rule.Auto, BirthWait: gatherWait}
	two := func(since time.Duration) *rule.Record {
		return gathering(4, since, inZone(1, "a", since), inZone(2, "a", since))
	}
	claims := func(zone string) string {
		return "swap c1 gathering term 1 by i1 of 3: i1/a i9*" + zone + "; 1 servers held, 3 desired"
	}
	const claimsThird = "swap c1 gathering term 1 by i1 of 4: i1/a i2/a i9*/a; 2 servers held, 4 desired"
	checkDecisions(t, []situation{
		{name: "it is the first", self: in("a"), policy: auto, want: "swap new gathering term 1 by i9 of 3: i9*/a; no live servers and no cluster record"},
		{name: "another zone", self: in("b"), policy: auto, recordOnly: true, rec: one(second), want: claims("/b")},
		{name: "no zone", policy: auto, recordOnly: true, rec: one(second), want: claims("")},
		{name: "a server of no zone", self: in("a"), policy: auto, recordOnly: true, rec: gathering(3, second, slot(1, second)), want: "swap c1 gathering term 1 by i1 of 3: i1 i9*/a; 1 servers held, 3 desired"},
		{
			name: "its zone has a server", self: in("a"), policy: auto, recordOnly: true, rec: one(second),
			want: "wait for servers of other zones than a, which has one: 1 of 3 are here; at 03:04:11, by the store's clock, this one takes a place",
		},
		{
			name: "for a quarter of the time", self: in("a"), policy: auto, recordOnly: true, rec: one(7 * second),
			want: "wait for servers of other zones than a, which has one: 1 of 3 are here; at 03:04:05, by the store's clock, this one takes a place",
		},
		{name: "and no longer", self: in("a"), policy: auto, recordOnly: true, rec: one(7500 * time.Millisecond), want: claims("/a")},
		{
			name: "its zone has two", self: in("a"), policy: four, recordOnly: true, rec: two(7500 * time.Millisecond),
			want: "wait for servers of other zones than a, which has one: 2 of 4 are here; at 03:04:12, by the store's clock, this one takes a place",
		},
		{name: "for half the time", self: in("a"), policy: four, recordOnly: true, rec: two(15 * second), want: claimsThird},
		{
			name: "its zone's server is dead", self: in("a"), policy: auto, rec: gathering(3, second, inZone(1, "a", expiry)),
			want: "swap c1 gathering term 1 by i1 of 3: i1/a i9*/a; 0 servers held, 3 desired",
		},
		{
			name: "its own slot", self: in("a"), policy: auto, recordOnly: true, rec: gathering(3, second, inZone(1, "a", second), inZone(9, "a", second)),
			want: "wait for the other servers of the birth, 2 of 3 are here; at 03:04:34, by the store's clock, this one bootstraps without them",
		},
		{
			name: "others came first", self: in("a"), policy: auto, recordOnly: true, rec: gathering(3, second, inZone(1, "a", second), inZone(2, "b", second), inZone(3, "c", second)),
			want: "agent join [192.0.2.1 192.0.2.2 192.0.2.3] held [s1 s2 s3] of 3; 3 servers held, 3 desired",
		},
		{
			name: "nobody waits once one bootstraps", self: in("a"), policy: auto, rec: rec(rule.Bootstrapping, 3, inZone(1, "a", second)),
			want: "swap c1 bootstrapping term 1 by i1 of 3: i1/a i9*/a; 1 servers held, 3 desired",
		},
	})
}

// A client of a zone that has a server leaves a vacant place to clients of other zones for
// a quarter of the grace more, and for half of it where the zone has more (R52). The
// grace is a minute.
func TestDecideCandidateZones(t *testing.T) {
	t.Parallel()
	after := func(grace time.Duration, servers ...string) *rule.Candidacy {
		return &rule.Candidacy{Grace: time.Minute, Servers: servers, FewFor: expiry + time.Minute + grace}
	}
	zones := func(first, second, third string) *rule.Record {
		return rec(rule.Established, 3, inZone(1, first, time.Hour), inZone(2, second, time.Hour), inZone(3, third, time.Hour))
	}
	client := func(zone string) rule.Self {
		return rule.Self{Zone: zone, Mode: registry.Client, Membership: rule.Membership{ClusterID: "c1", Term: 1, Open: true}}
	}
	takes := func(first, second, own string) string {
		return "swap c1 established term 1 by i1 of 3: i1/" + first + " i2/" + second + " i9*^" + own + "; " + tooFew + ": in place of s3" + provedS3
	}
	const leaves = "agent join [] held [] of 0; zone a has a server, so the place is left to clients of other zones for a while"
	const quarter, half = 15 * time.Second, 30 * time.Second
	checkDecisions(t, candidates(
		situation{name: "the zone of the dead server", self: client("c"), rec: zones("a", "b", "c"), candidate: after(0, "s1", "s2"), evidence: deadS3, want: takes("a", "b", "/c")},
		situation{name: "no zone", self: client(""), rec: zones("a", "b", "c"), candidate: after(0, "s1", "s2"), evidence: deadS3, want: takes("a", "b", "")},
		situation{name: "its zone has a server", self: client("a"), rec: zones("a", "b", "c"), candidate: after(quarter-1, "s1", "s2"), evidence: deadS3, want: leaves},
		situation{name: "for a quarter of the grace", self: client("a"), rec: zones("a", "b", "c"), candidate: after(quarter, "s1", "s2"), evidence: deadS3, want: takes("a", "b", "/a")},
		situation{name: "its zone has two", self: client("a"), rec: zones("a", "a", "c"), candidate: after(half-1, "s1", "s2"), evidence: deadS3, want: leaves},
		situation{name: "for half the grace", self: client("a"), rec: zones("a", "a", "c"), candidate: after(half, "s1", "s2"), evidence: deadS3, want: takes("a", "a", "/a")},
		situation{name: "asked by the record alone", self: client("a"), recordOnly: true, rec: zones("a", "b", "c"), candidate: after(0, "s1", "s2"), want: leaves},
		situation{name: "a server without a slot waits for nobody", self: rule.Self{Zone: "a", Mode: registry.Server}, rec: zones("a", "b", "c"), candidate: after(0, "s1", "s2"), evidence: deadS3, want: "swap c1 established term 1 by i1 of 3: i1/a i2/b i9*/a; " + tooFew + ": in place of s3" + provedS3},
	))
	record, waits := zones("a", "b", "c"), after(0, "s1", "s2")
	if d := waits.LeaveToZones(client("a"), record, expiry); d == nil || d.LookAgain != quarter {
		t.Errorf("got %+v, want another look after %v", d, quarter)
	}
	if d := waits.LeaveToZones(client("c"), record, expiry); d != nil {
		t.Errorf("got %+v for a client of another zone, want none", d)
	}
}

// A place is free and nobody is dead: what else a client must find is asked all the same
// (R48), whatever its zone.
func TestDecideCandidateOfAnotherZoneAsksAll(t *testing.T) {
	t.Parallel()
	self := rule.Self{Zone: "b", Mode: registry.Client}
	record := rec(rule.Established, 3, inZone(1, "a", time.Hour), inZone(2, "a", time.Hour))
	soon := gossip("s1", "s2")
	soon.FewFor -= time.Second
	checkDecisions(t, candidates(
		situation{name: "not for long enough", self: self, rec: record, candidate: soon, want: "agent join [192.0.2.2 192.0.2.1] held [s1 s2] of 3; its gossip has known too few servers for 2m59s only"},
		situation{name: "long enough", self: self, rec: record, want: "swap c1 established term 1 by i1 of 3: i1/a i2/a i9*^/b; " + tooFew},
	))
}

// Where the record is to have fewer slots, those go that are not held, then those of zones
// that have more than others, then the newest (R24, R52).
func TestDecideResizeZones(t *testing.T) {
	t.Parallel()
	to := func(n int) rule.Policy { return rule.Policy{Desired: n, Resize: true} }
	slots := func(zones string) *rule.Record {
		r := rec(rule.Established, len(zones))
		for i, zone := range zones {
			s := slot(i+1, time.Hour)
			if zone != '-' {
				s.Zone = string(zone)
			}
			r.Servers = append(r.Servers, s)
		}
		r.Bootstrap = rec(rule.Established, 1, slot(1, time.Hour)).Bootstrap
		return r
	}
	alive := func(nodes ...int) (out []registry.Member) {
		for _, n := range nodes {
			out = append(out, beats(n, time.Second))
		}
		return out
	}
	want := func(left, from, to string) string {
		return "swap c1 established term 1 by i1 of " + to + ": " + left + "; resize from " + from + " to " + to + " servers"
	}
	all := alive(1, 2, 3, 4, 5)
	checkDecisions(t, []situation{
		{name: "one zone has most", policy: to(3), rec: slots("aaabc"), servers: all, want: want("i1/a i4/b i5/c", "5", "3")},
		{name: "two zones have as many", policy: to(3), rec: slots("aabbc"), servers: all, want: want("i1/a i3/b i5/c", "5", "3")},
		{name: "the newest of all where no zone has more", policy: to(2), rec: slots("abc"), servers: all, want: want("i1/a i2/b", "3", "2")},
		{name: "the dead go first", policy: to(4), rec: slots("aaabc"), servers: alive(1, 2, 3, 4), want: want("i1/a i2/a i3/a i4/b", "5", "4")},
		{name: "the dead do not count for their zone", policy: to(2), rec: slots("aabb"), servers: alive(1, 3, 4), want: want("i1/a i3/b", "4", "2")},
		{name: "of no zone nothing is known", policy: to(3), rec: slots("aa---"), servers: all, want: want("i1/a i3 i4", "5", "3")},
	})
}

// A node writes its zone with its slot, and changes it where the operator has (R52).
func TestDecideRenewsZone(t *testing.T) {
	t.Parallel()
	record := func(zone string) *rule.Record { return rec(rule.Established, 1, inZone(9, zone, 0)) }
	beating := []registry.Member{beats(2, time.Second)}
	const renewed = "swap c1 established term 1 by i9 of 1: i9*"
	checkDecisions(t, []situation{
		{name: "the same", self: in("a"), rec: record("a"), servers: beating, want: "server join [192.0.2.2] held [s2 s9] of 1; this node holds a slot"},
		{name: "another", self: in("b"), rec: record("a"), servers: beating, want: renewed + "/b; this node holds a slot"},
		{name: "none before", self: in("a"), rec: record(""), servers: beating, want: renewed + "/a; this node holds a slot"},
		{name: "none now", rec: record("a"), servers: beating, want: renewed + "; this node holds a slot"},
	})
}

// A server that runs writes its zone into its slot where that names another or none, as
// after a release that knows no zones has written the record (R52).
func TestServeZone(t *testing.T) {
	t.Parallel()
	kept := rule.Membership{ClusterID: "c1", Term: 1, Desired: 1, Birth: rule.First}
	for _, tt := range []struct {
		name, own, slot string
		state           rule.State
		want            string
	}{
		{"the same", "a", "a", rule.Established, "beat"},
		{"lost", "a", "", rule.Established, "swap c1 established term 1 by i9 of 1: i9/a; this server is in zone a"},
		{"another", "a", "b", rule.Established, "swap c1 established term 1 by i9 of 1: i9/a; this server is in zone a"},
		{"told none", "", "a", rule.Established, "beat"},
		{"while it is born", "a", "", rule.Bootstrapping, "swap c1 established term 1 by i9 of 1: i9; the cluster has a leader"},
	} {
		r := running{kept: kept, rec: rec(tt.state, 1, inZone(9, tt.slot, time.Hour)), leader: true, raft: true, lastBeat: time.Second}.input()
		r.Self.Zone = tt.own
		order, err := rule.Serve(r)
		got := showOrder(order, err)
		if tt.state == rule.Bootstrapping && err == nil {
			got = "swap " + showRecord(*order.Swap) + "; " + order.Why
		}
		if got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.name, got, tt.want)
		}
	}
}

// A zone keeps a record at the version that it has, so that a node of a release which
// knows no zones goes on (R52). It leaves the zone out of what it writes.
func TestZoneKeepsVersion(t *testing.T) {
	t.Parallel()
	body, err := rec(rule.Established, 1, inZone(1, "eu-west-1a", time.Hour)).Encode()
	if err != nil {
		t.Fatal(err)
	}
	got, err := rule.DecodeRecord(body)
	if err != nil || got.Version != 1 || got.Servers[0].Zone != "eu-west-1a" {
		t.Errorf("got %+v, %v, want version 1 with the zone", got, err)
	}
}
