package rule_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"auto-consul/lib/registry"
	"auto-consul/lib/rule"
)

// What a bootstrap rests on is read once more immediately before it (R27).
func TestConfirm(t *testing.T) {
	t.Parallel()
	mine := rec(rule.Bootstrapping, 2, slot(9, expiry-time.Second), slot(1, time.Second))
	tests := []struct {
		name string
		rec  *rule.Record
		want string
	}{
		{"it stands", mine, ""},
		{"the record is gone", nil, "undecided: the cluster record is gone"},
		{"another cluster", with(rec(rule.Bootstrapping, 1, slot(9, 0)), func(r *rule.Record) { r.ClusterID = "c2" }), "undecided: the registry names cluster c2 now"},
		{"taken over", with(rec(rule.Bootstrapping, 1, slot(1, 0)), func(r *rule.Record) { r.Bootstrap.Term = 2 }), "undecided: the record is at term 2 now, by s1"},
		{"established", rec(rule.Established, 1, slot(9, 0)), "undecided: cluster c1 has bootstrapped already"},
		{"established, term later", with(rec(rule.Established, 1, slot(1, 0)), func(r *rule.Record) { r.Bootstrap.Term = 2 }), "undecided: the record is at term 2 now, by s1"},
		{"the slot is another's", rec(rule.Bootstrapping, 1, slot(1, 0)), "undecided: this node's slot was given to another"},
		{"the slot is not fresh", rec(rule.Bootstrapping, 1, slot(9, expiry)), "undecided: the claim is older than 2m0s and nothing came of it"},
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

// A server that joins is confirmed, too; it needs no record, and a slot only where it was
// decided by one (R27).
func TestConfirmJoin(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		rec  *rule.Record
		slot bool
		want string
	}{
		{"established", rec(rule.Established, 1, slot(9, time.Second)), true, ""},
		{"the birth is under way", rec(rule.Bootstrapping, 2, slot(1, time.Second), slot(9, expiry-time.Second)), true, ""},
		{"the slot is not fresh", rec(rule.Established, 2, slot(1, time.Hour), slot(9, expiry)), true, "undecided: the claim is older than 2m0s and nothing came of it"},
		{"the slot was given to another", rec(rule.Established, 2, slot(1, time.Hour), slot(2, 0)), true, "undecided: this node's slot was given to another"},
		{"a copy has claimed it since", rec(rule.Established, 2, slot(1, time.Hour), elsewhere("i9", "s7", 7, 0)), true, "undecided: this node's slot is that of s7 at 192.0.2.7 now, which has a copy of the data directory"},
		{"raft data without a slot: all are taken", rec(rule.Established, 1, slot(1, 0)), false, ""},
		{"the record is gone: it will be written back", nil, true, ""},
		{"another cluster", with(rec(rule.Established, 1, slot(9, 0)), func(r *rule.Record) { r.ClusterID = "c2" }), true, "undecided: the registry names cluster c2 now"},
		{"another birth", with(rec(rule.Bootstrapping, 1, slot(1, 0)), func(r *rule.Record) { r.Bootstrap.Term = 2 }), true, "undecided: the record is at term 2 now, by s1"},
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

// Only a server's decision rests on a claim, and only one that was made with claims (R27).
func TestClaimOfADecision(t *testing.T) {
	t.Parallel()
	self := rule.Self{Node: "s9", Address: "192.0.2.9", Incarnation: "i9"}
	claim := rule.Claim{ClusterID: "c1", Term: 2, Incarnation: "i9", Node: "s9", Address: "192.0.2.9", Expiry: expiry}
	bootstrap, slot := claim, claim
	bootstrap.Bootstrap, bootstrap.HasSlot, slot.HasSlot = true, true, true
	tests := []struct {
		name string
		d    rule.Decision
		want rule.Claim
	}{
		{"bootstrap", rule.Decision{Mode: registry.Server, Bootstrap: true, HasSlot: true, Membership: kept("c1", 2)}, bootstrap},
		{"bootstrap with others", rule.Decision{Mode: registry.Server, Expect: 3, HasSlot: true, Membership: kept("c1", 2)}, bootstrap},
		{"joins by a slot", rule.Decision{Mode: registry.Server, HasSlot: true, Membership: kept("c1", 2)}, slot},
		{"raft data without a slot, or without a record", rule.Decision{Mode: registry.Server, Membership: kept("c1", 2)}, claim},
		{"a client", rule.Decision{Mode: registry.Client, Membership: kept("c1", 2)}, rule.Claim{}},
		{"without claims", rule.Decision{Mode: registry.Server, Bootstrap: true}, rule.Claim{}},
	}
	for _, tt := range tests {
		if got := tt.d.Claim(self, expiry); got != tt.want {
			t.Errorf("%s: got %+v, want %+v", tt.name, got, tt.want)
		}
	}
}
