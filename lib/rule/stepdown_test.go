package rule_test

import (
	"testing"
	"time"

	"auto-consul/lib/registry"
	"auto-consul/lib/rule"
)

// surplus is what server s9 knows that holds no slot, after a change: all places are
// taken, and it may change its role.
func surplus(rec *rule.Record, changes ...func(*rule.Running)) rule.Running {
	open := kept("c1", 1)
	open.Open = true
	r := running{kept: open, rec: rec, leader: true, raft: true, lastBeat: time.Second}.input()
	r.Eligible, r.Voter = true, true
	for _, change := range changes {
		change(&r)
	}
	return r
}

// full is a record of two servers that have run long.
func full() *rule.Record {
	return rec(rule.Established, 2, slot(1, time.Hour), slot(2, time.Hour))
}

const tooMany = "all 2 places are others'"

// A server steps down that is one too many, if it may and nothing else changes (R49,
// R50).
func TestServeStepsDown(t *testing.T) {
	t.Parallel()
	under := func(since time.Duration) *rule.Record {
		return rec(rule.Established, 2, slot(1, time.Hour), promoted(2, time.Hour, since))
	}
	for _, tt := range []struct {
		name   string
		rec    *rule.Record
		change func(*rule.Running)
		want   string // why it steps down, or the order
	}{
		{"one too many", full(), nil, tooMany},
		{"it does not vote", full(), func(r *rule.Running) { r.Voter = false }, tooMany},
		{"it is not eligible", full(), func(r *rule.Running) { r.Eligible = false }, "beat"},
		{"the operator set its mode", full(), func(r *rule.Running) { r.Self.Membership.Open = false }, "beat"},
		{"no leader", full(), func(r *rule.Running) { r.Found = false }, "beat"},
		{"it is a client", full(), func(r *rule.Running) { r.Self.Mode, r.Self.Raft = registry.Client, false }, "beat"},
		{"its incarnation is not known", full(), func(r *rule.Running) { r.Self.Incarnation = "" }, "beat"},
		{"its own slot", rec(rule.Established, 2, slot(1, time.Hour), slot(9, time.Hour)), nil, "beat"},
		{"its name is in the record", rec(rule.Established, 2, slot(1, time.Hour), elsewhere("i8", "s9", 8, time.Hour)), nil, "beat"},
		{"a slot is free", rec(rule.Established, 2, slot(1, time.Hour)), nil, "swap c1 established term 1 by i1 of 2: i1 i9*; this server holds no slot and there is one"},
		{"more slots than desired", rec(rule.Established, 1, slot(1, time.Hour), slot(2, time.Hour)), nil, "all 1 places are others'"},
		{"the cluster is being born", rec(rule.Bootstrapping, 1, slot(1, 0)), nil, "hold, swap c1 established term 1 by i1 of 1: i1*; the cluster has a leader"},
		{"another steps down", leaving(full(), 3, expiry-time.Second), nil, "beat"},
		{"another was to step down long ago", leaving(full(), 3, expiry), nil, tooMany},
		{"it is marked itself", leaving(full(), 9, time.Second), nil, tooMany},
		{"a client takes a place", under(lateClaim - time.Second), nil, "beat"},
		{"a client has not come to vote in its time", under(lateClaim), nil, tooMany},
	} {
		in := surplus(tt.rec)
		if tt.change != nil {
			tt.change(&in)
		}
		got, err := rule.Serve(in)
		text := got.StepDown
		if text == "" {
			text = showOrder(got, err)
		}
		if text != tt.want || err != nil {
			t.Errorf("%s: got %s, %v, want %s", tt.name, text, err, tt.want)
		}
	}
}

