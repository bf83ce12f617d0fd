package rule_test

import (
	"slices"
	"testing"
	"time"

	"auto-consul/lib/registry"
	"auto-consul/lib/rule"
	"auto-consul/lib/ruletest"
)

// What is shown to people is judged as the rules judge it (R8).
func TestHeldAndVacant(t *testing.T) {
	t.Parallel()
	const second = time.Second
	expiry := ruletest.Expiry
	old, last := time.Hour, expiry-second
	for _, tt := range []struct {
		name         string
		record       *rule.Record
		live         []registry.Member
		held, vacant []string
	}{
		{name: "nothing is there"},
		{name: "no record", live: []registry.Member{beats(2, second), beats(1, second)}, held: []string{"s1", "s2"}},
		{
			name: "a server that beats holds an old slot", record: rec(rule.Established, 1, slot(1, old)),
			live: []registry.Member{beats(1, last)}, held: []string{"s1"},
		},
		{
			name: "a fresh slot is held in silence", record: rec(rule.Established, 1, slot(1, last)),
			held: []string{"s1"},
		},
		{
			name: "a slot of exactly the expiry is not", record: rec(rule.Established, 1, slot(1, expiry)),
			vacant: []string{"s1"},
		},
		{
			name: "vacant slots are sorted by node", record: rec(rule.Established, 3, slot(3, old), slot(2, old), slot(1, old)),
			live: []registry.Member{beats(2, second)}, held: []string{"s2"}, vacant: []string{"s1", "s3"},
		},
		{
			name: "a live server without a slot counts, and once", record: rec(rule.Established, 2, slot(1, second), slot(2, old)),
			live: []registry.Member{beats(1, second), beats(7, second)}, held: []string{"s1", "s7"}, vacant: []string{"s2"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			seen := rule.Observation{Record: tt.record}
			seen.Time, seen.Live = epoch, map[registry.Role][]registry.Member{registry.Servers: tt.live}
			var vacant []string
			for _, s := range seen.Vacant(expiry) {
				vacant = append(vacant, s.Node)
				if seen.Held(s, expiry) {
					t.Errorf("%s is vacant and held", s.Node)
				}
			}
			if held := seen.HeldServers(expiry); !slices.Equal(held, tt.held) || !slices.Equal(vacant, tt.vacant) {
				t.Errorf("got held %q, vacant %q, want %q, %q", held, vacant, tt.held, tt.vacant)
			}
		})
	}
}

// To look at an observation changes nothing in it.
func TestVacantKeepsOrder(t *testing.T) {
	t.Parallel()
	seen := rule.Observation{Record: rec(rule.Established, 2, slot(2, time.Hour), slot(1, time.Hour))}
	seen.Time = epoch
	seen.Vacant(ruletest.Expiry)
	seen.HeldServers(ruletest.Expiry)
	if first := seen.Record.Servers[0].Node; first != "s2" {
		t.Errorf("got %s first, want s2", first)
	}
}

// A slot is fresh until the moment that it names, and not at that moment (R8).
func TestFreshUntil(t *testing.T) {
	t.Parallel()
	s := slot(1, 0)
	end := s.FreshUntil(ruletest.Expiry)
	if !s.Fresh(end.Add(-time.Second), ruletest.Expiry) || s.Fresh(end, ruletest.Expiry) {
		t.Errorf("got %v, want the first moment at which the slot is not fresh", end)
	}
}
