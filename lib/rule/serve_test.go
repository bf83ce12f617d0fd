package rule_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"auto-consul/lib/registry"
	"auto-consul/lib/rule"
)

// running is what node s9 knows of itself while its agent runs, and what it is then
// ordered to do.
type running struct {
	name         string
	kept         rule.Membership
	rec          *rule.Record
	client       bool
	leader, raft bool
	namedBefore  bool
	agentName    string
	heldFor      time.Duration
	lastBeat     time.Duration // ago; 0 if it is not known when
	want         string        // hold, swap …, or an error
}

// input returns what the rule is asked with.
func (r running) input() rule.Running {
	in := rule.Running{
		Expiry: expiry, Time: epoch, Record: r.rec, Found: r.leader, NamedBefore: r.namedBefore, WithheldFor: r.heldFor, AgentName: r.agentName, Write: "mine",
	}
	if r.lastBeat > 0 {
		in.LastBeat = epoch.Add(-r.lastBeat)
	}
	in.Self = rule.Self{Node: "s9", Address: "192.0.2.9", Incarnation: "i9", Mode: registry.Server, Raft: r.raft, Membership: r.kept}
	if r.client {
		in.Self.Mode = registry.Client
	}
	return in
}

// showOrder returns an order in one line.
func showOrder(o rule.Order, err error) string {
	switch {
	case err != nil:
		return err.Error()
	case o.Swap != nil && o.Withhold:
		return "hold, swap " + showRecord(*o.Swap) + "; " + o.Why
	case o.Swap != nil:
		return "swap " + showRecord(*o.Swap) + "; " + o.Why
	case o.Withhold:
		return "hold"
	}
	return "beat"
}

// checkOrders asks the rule in each case.
func checkOrders(t *testing.T, cases []running) {
	t.Helper()
	for _, tt := range cases {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			in := tt.input()
			before := flat(t, in)
			got, err := rule.Serve(in)
			if text := showOrder(got, err); text != tt.want {
				t.Errorf("got  %s\nwant %s", text, tt.want)
			}
			if after := flat(t, in); after != before {
				t.Errorf("the rule changed what it was shown: got %s, want %s", after, before)
			}
			if got.Swap == nil {
				return
			}
			body, err := got.Swap.Encode()
			if err == nil {
				_, err = rule.DecodeRecord(body)
			}
			if err != nil || got.Swap.Write != "mine" {
				t.Errorf("got write %q, %v", got.Swap.Write, err)
			}
		})
	}
}

