package rule_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"auto-consul/lib/registry"
	"auto-consul/lib/rule"
	"auto-consul/lib/ruletest"
)

// lost returns what a server of three knows on which recover was typed: its agent has
// ended, and the two others are named as gone.
func lost(change func(in *rule.Input)) rule.Input {
	in := rule.Input{
		Self: rule.Self{
			Node: "s1", Address: "192.0.2.1", Incarnation: "i1", Raft: true, Mode: registry.Server,
			Membership: rule.Membership{ClusterID: "c1", Term: 1},
		},
		Policy: rule.Policy{Expiry: ruletest.Expiry, Desired: 3},
		Seen:   rule.Observation{Record: rec(rule.Established, 3, slot(1, time.Hour), slot(2, time.Hour), slot(3, time.Hour))},
		Evidence: rule.Evidence{Answers: map[string]bool{
			"192.0.2.2": false, "192.0.2.3": false, "192.0.2.4": false,
		}},
		Recover: &rule.Recover{
			Gone: []string{"s2", "s3"},
			Log: &rule.Log{ID: "v1", Term: 2, Index: 40, Voters: []rule.Voter{
				{ID: "v1", Address: "192.0.2.1"}, {ID: "v2", Address: "192.0.2.2"}, {ID: "v3", Address: "192.0.2.3"},
			}},
		},
		New: rule.NewIDs{Write: "w"},
	}
	in.Seen.Time = epoch
	in.Seen.Live = map[registry.Role][]registry.Member{}
	if change != nil {
		change(&in)
	}
	return in
}

// survivor returns node n's entry, whose log was read so long ago.
func survivor(n int, index uint64, age time.Duration) rule.Survivor {
	s := slot(n, age)
	return rule.Survivor{
		Incarnation: s.Incarnation, Node: s.Node, Address: s.Address, ID: "v" + s.Node[1:], LogTerm: 2, LogIndex: index,
		Came: s.Since, Renewed: epoch,
	}
}

// show returns an action in words: a reason to refuse, a wait, or what is written.
func show(a rule.Action) string {
	switch {
	case a.Err != nil:
		return a.Err.Error()
	case a.Swap != nil:
		text := "writes " + showRecord(*a.Swap)
		for _, s := range a.Swap.Survivors {
			text += " +" + s.Node
		}
		return text
	case a.Decision != nil:
		return "winner " + a.Decision.Winner
	case a.ReadLog:
		return "reads its log"
	}
	return a.Wait + strings.Join(a.Probe, " ")
}

