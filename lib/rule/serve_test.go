package rule_test

import (
	"errors"
	"testing"
	"time"

	"auto-consul/lib/registry"
	"auto-consul/lib/rule"
)

// running is what node s9 knows of itself while its agent runs.
type running struct {
	name         string
	kept         rule.Membership
	rec          *rule.Record
	agent        bool
	leader, raft bool
	named        bool
	called       string
	held         time.Duration
	beat         time.Duration // ago; 0 if it is not known when
	want         string        // hold, swap …, or an error
}

func (r running) asked() rule.Running {
	a := rule.Running{
		Expiry: expiry, Time: epoch, Record: r.rec, Leader: r.leader, NamedBefore: r.named, HeldFor: r.held, AgentName: r.called, Write: "mine",
	}
	if r.beat > 0 {
		a.LastBeat = epoch.Add(-r.beat)
	}
	a.Self = rule.Self{Node: "s9", Address: "192.0.2.9", Incarnation: "i9", Mode: registry.Server, Raft: r.raft, Membership: r.kept}
	if r.agent {
		a.Self.Mode = registry.Client
	}
	return a
}

func showOrder(a rule.Order, err error) string {
	switch {
	case err != nil:
		return err.Error()
	case a.Swap != nil && a.Hold:
		return "hold, swap " + showRecord(*a.Swap) + "; " + a.Why
	case a.Swap != nil:
		return "swap " + showRecord(*a.Swap) + "; " + a.Why
	case a.Hold:
		return "hold"
	}
	return "beat"
}