// A server of a birth that is under way: it holds its heartbeats and keeps its slot
// fresh (R31), ends the birth when it has found a leader or raft data (R32), and decides
// again or is fenced where others have taken over (R33, R30).
func TestServeBirth(t *testing.T) {
	t.Parallel()
	c1, c1term2 := kept("c1", 1), kept("c1", 2)
	own := rec(rule.Bootstrapping, 1, slot(9, time.Second))
	joins := func(holder, own time.Duration) *rule.Record {
		return rec(rule.Bootstrapping, 2, slot(1, holder), slot(9, own))
	}
	later := with(rec(rule.Bootstrapping, 1, slot(1, time.Second)), func(r *rule.Record) { r.Bootstrap.Term = 2 })
	checkOrders(t, []running{
		{name: "no leader yet", kept: c1, rec: own, want: "hold"},
		{name: "a leader", kept: c1, rec: own, leader: true, want: "hold, swap c1 established term 1 by i9 of 1: i9; the cluster has a leader"},
		{name: "raft data without a leader", kept: c1, rec: own, raft: true, want: "hold, swap c1 established term 1 by i9 of 1: i9; the cluster has a leader"},
		{
			name: "one who joined sees the leader first", kept: c1, rec: joins(time.Second, 2*time.Second), leader: true, raft: true,
			want: "hold, swap c1 established term 1 by i1 of 2: i1 i9; the cluster has a leader",
		},
		{name: "its slot is due for renewal", kept: c1, rec: rec(rule.Bootstrapping, 1, slot(9, time.Minute)), want: "hold, swap c1 bootstrapping term 1 by i9 of 1: i9*; this server waits for a leader"},
		{name: "just before", kept: c1, rec: rec(rule.Bootstrapping, 1, slot(9, time.Minute-time.Second)), want: "hold"},
		{name: "who may bootstrap itself goes on", kept: c1, rec: rec(rule.Bootstrapping, 1, slot(9, time.Hour)), want: "hold, swap c1 bootstrapping term 1 by i9 of 1: i9*; this server waits for a leader"},
		{name: "it joins, in time", kept: c1, rec: joins(expiry-time.Second, time.Second), want: "hold"},
		{
			name: "it joins, and its slot is due for renewal", kept: c1, rec: joins(time.Second, time.Minute),
			want: "hold, swap c1 bootstrapping term 1 by i1 of 2: i1 i9*; this server waits for a leader",
		},
		{name: "it joins without a slot, in time", kept: c1, rec: rec(rule.Bootstrapping, 1, slot(1, time.Second)), heldFor: expiry, want: "hold"},
		{name: "it joins, and the other has not bootstrapped", kept: c1, rec: joins(expiry, time.Second), want: "undecided: this server has found no cluster in 2m0s"},
		{name: "taken over, without data of its own", kept: c1, rec: later, want: "undecided: the record is at term 2 now, by s1"},
		{name: "taken over, and there is data", kept: c1, rec: later, raft: true, leader: true, want: "fenced: this server's data is of term 1 and the registry names cluster c1 of term 2"},
		{name: "of the present term", kept: c1term2, rec: later, raft: true, want: "hold, swap c1 established term 2 by i1 of 1: i1; the cluster has a leader"},
	})
}