// What a server does on which recover was typed (R56, R57).
func TestRecover(t *testing.T) {
	t.Parallel()
	beatsServer := func(in *rule.Input, n int) {
		in.Seen.Live[registry.Servers] = append(in.Seen.Live[registry.Servers], beats(n, 10*time.Second))
	}
	for name, tt := range map[string]struct {
		change func(in *rule.Input)
		want   string
	}{
		"typed":     {func(in *rule.Input) { in.Recover.Log = nil }, "writes c1 established term 1 by i1 of 3: i1 i2 i3 +s1"},
		"log known": {nil, "writes c1 established term 1 by i1 of 3: i1 i2 i3 +s1"},
		"agent runs": {func(in *rule.Input) {
			in.Recover.Log = nil
			in.Seen.Record.Survivors = []rule.Survivor{{Incarnation: "i1", Node: "s1", Address: "192.0.2.1", Came: epoch, Renewed: epoch}}
		}, "reads its log"},
		"young": {func(in *rule.Input) { in.Seen.Record.Survivors = []rule.Survivor{survivor(1, 40, time.Minute)} }, "for other servers"},
		"alone": {func(in *rule.Input) { in.Seen.Record.Survivors = []rule.Survivor{survivor(1, 40, 2*time.Minute)} }, "writes c1 established term 2 by i1 of 3: i1*"},
		"another's log is newer": {func(in *rule.Input) {
			in.Recover.Gone = []string{"s3"}
			in.Seen.Record.Survivors = []rule.Survivor{survivor(1, 40, time.Hour), survivor(2, 41, 2*time.Minute)}
		}, "for s2, whose log is the newest"},
		"another's log is older": {func(in *rule.Input) {
			in.Recover.Gone = []string{"s3"}
			in.Seen.Record.Survivors = []rule.Survivor{survivor(1, 40, time.Hour), survivor(2, 39, 2*time.Minute)}
		}, "writes c1 established term 2 by i1 of 3: i1*"},
		"another's agent runs": {func(in *rule.Input) {
			in.Recover.Gone = []string{"s3"}
			in.Seen.Record.Survivors = []rule.Survivor{survivor(1, 40, time.Hour), {Incarnation: "i2", Node: "s2", Address: "192.0.2.2", Came: epoch.Add(-time.Hour), Renewed: epoch}}
		}, "for the agent of s2 to end"},
		"one is not named":        {func(in *rule.Input) { in.Recover.Gone = []string{"s3"} }, "-gone s2"},
		"one is named by address": {func(in *rule.Input) { in.Recover.Gone = []string{"192.0.2.2", "s3"} }, "writes"},
		"a voter without a slot":  {func(in *rule.Input) { in.Seen.Record.Servers = in.Seen.Record.Servers[:1]; in.Recover.Gone = nil }, "-gone 192.0.2.2 -gone 192.0.2.3"},
		"a slot without a vote":   {func(in *rule.Input) { in.Seen.Record.Servers[2] = slot(4, time.Hour) }, "-gone s4"},
		"a fresh server has a slot": {func(in *rule.Input) {
			in.Seen.Record.Servers[2] = slot(4, time.Hour)
			in.Recover.Gone = append(in.Recover.Gone, "192.0.2.3")
			in.Seen.Live[registry.Agents] = []registry.Member{beats(4, 10*time.Second)}
		}, "writes"},
		"one that is gone beats": {func(in *rule.Input) { beatsServer(in, 2) }, "s2 was named as gone and sends heartbeats"},
		"one that is gone beat before": {func(in *rule.Input) {
			beatsServer(in, 2)
			in.Recover.Since = epoch.Add(-5 * time.Second)
			in.Seen.Record.Survivors = []rule.Survivor{survivor(1, 40, time.Hour)}
		}, "for the heartbeats of s2, which was named as gone, to expire"},
		"one that is gone answers": {func(in *rule.Input) { in.Answers["192.0.2.2"] = true }, "s2 was named as gone, and somebody answers"},
		"another is at its address": {func(in *rule.Input) {
			in.Answers["192.0.2.2"] = true
			in.Seen.Live[registry.Agents] = []registry.Member{{Node: "new", Address: "192.0.2.2", Heartbeat: epoch, Oldest: epoch}}
		}, "writes"},
		"one that is gone may start": {func(in *rule.Input) {
			in.Seen.Record.Servers[1] = slot(2, time.Minute)
			in.Seen.Record.Survivors = []rule.Survivor{survivor(1, 40, time.Hour)}
		}, "for s2, which was named as gone and has claimed its slot"},
		"one lives": {func(in *rule.Input) {
			in.Recover.Gone = []string{"s3"}
			beatsServer(in, 2)
			in.Seen.Record.Survivors = []rule.Survivor{survivor(1, 40, time.Hour)}
		}, "for recover to be typed on s2"},
		"one is to be asked":  {func(in *rule.Input) { in.Answers = nil }, "192.0.2.2 192.0.2.3"},
		"a leader":            {func(in *rule.Input) { in.Recover.Leader = "192.0.2.2:8300" }, "there is a leader, at 192.0.2.2:8300"},
		"no record":           {func(in *rule.Input) { in.Seen.Record = nil }, "there is no cluster record"},
		"another cluster's":   {func(in *rule.Input) { in.Self.Membership.ClusterID = "c2" }, `belongs to cluster "c2"`},
		"of an earlier term":  {func(in *rule.Input) { in.Seen.Record.Bootstrap.Term = 2 }, "raft data of term 1"},
		"no raft data":        {func(in *rule.Input) { in.Self.Raft = false }, "no raft data"},
		"in a birth":          {func(in *rule.Input) { in.Seen.Record.State = rule.Bootstrapping }, "is being born"},
		"its entry was taken": {func(in *rule.Input) { in.Recover.Entry = true }, "a server that sees a leader has taken it out"},
		"it goes ahead":       {func(in *rule.Input) { recovered(in, "i1") }, "winner s1"},
		"another goes ahead":  {func(in *rule.Input) { recovered(in, "i2"); in.Recover.Gone = []string{"s3"} }, "winner s2"},
		"that one dies":       {func(in *rule.Input) { recovered(in, "i2"); in.Recover.Gone = []string{"s2", "192.0.2.3"} }, "writes c1 established term 2 by i2"},
	} {
		got := rule.Decide(lost(tt.change))
		if text := show(got); !strings.Contains(text, tt.want) {
			t.Errorf("%s: got %q, want %q", name, text, tt.want)
		}
		if got.Err != nil && !errors.Is(got.Err, rule.ErrRefused) {
			t.Errorf("%s: got %v, want it refused", name, got.Err)
		}
	}
}

