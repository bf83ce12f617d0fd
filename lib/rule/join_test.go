package rule_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"auto-consul/lib/registry"
	"auto-consul/lib/rule"
)

// An agent that is alone may join live members and, where there are none, the addresses
// in the record; never itself (R26, R41).
func TestJoinTargets(t *testing.T) {
	t.Parallel()
	seen := func(servers ...registry.Member) rule.Observation {
		o := rule.Observation{Record: rec(rule.Established, 3, slot(1, time.Hour), slot(2, time.Minute), slot(9, time.Hour))}
		o.Live = map[registry.Role][]registry.Member{registry.Servers: servers, registry.Agents: servers}
		return o
	}
	self := rule.Self{Node: "s9", Address: "192.0.2.9"}
	many := seen(beats(3, time.Second))
	many.Live[registry.Agents] = []registry.Member{beats(6, time.Minute), beats(7, time.Minute), beats(8, time.Minute)}
	many.More = []registry.Role{registry.Agents}
	tests := []struct {
		name string
		mode registry.Mode
		seen rule.Observation
		want string
	}{
		{"server, nobody lives", "server", seen(), "192.0.2.2 192.0.2.1"},
		{"server", "server", seen(beats(3, time.Second), beats(9, 0)), "192.0.2.3 192.0.2.2 192.0.2.1"},
		{"client", "agent", seen(beats(3, time.Second)), "192.0.2.3 192.0.2.2 192.0.2.1"},
		{"no record", "agent", rule.Observation{}, ""},
		{"client among many", "agent", many, "192.0.2.3 192.0.2.2 192.0.2.1 192.0.2.8 192.0.2.7"},
	}
	for _, tt := range tests {
		if got := rule.JoinTargets(tt.mode, self, tt.seen); !slices.Equal(got, strings.Fields(tt.want)) {
			t.Errorf("%s: got %q, want %s", tt.name, got, tt.want)
		}
	}
}