// A server of an established cluster: it beats once it has found its cluster (R31), and
// otherwise decides again (R33) or is fenced (R30, R23); it takes a free slot (R34),
// renews its own after a long silence (R35), and writes back a record that is lost (R36).
// One that was decided without claims is not concerned.
func TestServeCluster(t *testing.T) {
	t.Parallel()
	c1 := kept("c1", 1)
	established := rec(rule.Established, 2, slot(1, time.Hour), slot(9, time.Hour))
	joined := func(age time.Duration) *rule.Record {
		return rec(rule.Established, 2, slot(1, time.Hour), slot(9, age))
	}
	checkOrders(t, []running{
		{name: "a member", kept: c1, rec: established, lastBeat: expiry - time.Second, leader: true, raft: true, want: "beat"},
		{name: "its quorum is lost for now", kept: c1, rec: established, lastBeat: time.Minute, raft: true, want: "beat"},
		{
			name: "silent for long: another may be about to take its slot", kept: c1, rec: established, lastBeat: expiry, leader: true, raft: true,
			want: "swap c1 established term 1 by i1 of 2: i1 i9*; this server was silent for long",
		},
		{
			name: "it is not known for how long it was silent", kept: c1, rec: established, leader: true, raft: true,
			want: "swap c1 established term 1 by i1 of 2: i1 i9*; this server was silent for long",
		},
		{name: "its slot is fresh", kept: c1, rec: joined(expiry - time.Second), leader: true, raft: true, want: "beat"},
		{name: "silent for long, and its slot is another's", kept: c1, rec: rec(rule.Established, 1, slot(1, time.Hour)), lastBeat: time.Hour, leader: true, raft: true, want: "beat"},
		{name: "it has not found the cluster yet", kept: c1, rec: joined(time.Second), want: "hold"},
		{name: "it does not find the cluster", kept: c1, rec: joined(expiry), want: "undecided: this server has found no cluster in 2m0s"},
		{name: "without a slot it has not found the cluster yet", kept: c1, rec: rec(rule.Established, 1, slot(1, time.Hour)), heldFor: expiry - time.Second, want: "hold"},
		{
			name: "without a slot it does not find the cluster", kept: c1, rec: rec(rule.Established, 1, slot(1, time.Hour)), heldFor: expiry,
			want: "undecided: this server has found no cluster in 2m0s",
		},
		{name: "another cluster", kept: kept("c2", 1), rec: established, leader: true, raft: true, want: "fenced: this server belongs to cluster c2 and the registry names c1"},
		{name: "another cluster, no data, and it was decided", kept: open("c2", 1), rec: established, want: "undecided: this server has found no cluster c2, and the registry names c1"},
		{name: "another cluster, its data, and it was decided", kept: open("c2", 1), rec: established, raft: true, want: "fenced: this server belongs to cluster c2 and the registry names c1"},
		{name: "another cluster, and no data", kept: kept("c2", 1), rec: established, want: "fenced: this server belongs to cluster c2 and the registry names c1"},
		{
			name: "without a slot where there is one", kept: c1, rec: rec(rule.Established, 2, slot(1, time.Hour)), leader: true, raft: true,
			want: "swap c1 established term 1 by i1 of 2: i1 i9*; this server holds no slot and there is one",
		},
		{name: "without a slot, and all are taken", kept: c1, rec: rec(rule.Established, 1, slot(1, time.Hour)), leader: true, raft: true, want: "beat"},
		{name: "no record", kept: c1, leader: true, raft: true, want: "swap c1 established term 1 by i9 of 1: i9*; the cluster record was gone"},
		{
			name: "no record: it is as it was", kept: rule.Membership{ClusterID: "c1", Term: 4, Desired: 3, Birth: rule.Quorum}, leader: true, raft: true,
			want: "swap c1 established term 4 by i9 of 3: i9*; the cluster record was gone",
		},
		{name: "its data directory was copied", kept: c1, rec: rec(rule.Established, 1, elsewhere("i9", "s7", 7, 0)), agentName: "s9", leader: true, raft: true, want: "fenced: this server's slot is in the name of node s7: its data directory was copied there"},
		{name: "its heartbeats have another name than itself", kept: c1, rec: rec(rule.Established, 1, elsewhere("i9", "s7", 7, 0)), agentName: "s7", leader: true, raft: true, lastBeat: time.Second, want: "beat"},
		{name: "no record, of a cluster that lived before there was one", kept: rule.Membership{ClusterID: "c1", Term: 1, Desired: 1, Birth: rule.First, Adopted: true}, leader: true, raft: true, want: "swap c1 established term 1 by nobody of 1: i9*; the cluster record was gone"},
		{name: "no record and no leader: its data may be of long ago", kept: c1, raft: true, want: "hold"},
		{name: "no record and no leader, and the record named it until now", kept: c1, raft: true, namedBefore: true, want: "swap c1 established term 1 by i9 of 1: i9*; the cluster record was gone"},
		{name: "no record, no leader and no data", kept: c1, want: "hold"},
		{name: "no record, no leader and no data for long", kept: c1, heldFor: expiry, want: "undecided: this server has found no cluster in 2m0s"},
		{name: "an earlier birth's record", kept: kept("c1", 2), rec: established, leader: true, raft: true, want: "hold, swap c1 established term 2 by i9 of 1: i9*; the record named an earlier birth"},
		{name: "an earlier birth's record, no leader and no data", kept: kept("c1", 2), rec: established, want: "hold"},
		{
			name: "an earlier birth's record, no leader and no data for long", kept: kept("c1", 2), rec: established, heldFor: expiry,
			want: "undecided: this server has found no cluster in 2m0s",
		},
		{name: "an earlier birth's record and no leader", kept: kept("c1", 2), rec: established, raft: true, want: "hold"},
		{name: "decided without claims", rec: established, leader: true, raft: true, want: "beat"},
		{name: "decided without claims, no record", leader: true, raft: true, want: "beat"},
	})
	back, err := rule.Serve(running{kept: rule.Membership{ClusterID: "c1", Term: 1, Desired: 3, Birth: rule.Quorum}, leader: true}.input())
	if err != nil || back.Swap == nil || back.Swap.Birth != rule.Quorum || back.Swap.Seq != 1 {
		t.Errorf("got %+v written back, %v; want birth quorum, seq 1", back.Swap, err)
	}
}