// recovered makes the record that of a cluster that goes on with the data of a node of two
// that took part, without a leader yet.
func recovered(in *rule.Input, winner string) {
	r := in.Seen.Record
	i := slices.IndexFunc(r.Servers, func(s rule.Slot) bool { return s.Incarnation == winner })
	r.Servers = r.Servers[i : i+1]
	r.Bootstrap = rule.Bootstrap{Incarnation: winner, Node: r.Servers[0].Node, Address: r.Servers[0].Address, Term: 2}
	r.Version, r.Recovery = 2, &rule.Recovery{FromTerm: 1, TookPart: []string{"i1", "i2"}}
}

// What a node of a recovered cluster is decided to be (R57).
func TestDecideRecovered(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		winner string
		change func(in *rule.Input)
		want   string
	}{
		"typed here":      {"", func(in *rule.Input) { in.Seen.Record.Survivors = []rule.Survivor{survivor(1, 40, 0)} }, "for the recovery that was typed on this node"},
		"typed elsewhere": {"", func(in *rule.Input) { in.Seen.Record.Survivors = []rule.Survivor{survivor(2, 40, 0)} }, "writes c1 established term 1 by i1 of 3: i1* i2 i3 +s2"},
		"typed elsewhere, no slot": {"", func(in *rule.Input) {
			in.Seen.Record.Servers = []rule.Slot{slot(2, 0), slot(3, 0), slot(4, 0)}
			in.Seen.Record.Survivors = []rule.Survivor{survivor(2, 40, 0)}
		}, "for the recovery that was typed on s2"},
		"goes ahead": {"i1", func(in *rule.Input) { in.Seen.Record.Servers[0].Since = epoch }, "recovers"},
		"was made so": {"i1", func(in *rule.Input) {
			in.Seen.Record.Servers[0].Since = epoch
			in.Self.Membership.Term, in.Self.Membership.Recovered = 2, true
		}, "starts"},
		"took part":      {"i2", nil, "for s2, with whose data the cluster is recovered, to have a leader"},
		"took no part":   {"i2", func(in *rule.Input) { in.Seen.Record.Recovery.TookPart = []string{"i2"} }, "fenced"},
		"of before":      {"i2", func(in *rule.Input) { in.Self.Membership.Term, in.Seen.Record.Bootstrap.Term = 0, 3 }, "fenced"},
		"has a leader":   {"i2", func(in *rule.Input) { in.Seen.Record.Recovery.Done = true }, "aside"},
		"ahead too late": {"i1", func(in *rule.Input) { in.Seen.Record.Recovery.Done = true }, "aside"},
	} {
		in := lost(func(in *rule.Input) {
			in.Recover = nil
			if tt.winner != "" {
				recovered(in, tt.winner)
			}
			if tt.change != nil {
				tt.change(in)
			}
		})
		got := rule.Decide(in)
		text := show(got)
		switch {
		case got.SetAside != "":
			text = "aside"
		case got.Decision != nil && got.Decision.Recover:
			text = "recovers"
		case got.Decision != nil:
			text = "starts"
		}
		if !strings.Contains(text, tt.want) {
			t.Errorf("%s: got %q, want %q", name, text, tt.want)
		}
	}
}
