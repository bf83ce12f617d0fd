package consul

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/consul/api"

	"auto-consul/lib/consultest"
	"auto-consul/lib/node"
)

const (
	serverSelf = `{"Config":{"NodeName":"server1","Server":true},"Member":{"Name":"server1","Addr":"10.0.0.1","Port":8301},
		"Stats":{"consul":{"server":"true","leader":"false","leader_addr":"10.0.0.2:8300"},"raft":{"last_log_index":"17"},"serf_lan":{"members":"5"}}}`
	clientSelf = `{"Config":{"NodeName":"agent1","Server":false},"Member":{"Addr":"2001:db8::7"},
		"Stats":{"consul":{"server":"false","known_servers":"3"},"serf_lan":{"members":"4"}}}`
)

func agentAt(t *testing.T, address string) *Agent {
	t.Helper()
	a, err := newAgent(&api.Config{Address: address})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// asking starts an agent that gives these answers, and asks it.
func asking(t *testing.T, answers map[string]string) (*Agent, *consultest.Agent) {
	t.Helper()
	fake := consultest.New(answers)
	return agentAt(t, fake.Start(t)), fake
}

// askingSelf is [asking] of an agent that says something of itself, with a status.
func askingSelf(t *testing.T, code int, body string) *Agent {
	t.Helper()
	a, _ := asking(t, map[string]string{fmt.Sprintf("self.%d", code): body})
	return a
}

func TestStatus(t *testing.T) {
	t.Parallel()
	const leaderless = `{"Config":{"NodeName":"s","Server":true},"Member":{"Addr":"10.0.0.1"},"Stats":{"consul":{"leader_addr":""},"raft":{"last_log_index":"0"},"serf_lan":{"members":"1"}}}`
	tests := []struct {
		name, body string
		want       node.Status
	}{
		{"server", serverSelf, node.Status{Node: "server1", Address: "10.0.0.1", Server: true, Members: 5, Leader: "10.0.0.2:8300", LogIndex: 17, Log: node.Log{Index: 17}}},
		{"leader", strings.Replace(serverSelf, `"leader":"false"`, `"leader":"true"`, 1), node.Status{Node: "server1", Address: "10.0.0.1", Server: true, Members: 5, Leader: "10.0.0.2:8300", Leads: true, LogIndex: 17, Log: node.Log{Index: 17}}},
		{"client", clientSelf, node.Status{Node: "agent1", Address: "2001:db8::7", Members: 4, KnownServers: 3}},
		{"server without a leader", leaderless, node.Status{Node: "s", Address: "10.0.0.1", Server: true, Members: 1}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got, err := askingSelf(t, 200, test.body).Status(t.Context())
			if err != nil || !reflect.DeepEqual(got, test.want) {
				t.Errorf("got %+v, %v; want %+v", got, err, test.want)
			}
		})
	}
}

// failure says which of the package's errors an error is.
func failure(err error) string {
	switch {
	case err == nil:
		return "none"
	case errors.Is(err, node.ErrNotRunning):
		return "not running"
	case errors.Is(err, node.ErrNoAnswer):
		return "silent"
	case errors.Is(err, node.ErrUnknownToken):
		return "unknown token"
	case errors.Is(err, node.ErrNoPermission):
		return "no permission"
	}
	return "other"
}

func TestStatusRefused(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		code int
		body string
		kind string
		want string
	}{
		{"no token", 403, "Permission denied: anonymous token lacks permission 'agent:read' on \"s\"", "no permission", "needs the permission agent:read: Permission denied"},
		{"unknown token", 403, "ACL not found", "unknown token", "agent:read: ACL not found"},
		{"no ACLs yet", 403, "The ACL system must be bootstrapped before making any requests that require authorization: ACL not found", "unknown token", "denies access: it does not know the token"},
		{"server error", 500, "No cluster leader", "other", "answered 500: No cluster leader"},
		{"not found", 404, "", "other", "answered 404"},
		{"a page without end", 502, strings.Repeat("x", 10_000), "other", strings.Repeat("x", 200) + "…"},
		{"garbage", 200, "<html>", "other", "invalid character"},
		{"cut short", 200, serverSelf[:80], "other", "EOF"},
		{"nothing", 200, "", "other", "EOF"},
		{"another service", 200, `{"status":"ok"}`, "other", "not a Consul agent's"},
		{"a list", 200, `[]`, "other", "cannot unmarshal"},
		{"no log index", 200, strings.Replace(serverSelf, `"17"`, `"many"`, 1), "other", "raft.last_log_index"},
		{"no members", 200, strings.Replace(serverSelf, `"members":"5"`, `"members":"many"`, 1), "other", "serf_lan.members"},
		{"client without servers", 200, strings.Replace(clientSelf, `known_servers`, `x`, 1), "other", "known_servers"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got, err := askingSelf(t, test.code, test.body).Status(t.Context())
			if failure(err) != test.kind || !reflect.DeepEqual(got, node.Status{}) {
				t.Fatalf("got %+v, %v; want %s", got, err, test.kind)
			}
			if !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %q, want %q in it", err, test.want)
			}
		})
	}
}

// silent starts an agent that takes questions and never answers.
func silent(t *testing.T) *Agent {
	t.Helper()
	a, _ := asking(t, map[string]string{"self.hang": "", "leader.hang": "", "configuration.hang": "", "members.hang": ""})
	return a
}

func TestStatusOfNobody(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	stale := filepath.Join(t.TempDir(), "stale")
	u, err := net.ListenUnix("unix", &net.UnixAddr{Name: stale, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	u.SetUnlinkOnClose(false)
	if err := u.Close(); err != nil {
		t.Fatal(err)
	}
	for name, a := range map[string]*Agent{
		"refused":      agentAt(t, closed),
		"no socket":    agentAt(t, "unix://"+filepath.Join(t.TempDir(), "none")),
		"stale socket": agentAt(t, "unix://"+stale),
	} {
		if _, err := a.Status(t.Context()); failure(err) != "not running" {
			t.Errorf("%s: got %v, want not running", name, err)
		}
	}
}

// Who hangs may go on at any time, so it is not taken for gone.
func TestSilence(t *testing.T) {
	t.Parallel()
	hung := silent(t)
	hung.patience = time.Millisecond
	_, status := hung.Status(t.Context())
	_, leader := hung.Leader(t.Context())
	_, peers := hung.Peers(t.Context())
	_, servers := hung.Servers(t.Context())
	halfHung, _ := asking(t, map[string]string{"self": clientSelf, "members.hang": ""})
	halfHung.patience = 100 * time.Millisecond
	_, members := halfHung.Servers(t.Context())
	for name, err := range map[string]error{"status": status, "leader": leader, "peers": peers, "servers": servers, "members": members} {
		if failure(err) != "silent" {
			t.Errorf("%s: got %v, want silent", name, err)
		}
	}
}

func TestStatusCancelled(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := silent(t).Status(ctx); !errors.Is(err, context.Canceled) || failure(err) != "other" {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
}

func TestStatusOverUnixSocket(t *testing.T) {
	t.Parallel()
	at := consultest.New(map[string]string{"self": serverSelf}).StartUnix(t)
	if got, err := agentAt(t, at).Status(t.Context()); err != nil || got.Node != "server1" {
		t.Errorf("got %+v, %v; want server1", got, err)
	}
}
