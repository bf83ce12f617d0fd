package rule_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"auto-consul/lib/registry"
	"auto-consul/lib/rule"
)

// live returns a snapshot of members that have beaten one after another. Each is "node
// address".
func live(servers, agents []string) registry.Snapshot {
	at := time.Date(2026, 11, 23, 1, 16, 10, 0, time.UTC)
	snap := registry.Snapshot{Time: at, Live: map[registry.Role][]registry.Member{}}
	for role, list := range map[registry.Role][]string{registry.Servers: servers, registry.Agents: agents} {
		for i, text := range list {
			node, address, _ := strings.Cut(text, " ")
			beat := at.Add(time.Duration(i-len(list)) * time.Second)
			snap.Live[role] = append(snap.Live[role], registry.Member{
				Node: node, Address: address, Heartbeat: beat, Oldest: beat,
			})
		}
	}
	return snap
}

// The plain rule decides by heartbeats and by what is kept, and needs no record (R42).
func TestPlain(t *testing.T) {
	t.Parallel()
	one, two := "s1 192.0.2.1", "s2 192.0.2.2"
	tests := []struct {
		name    string
		self    rule.Self
		desired int
		servers []string
		agents  []string
		want    rule.Decision // without Reason and Desired
		reason  string        // part of it
	}{
		{
			name: "nobody", desired: 1, reason: "no live servers",
			want: rule.Decision{Mode: registry.Server, Bootstrap: true, Join: []string{}, Held: []string{}},
		},
		{
			name: "enough", desired: 1, servers: []string{one}, agents: []string{one}, reason: "1 live servers, 1 desired",
			want: rule.Decision{Mode: registry.Client, Join: []string{"192.0.2.1"}, Held: []string{"s1"}},
		},
		{
			name: "more than enough", desired: 1, servers: []string{two, one}, agents: []string{two, one},
			reason: "2 live servers, 1 desired",
			want:   rule.Decision{Mode: registry.Client, Join: []string{"192.0.2.1", "192.0.2.2"}, Held: []string{"s1", "s2"}},
		},
		{
			name: "too few", desired: 3, servers: []string{one, two}, agents: []string{one, two},
			reason: "2 live servers, 3 desired",
			want:   rule.Decision{Mode: registry.Server, Join: []string{"192.0.2.2", "192.0.2.1"}, Held: []string{"s1", "s2"}},
		},
		{
			name: "clients without a server", desired: 1, agents: []string{one}, reason: "no live servers",
			want: rule.Decision{Mode: registry.Server, Bootstrap: true, Join: []string{}, Held: []string{}},
		},
		{
			name: "itself alone", desired: 1, servers: []string{"me 192.0.2.9"}, reason: "no live servers",
			want: rule.Decision{Mode: registry.Server, Bootstrap: true, Join: []string{}, Held: []string{}},
		},
		{
			name: "itself among them", desired: 2, servers: []string{one, "me 192.0.2.7"}, reason: "1 live servers, 2 desired",
			want: rule.Decision{Mode: registry.Server, Join: []string{"192.0.2.1"}, Held: []string{"s1"}},
		},
		{
			name: "another under its address", desired: 1, servers: []string{one, "old 192.0.2.9"}, reason: "2 live",
			want: rule.Decision{Mode: registry.Client, Join: []string{"192.0.2.1"}, Held: []string{"old", "s1"}},
		},
		{
			name: "kept client, nobody there", self: rule.Self{Mode: registry.Client}, desired: 1, reason: "keeps mode agent",
			want: rule.Decision{Mode: registry.Client, Join: []string{}, Held: []string{}},
		},
		{
			name: "kept server, enough", self: rule.Self{Mode: registry.Server}, desired: 1, servers: []string{one},
			reason: "keeps mode server",
			want:   rule.Decision{Mode: registry.Server, Join: []string{"192.0.2.1"}, Held: []string{"s1"}},
		},
		{
			name: "kept server, nobody there", self: rule.Self{Mode: registry.Server}, desired: 1, reason: "no live servers",
			want: rule.Decision{Mode: registry.Server, Bootstrap: true, Join: []string{}, Held: []string{}},
		},
		{
			name: "raft data, nobody there", self: rule.Self{Mode: registry.Server, Raft: true}, desired: 1, reason: "raft data",
			want: rule.Decision{Mode: registry.Server, Join: []string{}, Held: []string{}},
		},
		{
			name: "raft data without a mode", self: rule.Self{Raft: true}, desired: 1, servers: []string{one},
			reason: "raft data",
			want:   rule.Decision{Mode: registry.Server, Join: []string{"192.0.2.1"}, Held: []string{"s1"}},
		},
		{
			name: "raft data of a former server", self: rule.Self{Mode: registry.Client, Raft: true}, desired: 1,
			servers: []string{one}, reason: "keeps mode agent",
			want: rule.Decision{Mode: registry.Client, Join: []string{"192.0.2.1"}, Held: []string{"s1"}},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			self := tt.self
			self.Node, self.Address = "me", "192.0.2.9"
			got := rule.Plain(self, tt.desired, live(tt.servers, tt.agents))
			if !strings.Contains(got.Reason, tt.reason) {
				t.Errorf("got reason %q, want it to say %q", got.Reason, tt.reason)
			}
			tt.want.Reason, tt.want.Desired = got.Reason, tt.desired
			if !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got %+v\nwant %+v", got, tt.want)
			}
		})
	}
}

