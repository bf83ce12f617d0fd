package rule_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"auto-consul/lib/registry"
	"auto-consul/lib/rule"
	"auto-consul/lib/ruletest"
)

// A running node ends a recovery where it sees a leader, ends where it is to be recovered,
// and says when the recovered cluster has a leader (R56, R57).
func TestServeRecovery(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change func(r *rule.Running)
		want   string
	}{
		"its own entry":       {func(r *rule.Running) { r.Record.Survivors = []rule.Survivor{survivor(1, 4, 0)} }, "undecided"},
		"and a leader":        {func(r *rule.Running) { r.Record.Survivors = []rule.Survivor{survivor(1, 4, 0)}; r.Found = true }, "there is a leader"},
		"another's, a leader": {func(r *rule.Running) { r.Record.Survivors = []rule.Survivor{survivor(2, 4, 0)}; r.Found = true }, "there is a leader"},
		"a client sees a leader": {func(r *rule.Running) {
			r.Record.Survivors = []rule.Survivor{survivor(2, 4, 0)}
			r.Leader = true
			r.Self.Mode = registry.Client
		}, "there is a leader"},
		"a client sees none": {func(r *rule.Running) {
			r.Record.Survivors = []rule.Survivor{survivor(2, 4, 0)}
			r.Found = true
			r.Self.Mode = registry.Client
		}, ""},
		"not renewed": {func(r *rule.Running) {
			s := survivor(2, 4, 0)
			s.Renewed = epoch.Add(-2 * time.Minute)
			r.Record.Survivors = []rule.Survivor{s}
		}, "has not been renewed"},
		"of the term before": {func(r *rule.Running) { goesAhead(r); r.Self.Membership.Term = 1 }, "undecided"},
		"fenced":             {func(r *rule.Running) { goesAhead(r); r.Self.Membership.Term = 1; r.Record.Recovery.TookPart = nil }, "fenced"},
		"fenced with a leader": {func(r *rule.Running) {
			goesAhead(r)
			r.Self.Membership.Term = 1
			r.Record.Recovery.TookPart = nil
			r.Found = true
		}, "leaves, fenced"},
		"ahead, no leader": {func(r *rule.Running) { goesAhead(r) }, "withheld"},
		"ahead, a leader":  {func(r *rule.Running) { goesAhead(r); r.Found = true }, "the recovered cluster has a leader"},
	} {
		r := rule.Running{
			Self: lost(nil).Self, Record: lost(nil).Seen.Record, Time: epoch, Expiry: ruletest.Expiry, Write: "w", LastBeat: epoch,
		}
		tt.change(&r)
		order, err := rule.Serve(r)
		text := order.Why
		switch {
		case err != nil && order.Leave:
			text = "leaves, " + err.Error()
		case err != nil:
			text = err.Error()
		case order.Swap == nil && order.Withhold:
			text = "withheld"
		}
		if !strings.HasPrefix(text, tt.want) && !strings.Contains(text, tt.want) || tt.want == "" && text != "" {
			t.Errorf("%s: got %q, want %q", name, text, tt.want)
		}
	}
}

// goesAhead makes a server that of a recovered cluster which goes ahead.
func goesAhead(r *rule.Running) {
	in := rule.Input{Seen: rule.Observation{Record: r.Record}}
	recovered(&in, "i1")
	r.Record.Servers[0].Since = epoch
	r.Self.Membership.Term = 2
}

// Nobody starts on data that is being recovered, and who goes ahead does so only as long as
// the record says it (R56, R57).
func TestConfirmRecovery(t *testing.T) {
	t.Parallel()
	claim := func(slot, recover bool, term int64) rule.Claim {
		return rule.Claim{
			HasSlot: slot, Recover: recover, ClusterID: "c1", Term: term, Incarnation: "i1", Node: "s1", Address: "192.0.2.1", Expiry: ruletest.Expiry,
		}
	}
	typed := func(n int) *rule.Record {
		return with(rec(rule.Established, 3, slot(1, 0)), func(r *rule.Record) { r.Survivors = []rule.Survivor{survivor(n, 4, 0)} })
	}
	ahead := func(done bool) *rule.Record {
		in := lost(nil)
		recovered(&in, "i1")
		in.Seen.Record.Servers[0].Since, in.Seen.Record.Recovery.Done = epoch, done
		return in.Seen.Record
	}
	for name, tt := range map[string]struct {
		rec   *rule.Record
		claim rule.Claim
		want  error
	}{
		"typed here":               {typed(1), claim(true, false, 1), rule.ErrUndecided},
		"typed elsewhere":          {typed(2), claim(true, false, 1), nil},
		"typed elsewhere, no slot": {typed(2), claim(false, false, 1), rule.ErrUndecided},
		"goes ahead":               {ahead(false), claim(true, true, 2), nil},
		"there is a leader":        {ahead(true), claim(true, true, 2), rule.ErrUndecided},
		"of the term before":       {ahead(false), claim(true, false, 1), rule.ErrUndecided},
		"no record":                {nil, claim(true, true, 2), rule.ErrUndecided},
	} {
		if err := rule.Confirm(tt.rec, epoch, tt.claim); !errors.Is(err, tt.want) {
			t.Errorf("%s: got %v, want %v", name, err, tt.want)
		}
	}
}
