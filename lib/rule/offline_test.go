package rule_test

import (
	"slices"
	"strings"
	"testing"

	"auto-consul/lib/registry"
	"auto-consul/lib/rule"
)

// While the store is away a kept client starts with the addresses that it keeps, a server
// with raft data if the operator allows it, and nobody else (R58).
func TestOffline(t *testing.T) {
	t.Parallel()
	established := rule.Membership{ClusterID: "c1", Term: 2, Desired: 3, Birth: rule.Quorum, Established: true}
	born := established
	born.Established = false
	known := []string{"127.0.0.1", "127.0.0.2"}
	client := rule.Self{Node: "n1", Address: "127.0.0.1", Incarnation: "i1", Mode: registry.Client, Membership: established}
	server := client
	server.Mode, server.Raft = registry.Server, true
	tests := []struct {
		name    string
		self    func(s *rule.Self)
		known   []string
		allowed bool
		want    registry.Mode // empty: it needs the store
		join    []string
		why     string // what NeedsStore says of a server
	}{
		{name: "a client", self: func(s *rule.Self) { *s = client }, known: known, want: registry.Client, join: []string{"127.0.0.2"}, why: "is a client"},
		{name: "a client that knows nobody", self: func(s *rule.Self) { *s = client }, why: "is a client"},
		{name: "a client that knows itself", self: func(s *rule.Self) { *s = client }, known: known[:1], why: "is a client"},
		{name: "a client of no known cluster", self: func(s *rule.Self) { *s = client; s.Membership = rule.Membership{} }, known: known, want: registry.Client, join: []string{"127.0.0.2"}, why: "is a client"},
		{name: "a client with raft data", self: func(s *rule.Self) { s.Mode = registry.Client }, known: known, allowed: true, why: "is a client"},
		{name: "a server", self: func(*rule.Self) {}, known: known},
		{name: "a server, allowed", self: func(*rule.Self) {}, known: known, allowed: true, want: registry.Server, join: []string{"127.0.0.2"}},
		{name: "a sole server, allowed", self: func(*rule.Self) {}, allowed: true, want: registry.Server, join: []string{}},
		{name: "raft data whose mode is not kept", self: func(s *rule.Self) { s.Mode = "" }, known: known, allowed: true, want: registry.Server, join: []string{"127.0.0.2"}},
		{name: "a server without raft data", self: func(s *rule.Self) { s.Raft = false }, known: known, allowed: true, why: "no raft data"},
		{name: "a blank node", self: func(s *rule.Self) { *s = rule.Self{Node: "n1", Address: "127.0.0.1"} }, known: known, allowed: true, why: "no raft data"},
		{name: "raft data of no known cluster", self: func(s *rule.Self) { s.Membership = rule.Membership{} }, known: known, allowed: true, why: "which cluster"},
		{name: "raft data of a birth that may have been taken over", self: func(s *rule.Self) { s.Membership = born }, known: known, allowed: true, why: "has succeeded"},
		{name: "raft data without claims", self: func(s *rule.Self) { s.Membership, s.Incarnation = rule.Membership{}, "" }, known: known, allowed: true, want: registry.Server, join: []string{"127.0.0.2"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			self := server
			tt.self(&self)
			got, ok := rule.Offline(self, tt.known, tt.allowed, "connection refused")
			if ok != (tt.want != "") || got.Bootstrap || got.Expect != 0 {
				t.Fatalf("got %v, %+v, want mode %q and no birth", ok, got, tt.want)
			}
			if why := rule.NeedsStore(self); (why == "") != (tt.why == "") || !strings.Contains(why, tt.why) {
				t.Errorf("got %q, want it to say %q", why, tt.why)
			}
			if !ok {
				return
			}
			if got.Mode != tt.want || !slices.Equal(got.Join, tt.join) || got.Membership != self.Membership || !got.Offline {
				t.Errorf("got %+v, want mode %s, to join %v, and the membership as it was", got, tt.want, tt.join)
			}
			if !strings.Contains(got.Reason, "connection refused") {
				t.Errorf("got reason %q, want it to name the outage", got.Reason)
			}
		})
	}
}

// A node is given as many addresses as any other (R26).
func TestOfflineJoinsFew(t *testing.T) {
	t.Parallel()
	known := []string{"127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.5", "127.0.0.6", "127.0.0.7"}
	d, _ := rule.Offline(rule.Self{Node: "n1", Address: "127.0.0.1", Mode: registry.Client}, known, false, "")
	if len(d.Join) != rule.MaxJoin {
		t.Errorf("got %v to join, want %d", d.Join, rule.MaxJoin)
	}
}

// A server that was decided without the store is confirmed by the record as any that
// joins: by cluster and term (R27, R58).
func TestConfirmOffline(t *testing.T) {
	t.Parallel()
	m := rule.Membership{ClusterID: "c1", Term: 1, Established: true}
	self := rule.Self{Node: "n1", Address: "127.0.0.1", Incarnation: "i1", Mode: registry.Server, Raft: true, Membership: m}
	d, ok := rule.Offline(self, nil, true, "")
	claim := d.Claim(self, expiry)
	if !ok || !claim.Offline || claim.HasSlot || claim.Bootstrap {
		t.Fatalf("got claim %+v, want one that rests on no slot", claim)
	}
	rec := &rule.Record{ClusterID: "c1", State: rule.Established, Bootstrap: rule.Bootstrap{Term: 1}}
	if err := rule.Confirm(rec, epoch, claim); err != nil {
		t.Errorf("got %v beside its own record, want it confirmed", err)
	}
	for name, other := range map[string]rule.Record{
		"another cluster": {ClusterID: "c2", Bootstrap: rule.Bootstrap{Term: 2}},
		"a later term":    {ClusterID: "c1", Bootstrap: rule.Bootstrap{Term: 2}},
	} {
		if err := rule.Confirm(&other, epoch, claim); err == nil {
			t.Errorf("got it confirmed beside %s", name)
		}
	}
}
