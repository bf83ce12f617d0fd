package rule_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"auto-consul/lib/rule"
)

func TestConfirm(t *testing.T) {
	t.Parallel()
	mine := rec(rule.Bootstrapping, 2, slot(9, expiry-time.Second), slot(1, time.Second))
	tests := []struct {
		name string
		rec  *rule.Record
		want string
	}{
		{"it stands", mine, ""},
		{"gone", nil, "undecided: the cluster record is gone"},
		{"another cluster", with(rec(rule.Bootstrapping, 1, slot(9, 0)), func(r *rule.Record) { r.ClusterID = "c2" }), "undecided: the registry names cluster c2 now"},
		{"taken over", with(rec(rule.Bootstrapping, 1, slot(1, 0)), func(r *rule.Record) { r.Bootstrap.Term = 2 }), "undecided: s1 may bootstrap now, in term 2"},
		{"established", rec(rule.Established, 1, slot(9, 0)), "undecided: cluster c1 has bootstrapped already"},
		{"established, term later", with(rec(rule.Established, 1, slot(1, 0)), func(r *rule.Record) { r.Bootstrap.Term = 2 }), "undecided: s1 may bootstrap now, in term 2"},
		{"the slot is another's", rec(rule.Bootstrapping, 1, slot(1, 0)), "undecided: this node's slot was given to another"},
		{"too old", rec(rule.Bootstrapping, 1, slot(9, expiry)), "undecided: the claim is older than 2m0s and nothing came of it"},
		{"a copy has claimed it since", rec(rule.Bootstrapping, 1, elsewhere("i9", "s7", 7, 0)), "undecided: this node's slot is that of s7 at 192.0.2.7 now, which has a copy of the data directory"},
		{"a copy of the same name has", rec(rule.Bootstrapping, 1, elsewhere("i9", "s9", 7, 0)), "undecided: this node's slot is that of s9 at 192.0.2.7 now, which has a copy of the data directory"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			err := rule.Confirm(tt.rec, epoch, rule.Claim{
				Bootstrap: true, HasSlot: true, ClusterID: "c1", Incarnation: "i9", Node: "s9", Address: "192.0.2.9", Term: 1, Expiry: expiry,
			})
			if got := fmt.Sprint(err); got != tt.want && (err != nil || tt.want != "") {
				t.Errorf("got %s, want %s", got, tt.want)
			}
			if err != nil && !errors.Is(err, rule.ErrUndecided) {
				t.Errorf("got %v, want it to wrap %v", err, rule.ErrUndecided)
			}
		})
	}
}

func TestConfirmWhoJoins(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		rec  *rule.Record
		slot bool
		want string
	}{
		{"established", rec(rule.Established, 1, slot(9, time.Second)), true, ""},
		{"being born", rec(rule.Bootstrapping, 2, slot(1, time.Second), slot(9, expiry-time.Second)), true, ""},
		{"the claim has grown old", rec(rule.Established, 2, slot(1, time.Hour), slot(9, expiry)), true, "undecided: the claim is older than 2m0s and nothing came of it"},
		{"its place was given to another", rec(rule.Established, 2, slot(1, time.Hour), slot(2, 0)), true, "undecided: this node's slot was given to another"},
		{"a copy has claimed it since", rec(rule.Established, 2, slot(1, time.Hour), elsewhere("i9", "s7", 7, 0)), true, "undecided: this node's slot is that of s7 at 192.0.2.7 now, which has a copy of the data directory"},
		{"raft data without a slot: all are taken", rec(rule.Established, 1, slot(1, 0)), false, ""},
		{"gone: it will be written back", nil, true, ""},
		{"another cluster", with(rec(rule.Established, 1, slot(9, 0)), func(r *rule.Record) { r.ClusterID = "c2" }), true, "undecided: the registry names cluster c2 now"},
		{"another birth", with(rec(rule.Bootstrapping, 1, slot(1, 0)), func(r *rule.Record) { r.Bootstrap.Term = 2 }), true, "undecided: s1 may bootstrap now, in term 2"},
	}
	for _, tt := range tests {
		err := rule.Confirm(tt.rec, epoch, rule.Claim{
			HasSlot: tt.slot, ClusterID: "c1", Incarnation: "i9", Node: "s9", Address: "192.0.2.9", Term: 1, Expiry: expiry,
		})
		if got := fmt.Sprint(err); got != tt.want && (err != nil || tt.want != "") {
			t.Errorf("%s: got %s, want %s", tt.name, got, tt.want)
		}
	}
}
