package consul

import (
	"errors"
	"maps"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"

	"auto-consul/lib/node"
)

// A server that resigns is taken out of the service of the servers and out of the raft
// configuration, and then its process is killed, which is not done where one of these
// has failed.
func TestResign(t *testing.T) {
	t.Parallel()
	const (
		raft       = `{"Servers":[{"ID":"i1","Node":"s1","Leader":%,"Voter":true},{"ID":"i2","Node":"s2","Voter":true}]}`
		members    = "GET /v1/agent/members"
		asks       = "GET /v1/operator/raft/configuration"
		removes    = "DELETE /v1/operator/raft/peer"
		deregister = "PUT /v1/catalog/deregister"
		transfer   = "POST /v1/operator/raft/transfer-leader"
	)
	follows, leads := strings.ReplaceAll(raft, "%", "false"), strings.ReplaceAll(raft, "%", "true")
	for name, test := range map[string]struct {
		raft    string
		answers map[string]string // beside the raft configuration
		sent    []string
		needs   string // the permission that is missing; empty: it resigns
		server  string
	}{
		"a follower":                   {raft: follows, sent: []string{asks, deregister, removes}},
		"no voter":                     {raft: follows, server: "s9", sent: []string{asks, deregister}},
		"may not ask":                  {sent: []string{asks}, needs: "operator:read"},
		"may not change the voters":    {raft: follows, answers: map[string]string{"remove.403": "Permission denied"}, sent: []string{asks, deregister, removes}, needs: "operator:write"},
		"may not change the catalog":   {raft: follows, answers: map[string]string{"deregister.403": "Permission denied"}, sent: []string{asks, deregister}, needs: "service:write"},
		"may not hand leadership over": {raft: leads, answers: map[string]string{"transfer.403": "Permission denied"}, sent: []string{asks, members, transfer}, needs: "operator:write"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			answers := map[string]string{"remove": "", "deregister": "true", "transfer": `{"Success":true}`}
			if test.raft != "" {
				answers["configuration"] = test.raft
			}
			for file := range test.answers {
				what, _, _ := strings.Cut(file, ".")
				delete(answers, what)
			}
			maps.Copy(answers, test.answers)
			agent, fake := asking(t, answers)
			ended := startProcess(t, agent)
			server := test.server
			if server == "" {
				server = "s1"
			}
			err := agent.Resign(t.Context(), server)
			if got := fake.Requests(); !slices.Equal(got, test.sent) {
				t.Errorf("sent %v, want %v", got, test.sent)
			}
			if test.needs == "" {
				if err != nil {
					t.Error(err)
				}
				if how := <-ended; how != syscall.SIGKILL {
					t.Errorf("the process has ended by %v, want %v", how, syscall.SIGKILL)
				}
				return
			}
			if !errors.Is(err, node.ErrNoPermission) || !strings.Contains(err.Error(), test.needs) {
				t.Errorf("got %v, want the permission %s", err, test.needs)
			}
			select {
			case how := <-ended:
				t.Errorf("the process has ended by %v, although the server did not resign", how)
			default:
			}
		})
	}
}

// A leader hands leadership over first, and is taken out when another leads.
func TestResignAsLeader(t *testing.T) {
	t.Parallel()
	const raft = `{"Servers":[{"ID":"i1","Node":"s1","Leader":true,"Voter":true}]}`
	const resigned = `[{"Name":"s1","Tags":{"role":"consul"},"Status":1},{"Name":"s2","Tags":{"role":"%"},"Status":1}]`
	answers := map[string]string{
		"remove": "", "deregister": "true", "transfer": `{"Success":true}`, "configuration": raft,
		"members": strings.ReplaceAll(resigned, "%", "consul"),
	}
	agent, fake := asking(t, answers)
	ended := startProcess(t, agent)
	done := make(chan error, 1)
	go func() { done <- agent.Resign(t.Context(), "s1") }()
	await := func(request string) {
		t.Helper()
		for n := fake.Count(request); fake.Count(request) < n+3; {
			select {
			case err := <-done:
				t.Fatalf("it has resigned too soon: %v", err)
			default:
			}
		}
	}
	answer := func(name, text string) {
		answers[name] = text
		files := fstest.MapFS{}
		for name, text := range answers {
			files[name] = &fstest.MapFile{Data: []byte(text)}
		}
		fake.Answer(files)
	}
	await("GET /v1/agent/members") // s2 has resigned, and its client has not started yet
	if n := fake.Count("POST /v1/operator/raft/transfer-leader"); n > 0 {
		t.Error("leadership was handed over while a server that has resigned is known as one")
	}
	answer("members", strings.ReplaceAll(resigned, "%", "node"))
	await("GET /v1/operator/raft/configuration") // it looks until another leads
	answer("configuration", strings.ReplaceAll(raft, `"Leader":true`, `"Leader":false`))
	if err := <-done; err != nil {
		t.Error(err)
	}
	<-ended
	if n := fake.Count("PUT /v1/catalog/deregister"); n < 2 {
		t.Errorf("it was taken out of the service %d times, want so again after the new leader may have listed it", n)
	}
	if n := fake.Count("POST /v1/operator/raft/transfer-leader"); n != 1 {
		t.Errorf("leadership was handed over %d times, want once", n)
	}
}

// An agent whose process is not known is asked for nothing.
func TestResignUnsupported(t *testing.T) {
	t.Parallel()
	agent, fake := asking(t, nil)
	unknown := errors.New("permission denied")
	for name, test := range map[string]struct {
		process func() (int, error)
		want    error
	}{
		"nobody says":    {nil, errors.ErrUnsupported},
		"none":           {func() (int, error) { return 0, nil }, errors.ErrUnsupported},
		"the first":      {func() (int, error) { return 1, nil }, errors.ErrUnsupported},
		"cannot be read": {func() (int, error) { return 0, unknown }, unknown},
	} {
		agent.Process = test.process
		if err := agent.Resign(t.Context(), "s1"); !errors.Is(err, test.want) || len(fake.Requests()) > 0 {
			t.Errorf("%s: got %v, requests %v, want %v", name, err, fake.Requests(), test.want)
		}
	}
}

// startProcess starts a process as the agent's, and returns the signal that ends it.
func startProcess(t *testing.T, agent *Agent) <-chan syscall.Signal {
	t.Helper()
	cmd := exec.Command("sleep", "1000")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	agent.Process = func() (int, error) { return cmd.Process.Pid, nil }
	ended, gone := make(chan syscall.Signal, 1), make(chan struct{})
	go func() {
		defer close(gone)
		_ = cmd.Wait() // how it has ended is in its state
		status, _ := cmd.ProcessState.Sys().(syscall.WaitStatus)
		ended <- status.Signal()
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it may have ended
		<-gone
	})
	return ended
}
