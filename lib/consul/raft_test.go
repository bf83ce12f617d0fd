package consul

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"auto-consul/lib/node"
)

const (
	raftConfiguration = `{"Servers":[{"Node":"a","Voter":true},{"Node":"b","Voter":true},{"Node":"c","Voter":false}]}`
	agentMembers      = `[{"Name":"a","Status":1},{"Name":"b","Status":4},{"Name":"c","Status":1},{"Name":"d","Status":1}]`
)

func TestPeers(t *testing.T) {
	t.Parallel()
	agent, _ := asking(t, map[string]string{"configuration": raftConfiguration, "members": agentMembers})
	living := func(a *Agent) ([]node.Peer, error) {
		peers, err := a.Peers(t.Context())
		return peers, errors.Join(err, a.FillAlive(t.Context(), peers))
	}
	got, err := living(agent)
	want := []node.Peer{{Node: "a", Voter: true, Alive: true}, {Node: "b", Voter: true}, {Node: "c", Alive: true}}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
	blind, _ := asking(t, map[string]string{"configuration": raftConfiguration, "members": `[{"Name":"a","Status":1}]`})
	if got, err := living(blind); !errors.Is(err, node.ErrNoPermission) || !strings.Contains(err.Error(), "node:read") {
		t.Errorf("members are left out: got %v, %v, want the permission node:read", got, err)
	}
	denied, _ := asking(t, nil)
	if _, err := denied.Peers(t.Context()); !errors.Is(err, node.ErrNoPermission) || !strings.Contains(err.Error(), "operator:read") {
		t.Errorf("denied: got %v, want the permission operator:read", err)
	}
}

// What a server itself knows of the raft configuration, by the names of its members.
func TestOwnPeers(t *testing.T) {
	t.Parallel()
	const members = `[{"Name":"s1","Tags":{"id":"213fafe3-4e40-fdd4-0335-29f2a8e49929"},"Status":1},
		{"Name":"s2","Tags":{"id":"ed93a8f3-6efd-c1b9-d8ac-930a33b50791"},"Status":1},
		{"Name":"s3","Tags":{"id":"abb8730e-c964-9c10-48d1-bc123ebccfba"},"Status":1},{"Name":"c","Tags":{"id":"other"},"Status":1}]`
	self := func(configuration string) string { return fmt.Sprintf(votingSelf, "id", true, configuration) }
	agent, _ := asking(t, map[string]string{"self": self(twoVoters), "members": members})
	got, err := agent.OwnPeers(t.Context())
	want := []node.Peer{{Node: "s1", Voter: true}, {Node: "s2", Voter: true}, {Node: "s3"}}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
	for name, test := range map[string]struct {
		answers map[string]string
		want    string
	}{
		"a member is left out": {map[string]string{"self": self(twoVoters), "members": "[" + strings.SplitAfterN(members, "},\n", 2)[1]}, "node:read: none has the raft peer's id 213fafe3"},
		"no peers":             {map[string]string{"self": self("[]"), "members": members}, "this agent knows none"},
		"members are denied":   {map[string]string{"self": self(twoVoters)}, "node:read: Permission denied"},
		"all is denied":        {nil, "agent:read: Permission denied"},
	} {
		agent, _ := asking(t, test.answers)
		if got, err := agent.OwnPeers(t.Context()); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, %v, want %s", name, got, err, test.want)
		}
	}
}

func TestJoinLeaveLeader(t *testing.T) {
	t.Parallel()
	agent, fake := asking(t, map[string]string{"join": "10.0.0.2", "leader": `"10.0.0.2:8300"`})
	leader, err := agent.Leader(t.Context())
	if leader != "10.0.0.2:8300" || err != nil {
		t.Errorf("got leader %q, %v", leader, err)
	}
	if err := errors.Join(agent.Join(t.Context(), "10.0.0.2"), agent.Leave(t.Context())); err != nil {
		t.Error(err)
	}
	if _, err := agent.Status(t.Context()); !errors.Is(err, node.ErrNotRunning) {
		t.Errorf("after it has left: got %v, want %v", err, node.ErrNotRunning)
	}
	want := []string{"GET /v1/status/leader", "PUT /v1/agent/join/10.0.0.2", "PUT /v1/agent/leave"}
	if got := fake.Requests(); !slices.Equal(got, want) {
		t.Errorf("sent %v, want %v", got, want)
	}
	denied, _ := asking(t, map[string]string{"leave.403": "Permission denied"})
	for name, err := range map[string]error{
		"join": denied.Join(t.Context(), "10.0.0.2"), "leave": denied.Leave(context.Background()),
	} {
		if !errors.Is(err, node.ErrNoPermission) || !strings.Contains(err.Error(), "agent:write") {
			t.Errorf("%s denied: got %v, want the permission agent:write", name, err)
		}
	}
}