// A client is ordered only to decide again, where it is open and a birth has stalled
// (R22).
func TestServeClient(t *testing.T) {
	t.Parallel()
	open := kept("c1", 1)
	open.Open = true
	stalled, fresh := rec(rule.Bootstrapping, 1, slot(1, expiry)), rec(rule.Bootstrapping, 1, slot(1, expiry-time.Second))
	checkOrders(t, []running{
		{name: "the birth has stalled", client: true, kept: open, rec: stalled, want: "undecided: nothing has come of the birth with s1 in 2m0s"},
		{name: "the birth has stalled, but the client knows servers", client: true, kept: open, rec: stalled, leader: true, want: "beat"},
		{name: "in time", client: true, kept: open, rec: fresh, want: "beat"},
		{name: "one of those who take part died", client: true, kept: open, rec: rec(rule.Bootstrapping, 2, slot(1, time.Second), slot(2, expiry)), want: "undecided: nothing has come of the birth with s2 in 2m0s"},
		{name: "one of those who take part is gone", client: true, kept: open, rec: rec(rule.Bootstrapping, 2, slot(1, time.Second)), want: "undecided: 1 servers take part in the birth, 2 desired"},
		{name: "all who take part have fresh slots", client: true, kept: open, rec: rec(rule.Bootstrapping, 2, slot(1, time.Second), slot(2, 0)), want: "beat"},
		{name: "told to be a client", client: true, kept: kept("c1", 1), rec: stalled, want: "beat"},
		{name: "decided without claims", client: true, rec: stalled, want: "beat"},
		{name: "another cluster: it has no data that could meet", client: true, kept: kept("c2", 1), rec: rec(rule.Established, 1, slot(1, time.Hour)), want: "beat"},
		{name: "no record: a server writes it back", client: true, kept: open, leader: true, want: "beat"},
	})
}

// Errors wrap what is to be done: nothing any more (R30), or to decide again (R33).
func TestServeErrors(t *testing.T) {
	t.Parallel()
	_, fence := rule.Serve(running{kept: kept("c2", 1), rec: rec(rule.Established, 1, slot(1, 0))}.input())
	_, again := rule.Serve(running{kept: kept("c1", 1), rec: rec(rule.Bootstrapping, 1, slot(1, expiry))}.input())
	if !errors.Is(fence, rule.ErrFenced) || errors.Is(fence, rule.ErrUndecided) {
		t.Errorf("got %v, want %v", fence, rule.ErrFenced)
	}
	if !errors.Is(again, rule.ErrUndecided) || errors.Is(again, rule.ErrFenced) {
		t.Errorf("got %v, want %v", again, rule.ErrUndecided)
	}
}

// A server whose heartbeats are held beats under agents/ alone (R31).
func TestOrderRoles(t *testing.T) {
	t.Parallel()
	both, one := []registry.Role{registry.Servers, registry.Agents}, []registry.Role{registry.Agents}
	for _, tt := range []struct {
		hold bool
		mode registry.Mode
		want []registry.Role
	}{{false, registry.Server, both}, {true, registry.Server, one}, {false, registry.Client, one}, {true, registry.Client, one}} {
		if got := (rule.Order{Withhold: tt.hold}).Roles(tt.mode); !slices.Equal(got, tt.want) {
			t.Errorf("%s, hold %t: got %q, want %q", tt.mode, tt.hold, got, tt.want)
		}
	}
}