// What a server that has taken a place as a client does with it: its promotion is over
// when it votes (R49), and it gives the place back if it does not come to that (R51). One
// that holds a slot takes an old mark out of the record (R50).
func TestServePromoted(t *testing.T) {
	t.Parallel()
	own := func(since time.Duration) *rule.Record {
		return rec(rule.Established, 2, slot(1, time.Hour), promoted(9, 0, since))
	}
	client := func(r *rule.Running) { r.Self.Mode, r.Self.Raft, r.Voter = registry.Client, false, false }
	waits := func(expiry, without time.Duration) func(*rule.Running) {
		return func(r *rule.Running) { r.Expiry, r.Voter, r.NoVoteFor = expiry, false, without }
	}
	gaveBack := func(n int, without time.Duration) func(*rule.Running) {
		return func(r *rule.Running) { waits(expiry, without)(r); r.Self.Membership.GaveBack = n }
	}
	const votes = "swap c1 established term 1 by i1 of 2: i1 i9*; this server votes"
	for _, tt := range []struct {
		name   string
		rec    *rule.Record
		change func(*rule.Running)
		want   string
	}{
		{"it votes", own(time.Minute), func(*rule.Running) {}, votes},
		{"it votes, and is late", own(time.Hour), func(r *rule.Running) { r.NoVoteFor = time.Hour }, votes},
		{"it votes, and is not eligible any more", own(time.Minute), func(r *rule.Running) { r.Eligible = false }, votes},
		{"another votes", rec(rule.Established, 2, slot(9, 0), promoted(2, 0, time.Hour)), func(*rule.Running) {}, "beat"},
		{"in time", own(lateClaim - time.Second), waits(expiry, time.Hour), "beat"},
		{"late", own(lateClaim), waits(expiry, time.Hour), "it does not vote after 4m0s"},
		{"a short expiry, in time", own(3*time.Minute - time.Second), waits(time.Minute, time.Hour), "beat"},
		{"a short expiry, late", own(3 * time.Minute), waits(time.Minute, time.Hour), "it does not vote after 3m0s"},
		{"a long expiry, in time", own(10*time.Minute - time.Second), waits(5*time.Minute, time.Hour), "beat"},
		{"a long expiry, late", own(10 * time.Minute), waits(5*time.Minute, time.Hour), "it does not vote after 10m0s"},
		{"it has had a leader for a moment only", own(time.Hour), waits(expiry, 2*time.Minute-time.Second), "beat"},
		{"it has had one for long enough", own(time.Hour), waits(expiry, 2*time.Minute), "it does not vote after 1h0m0s"},
		{"it has given back a place before, and waits twice as long", own(time.Hour), gaveBack(1, 4*time.Minute-time.Second), "beat"},
		{"no longer than that", own(time.Hour), gaveBack(1, 4*time.Minute), "it does not vote after 1h0m0s"},
		{"it has often", own(time.Hour), gaveBack(9, 16*time.Minute-time.Second), "beat"},
		{"no longer than eight times as long", own(time.Hour), gaveBack(9, 16*time.Minute), "it does not vote after 1h0m0s"},
		{"late, and not eligible", own(time.Hour), func(r *rule.Running) { waits(expiry, time.Hour)(r); r.Eligible = false }, "beat"},
		{"late, and its mode was set", own(time.Hour), func(r *rule.Running) { waits(expiry, time.Hour)(r); r.Self.Membership.Open = false }, "beat"},
		{"late, and there is no leader", own(time.Hour), func(r *rule.Running) { waits(expiry, time.Hour)(r); r.Found = false }, "beat"},
		{"no client took its slot", rec(rule.Established, 2, slot(1, time.Hour), slot(9, 0)), waits(expiry, time.Hour), "beat"},

		{"another was to step down", leaving(rec(rule.Established, 2, slot(1, time.Hour), slot(9, 0)), 3, expiry), func(*rule.Running) {}, "swap c1 established term 1 by i1 of 2: i1 i9*; a server that was to step down has not"},
		{"another steps down", leaving(rec(rule.Established, 2, slot(1, time.Hour), slot(9, 0)), 3, expiry-time.Second), func(*rule.Running) {}, "beat"},

		{"a client has claimed it, later than it knew", own(time.Minute), client, "undecided: this client holds a slot"},
		{"a client without servers has", own(time.Minute), func(r *rule.Running) { client(r); r.Found = false }, "undecided: this client holds a slot"},
		{"a client has given it back", own(lateClaim), client, "beat"},
		{"a client that is not eligible", own(time.Minute), func(r *rule.Running) { client(r); r.Eligible = false }, "beat"},
		{"a client whose mode was set", own(time.Minute), func(r *rule.Running) { client(r); r.Self.Membership.Open = false }, "beat"},
		{"a client whose slot is in another name", rec(rule.Established, 2, elsewhere("i9", "s8", 8, 0)), client, "beat"},
	} {
		got, err := rule.Serve(surplus(tt.rec, tt.change))
		text := got.StepDown
		if text == "" {
			text = showOrder(got, err)
		}
		if text != tt.want {
			t.Errorf("%s: got %s, want %s", tt.name, text, tt.want)
		}
		if got.Swap != nil {
			if _, err := got.Swap.Encode(); err != nil || got.Swap.Write != "mine" || got.Swap.Seq != tt.rec.Seq+1 {
				t.Errorf("%s: got %+v to be written, %v", tt.name, *got.Swap, err)
			}
		}
	}
}

