package consul

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"auto-consul/lib/node"

	"github.com/hashicorp/consul/api"
)

// answering is an agent that gives one answer for each path, and the requests
// that it was sent.
func answering(t *testing.T, answers map[string]string) (agent *Agent, sent func() []string) {
	t.Helper()
	var requests []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests = append(requests, r.Method+" "+r.URL.EscapedPath())
		answer, ok := answers[r.URL.Path]
		if !ok {
			http.Error(w, "Permission denied", http.StatusForbidden)
			return
		}
		_, _ = w.Write([]byte(answer)) // a client that has gone is no matter
	}))
	t.Cleanup(server.Close)
	agent, err := newAgent(&api.Config{Address: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	agent.patience = 10 * time.Second
	return agent, func() []string { return requests }
}

const (
	raftConfiguration = `{"Servers":[{"Node":"a","Voter":true},{"Node":"b","Voter":true},{"Node":"c","Voter":false}]}`
	agentMembers      = `[{"Name":"a","Status":1},{"Name":"b","Status":4},{"Name":"c","Status":1},{"Name":"d","Status":1}]`
)

func TestPeers(t *testing.T) {
	t.Parallel()
	agent, _ := answering(t, map[string]string{
		"/v1/operator/raft/configuration": raftConfiguration, "/v1/agent/members": agentMembers,
	})
	living := func(a *Agent) ([]node.Peer, error) {
		peers, err := a.Peers(t.Context())
		return peers, errors.Join(err, a.FillAlive(t.Context(), peers))
	}
	got, err := living(agent)
	want := []node.Peer{{Node: "a", Voter: true, Alive: true}, {Node: "b", Voter: true}, {Node: "c", Alive: true}}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
	blind, _ := answering(t, map[string]string{
		"/v1/operator/raft/configuration": raftConfiguration, "/v1/agent/members": `[{"Name":"a","Status":1}]`,
	})
	if got, err := living(blind); !errors.Is(err, node.ErrNoPermission) || !strings.Contains(err.Error(), "node:read") {
		t.Errorf("members are left out: got %v, %v, want the permission node:read", got, err)
	}
	denied, _ := answering(t, nil)
	if _, err := denied.Peers(t.Context()); !errors.Is(err, node.ErrNoPermission) || !strings.Contains(err.Error(), "operator:read") {
		t.Errorf("denied: got %v, want the permission operator:read", err)
	}
}

func TestJoinLeaveLeader(t *testing.T) {
	t.Parallel()
	agent, sent := answering(t, map[string]string{
		"/v1/agent/join/10.0.0.2": "", "/v1/agent/leave": "", "/v1/status/leader": `"10.0.0.2:8300"`,
	})
	leader, err := agent.Leader(t.Context())
	if leader != "10.0.0.2:8300" || err != nil {
		t.Errorf("got leader %q, %v", leader, err)
	}
	if err := errors.Join(agent.Join(t.Context(), "10.0.0.2"), agent.Leave(t.Context())); err != nil {
		t.Error(err)
	}
	want := []string{"GET /v1/status/leader", "PUT /v1/agent/join/10.0.0.2", "PUT /v1/agent/leave"}
	if !slices.Equal(sent(), want) {
		t.Errorf("sent %v, want %v", sent(), want)
	}
	denied, _ := answering(t, nil)
	for name, err := range map[string]error{
		"join": denied.Join(t.Context(), "10.0.0.2"), "leave": denied.Leave(context.Background()),
	} {
		if !errors.Is(err, node.ErrNoPermission) || !strings.Contains(err.Error(), "agent:write") {
			t.Errorf("%s denied: got %v, want the permission agent:write", name, err)
		}
	}
}