// Whom a node joins: a server joins servers, a client the freshest members with a server
// among them; five at most, each once, never itself (R26).
func TestPlainJoin(t *testing.T) {
	t.Parallel()
	agents := []string{"s1 192.0.2.1", "a1 192.0.2.11", "a2 192.0.2.12", "a3 192.0.2.13", "a4 192.0.2.14", "a5 192.0.2.15"}
	tests := []struct {
		name    string
		mode    registry.Mode
		servers []string
		agents  []string
		want    []string
	}{
		{
			"client: the freshest, a server among them", registry.Client, agents[:1], agents,
			[]string{"192.0.2.15", "192.0.2.14", "192.0.2.13", "192.0.2.12", "192.0.2.1"},
		},
		{
			"client: the server is among the freshest", registry.Client, agents[:1], append(agents[1:6:6], agents[0]),
			[]string{"192.0.2.1", "192.0.2.15", "192.0.2.14", "192.0.2.13", "192.0.2.12"},
		},
		{
			"client: a server that does not beat under agents/", registry.Client, agents[:1], agents[1:2],
			[]string{"192.0.2.11", "192.0.2.1"},
		},
		{
			"client: none of the servers' addresses is known", registry.Client,
			[]string{"s1 "},
			agents[1:],
			[]string{"192.0.2.15", "192.0.2.14", "192.0.2.13", "192.0.2.12", "192.0.2.11"},
		},
		{
			"server: servers alone, at most five", registry.Server, agents, agents[:2],
			[]string{"192.0.2.15", "192.0.2.14", "192.0.2.13", "192.0.2.12", "192.0.2.11"},
		},
		{
			"each address once, and never its own", registry.Server,
			[]string{"a 192.0.2.1", "b 192.0.2.1", "c 192.0.2.9", "me 192.0.2.5"},
			nil,
			[]string{"192.0.2.1"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			self := rule.Self{Node: "me", Address: "192.0.2.9", Mode: tt.mode}
			if got := rule.Plain(self, 1, live(tt.servers, tt.agents)).Join; !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// A rule changes nothing of what it is shown.
func TestPlainIsPure(t *testing.T) {
	t.Parallel()
	servers, agents := []string{"s2 192.0.2.2", "me 192.0.2.9", "s1 192.0.2.1"}, []string{"me 192.0.2.9", "a 192.0.2.3"}
	snap := live(servers, agents)
	self := rule.Self{Node: "me", Address: "192.0.2.9"}
	first := rule.Plain(self, 3, snap)
	if !reflect.DeepEqual(snap, live(servers, agents)) {
		t.Errorf("got the snapshot changed to %+v", snap)
	}
	if second := rule.Plain(self, 3, snap); !reflect.DeepEqual(first, second) {
		t.Errorf("got %+v, then %+v", first, second)
	}
}