// A server that steps down is marked in the record for as long as it is to, and its mark
// stays young (R50).
func TestMarkLeaving(t *testing.T) {
	t.Parallel()
	const fresh = "c1 established term 1 by i1 of 2: i1 i2 without s9"
	for _, tt := range []struct {
		name   string
		rec    *rule.Record
		change func(*rule.Running)
		want   string // what is to be written; empty for nothing
		is     bool   // it is marked already
	}{
		{"a mark", full(), func(*rule.Running) {}, fresh, false},
		{"marked", leaving(full(), 9, expiry/2-time.Second), func(*rule.Running) {}, "", true},
		{"due for renewal", leaving(full(), 9, expiry/2), func(*rule.Running) {}, fresh, true},
		{"long ago", leaving(full(), 9, expiry), func(*rule.Running) {}, fresh, false},
		{"another is", leaving(full(), 3, expiry-time.Second), func(*rule.Running) {}, "", false},
		{"another was, long ago", leaving(full(), 3, expiry), func(*rule.Running) {}, fresh, false},
		{"it is to no longer", full(), func(r *rule.Running) { r.Eligible = false }, "", false},
		{"marked, and is to no longer", leaving(rec(rule.Established, 3, slot(1, 0), slot(2, 0)), 9, time.Second), func(*rule.Running) {}, "", false},
		{"no record", nil, func(*rule.Running) {}, "", false},
		{"a birth", rec(rule.Bootstrapping, 1, slot(1, 0)), func(*rule.Running) {}, "", false},
		{"a birth, and a mark", leaving(rec(rule.Bootstrapping, 1, slot(1, 0)), 9, 0), func(*rule.Running) {}, "", false},
		{"it has a slot", rec(rule.Established, 2, slot(1, 0), promoted(9, 0, time.Hour)), func(r *rule.Running) { r.Voter, r.NoVoteFor = false, time.Hour }, "", false},
	} {
		in := surplus(tt.rec, tt.change)
		before := flat(t, in)
		got, text := rule.MarkLeaving(in), ""
		if got != nil {
			text = showRecord(*got)
			if l := *got.Leaving; l != (rule.Leaving{Incarnation: "i9", Node: "s9", Since: epoch}) || got.Seq != tt.rec.Seq+1 || got.Write != "mine" {
				t.Errorf("%s: got the mark %+v, seq %d, write %s", tt.name, l, got.Seq, got.Write)
			}
		}
		if text != tt.want || rule.IsLeaving(in) != tt.is {
			t.Errorf("%s: got %q to be written, marked %t; want %q, %t", tt.name, text, rule.IsLeaving(in), tt.want, tt.is)
		}
		if after := flat(t, in); after != before {
			t.Errorf("%s: the rule changed what it was shown: got %s, want %s", tt.name, after, before)
		}
	}
}