func runServe(t *testing.T, cases []running) {
	t.Helper()
	for _, tt := range cases {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a := tt.asked()
			before := flat(t, a)
			got, err := rule.Serve(a)
			if text := showOrder(got, err); text != tt.want {
				t.Errorf("got  %s\nwant %s", text, tt.want)
			}
			if after := flat(t, a); after != before {
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

func TestServeBirth(t *testing.T) {
	t.Parallel()
	c1, c1term2 := kept("c1", 1), kept("c1", 2)
	own := rec(rule.Bootstrapping, 1, slot(9, time.Second))
	joins := func(holder, own time.Duration) *rule.Record {
		return rec(rule.Bootstrapping, 2, slot(1, holder), slot(9, own))
	}
	later := with(rec(rule.Bootstrapping, 1, slot(1, time.Second)), func(r *rule.Record) { r.Bootstrap.Term = 2 })
	runServe(t, []running{
		{name: "no leader yet", kept: c1, rec: own, want: "hold"},
		{name: "a leader", kept: c1, rec: own, leader: true, want: "hold, swap c1 established term 1 by i9 of 1: i9; the cluster has a leader"},
		{name: "raft data without a leader", kept: c1, rec: own, raft: true, want: "hold, swap c1 established term 1 by i9 of 1: i9; the cluster has a leader"},
		{
			name: "one who joined sees the leader first", kept: c1, rec: joins(time.Second, 2*time.Second), leader: true, raft: true,
			want: "hold, swap c1 established term 1 by i1 of 2: i1 i9; the cluster has a leader",
		},
		{name: "its claim grows old", kept: c1, rec: rec(rule.Bootstrapping, 1, slot(9, time.Minute)), want: "hold, swap c1 bootstrapping term 1 by i9 of 1: i9*; this server waits for a leader"},
		{name: "just before", kept: c1, rec: rec(rule.Bootstrapping, 1, slot(9, time.Minute-time.Second)), want: "hold"},
		{name: "its own birth is never overdue", kept: c1, rec: rec(rule.Bootstrapping, 1, slot(9, time.Hour)), want: "hold, swap c1 bootstrapping term 1 by i9 of 1: i9*; this server waits for a leader"},
		{name: "it joins, in time", kept: c1, rec: joins(expiry-time.Second, time.Second), want: "hold"},
		{
			name: "it joins, and its own claim grows old", kept: c1, rec: joins(time.Second, time.Minute),
			want: "hold, swap c1 bootstrapping term 1 by i1 of 2: i1 i9*; this server waits for a leader",
		},
		{name: "it joins without a slot, in time", kept: c1, rec: rec(rule.Bootstrapping, 1, slot(1, time.Second)), held: expiry, want: "hold"},
		{name: "it joins, and the other has not bootstrapped", kept: c1, rec: joins(expiry, time.Second), want: "undecided: this server has found no cluster in 2m0s"},
		{name: "taken over, without data of its own", kept: c1, rec: later, want: "undecided: s1 bootstraps in term 2 now"},
		{name: "taken over, and there is data", kept: c1, rec: later, raft: true, leader: true, want: "fenced: this server's data is of term 1 and the registry names cluster c1 of term 2"},
		{name: "of the present term", kept: c1term2, rec: later, raft: true, want: "hold, swap c1 established term 2 by i1 of 1: i1; the cluster has a leader"},
	})
}

func TestServeCluster(t *testing.T) {
	t.Parallel()
	c1 := kept("c1", 1)
	established := rec(rule.Established, 2, slot(1, time.Hour), slot(9, time.Hour))
	joined := func(age time.Duration) *rule.Record {
		return rec(rule.Established, 2, slot(1, time.Hour), slot(9, age))
	}
	runServe(t, []running{
		{name: "a member", kept: c1, rec: established, beat: expiry - time.Second, leader: true, raft: true, want: "beat"},
		{name: "its quorum is lost for now", kept: c1, rec: established, beat: time.Minute, raft: true, want: "beat"},
		{
			name: "silent for long: another may be about to take its slot", kept: c1, rec: established, beat: expiry, leader: true, raft: true,
			want: "swap c1 established term 1 by i1 of 2: i1 i9*; this server was silent for long",
		},
		{
			name: "it is not known for how long it was silent", kept: c1, rec: established, leader: true, raft: true,
			want: "swap c1 established term 1 by i1 of 2: i1 i9*; this server was silent for long",
		},
		{name: "its claim is young", kept: c1, rec: joined(expiry - time.Second), leader: true, raft: true, want: "beat"},
		{name: "silent for long, and its slot is another's", kept: c1, rec: rec(rule.Established, 1, slot(1, time.Hour)), beat: time.Hour, leader: true, raft: true, want: "beat"},
		{name: "it has not found the cluster yet", kept: c1, rec: joined(time.Second), want: "hold"},
		{name: "it does not find the cluster", kept: c1, rec: joined(expiry), want: "undecided: this server has found no cluster in 2m0s"},
		{name: "without a slot it has not found the cluster yet", kept: c1, rec: rec(rule.Established, 1, slot(1, time.Hour)), held: expiry - time.Second, want: "hold"},
		{
			name: "without a slot it does not find the cluster", kept: c1, rec: rec(rule.Established, 1, slot(1, time.Hour)), held: expiry,
			want: "undecided: this server has found no cluster in 2m0s",
		},
		{name: "another cluster", kept: kept("c2", 1), rec: established, leader: true, raft: true, want: "fenced: this server belongs to cluster c2 and the registry names c1"},
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
		{name: "its data directory was copied", kept: c1, rec: rec(rule.Established, 1, elsewhere("i9", "s7", 7, 0)), called: "s9", leader: true, raft: true, want: "fenced: this server's slot is in the name of node s7: its data directory was copied there"},
		{name: "its heartbeats have another name than itself", kept: c1, rec: rec(rule.Established, 1, elsewhere("i9", "s7", 7, 0)), called: "s7", leader: true, raft: true, beat: time.Second, want: "beat"},
		{name: "no record, of a cluster that lived before there was one", kept: rule.Membership{ClusterID: "c1", Term: 1, Desired: 1, Birth: rule.First, Adopted: true}, leader: true, raft: true, want: "swap c1 established term 1 by nobody of 1: i9*; the cluster record was gone"},
		{name: "no record and no leader: its data may be of long ago", kept: c1, raft: true, want: "hold"},
		{name: "no record and no leader, and the record named it until now", kept: c1, raft: true, named: true, want: "swap c1 established term 1 by i9 of 1: i9*; the cluster record was gone"},
		{name: "no record, no leader and no data", kept: c1, want: "hold"},
		{name: "no record, no leader and no data for long", kept: c1, held: expiry, want: "undecided: this server has found no cluster in 2m0s"},
		{name: "an earlier birth's record", kept: kept("c1", 2), rec: established, leader: true, raft: true, want: "hold, swap c1 established term 2 by i9 of 1: i9*; the record named an earlier birth"},
		{name: "an earlier birth's record, no leader and no data", kept: kept("c1", 2), rec: established, want: "hold"},
		{
			name: "an earlier birth's record, no leader and no data for long", kept: kept("c1", 2), rec: established, held: expiry,
			want: "undecided: this server has found no cluster in 2m0s",
		},
		{name: "an earlier birth's record and no leader", kept: kept("c1", 2), rec: established, raft: true, want: "hold"},
		{name: "decided without claims", rec: established, leader: true, raft: true, want: "beat"},
		{name: "decided without claims, no record", leader: true, raft: true, want: "beat"},
	})
	back, err := rule.Serve(running{kept: rule.Membership{ClusterID: "c1", Term: 1, Desired: 3, Birth: rule.Quorum}, leader: true}.asked())
	if err != nil || back.Swap == nil || back.Swap.Birth != rule.Quorum || back.Swap.Seq != 1 {
		t.Errorf("got %+v written back, %v; want birth quorum, seq 1", back.Swap, err)
	}
}

func TestServeAgent(t *testing.T) {
	t.Parallel()
	open := kept("c1", 1)
	open.Open = true
	overdue, young := rec(rule.Bootstrapping, 1, slot(1, expiry)), rec(rule.Bootstrapping, 1, slot(1, expiry-time.Second))
	runServe(t, []running{
		{name: "the birth is overdue", agent: true, kept: open, rec: overdue, want: "undecided: nothing has come of the birth with s1 in 2m0s"},
		{name: "the birth is overdue, and yet there are servers", agent: true, kept: open, rec: overdue, leader: true, want: "beat"},
		{name: "in time", agent: true, kept: open, rec: young, want: "beat"},
		{name: "one of those who take part died", agent: true, kept: open, rec: rec(rule.Bootstrapping, 2, slot(1, time.Second), slot(2, expiry)), want: "undecided: nothing has come of the birth with s2 in 2m0s"},
		{name: "one of those who take part is gone", agent: true, kept: open, rec: rec(rule.Bootstrapping, 2, slot(1, time.Second)), want: "undecided: 1 servers take part in the birth, 2 desired"},
		{name: "all who take part have time", agent: true, kept: open, rec: rec(rule.Bootstrapping, 2, slot(1, time.Second), slot(2, 0)), want: "beat"},
		{name: "told to be an agent", agent: true, kept: kept("c1", 1), rec: overdue, want: "beat"},
		{name: "decided without claims", agent: true, rec: overdue, want: "beat"},
		{name: "another cluster: it has no data that could meet", agent: true, kept: kept("c2", 1), rec: rec(rule.Established, 1, slot(1, time.Hour)), want: "beat"},
		{name: "no record: a server writes it back", agent: true, kept: open, leader: true, want: "beat"},
	})
}

// What the rules find is told apart by what their errors wrap.
func TestServeErrors(t *testing.T) {
	t.Parallel()
	_, fence := rule.Serve(running{kept: kept("c2", 1), rec: rec(rule.Established, 1, slot(1, 0))}.asked())
	_, again := rule.Serve(running{kept: kept("c1", 1), rec: rec(rule.Bootstrapping, 1, slot(1, expiry))}.asked())
	if !errors.Is(fence, rule.ErrFenced) || errors.Is(fence, rule.ErrUndecided) {
		t.Errorf("got %v, want %v", fence, rule.ErrFenced)
	}
	if !errors.Is(again, rule.ErrUndecided) || errors.Is(again, rule.ErrFenced) {
		t.Errorf("got %v, want %v", again, rule.ErrUndecided)
	}
}
