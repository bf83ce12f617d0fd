package main

import (
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// agents are the Consul agents of all scripts, each at the socket agent.sock of
// its script's folder. The commands are
//
//	agent [folder]         the agent runs and answers from the folder, see [agent].
//	                       Without a folder it does not run
//	asked count request    wait until it was sent so many such requests in all
//	! asked request        want it sent none
type agents struct {
	mu      sync.Mutex
	running map[string]*agent // by the script's folder
}

// agent is one of them. It answers from a folder's files: /v1/agent/self is
// "self". The file "join" has the addresses that can be joined. Where there is no
// file it answers 403, and where it is called "self.hang", never.
type agent struct {
	server *httptest.Server

	mu     sync.Mutex
	folder string
	sent   []string // requests, as "PUT /v1/agent/leave"
}

func (a *agents) of(ts *testscript.TestScript) *agent {
	a.mu.Lock()
	defer a.mu.Unlock()
	work := ts.Getenv("WORK")
	if a.running[work] == nil {
		a.running[work] = &agent{}
		ts.Defer(a.running[work].stop)
	}
	return a.running[work]
}

func (a *agents) run(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 1 {
		ts.Fatalf("usage: agent [folder]")
	}
	one := a.of(ts)
	if len(args) == 0 {
		one.stop()
		return
	}
	one.mu.Lock()
	defer one.mu.Unlock()
	one.folder = ts.MkAbs(args[0])
	if one.server != nil {
		return
	}
	listener, err := net.Listen("unix", filepath.Join(ts.Getenv("WORK"), "agent.sock"))
	ts.Check(err)
	one.server = &httptest.Server{Listener: listener, Config: &http.Server{Handler: one}}
	one.server.Start()
}

func (a *agents) asked(ts *testscript.TestScript, neg bool, args []string) {
	one := a.of(ts)
	if neg && len(args) == 1 {
		if n := one.count(args[0]); n > 0 {
			ts.Fatalf("got %d requests %s, want none", n, args[0])
		}
		return
	}
	if neg || len(args) != 2 {
		ts.Fatalf("usage: asked count request, or ! asked request")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	for end := time.Now().Add(time.Minute); one.count(args[1]) < want; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			ts.Fatalf("got %d requests %s, want %d", one.count(args[1]), args[1], want)
		}
	}
}

// stop ends the agent as a process ends: its socket refuses.
func (a *agent) stop() {
	a.mu.Lock()
	server := a.server
	a.server = nil
	a.mu.Unlock()
	if server != nil {
		server.CloseClientConnections()
		server.Close()
	}
}

// count is how many requests it was sent that begin so.
func (a *agent) count(request string) int {
	n := 0
	for _, sent := range a.requests() {
		if strings.HasPrefix(sent, request) {
			n++
		}
	}
	return n
}

func (a *agent) requests() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.sent)
}

// ServeHTTP answers as the agent's HTTP API.
func (a *agent) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	a.sent = append(a.sent, r.Method+" "+r.URL.Path)
	folder := a.folder
	a.mu.Unlock()
	name := path.Base(r.URL.Path)
	if _, err := os.Stat(filepath.Join(folder, name+".hang")); err == nil {
		<-r.Context().Done()
		return
	}
	if name == "leave" {
		go a.stop() // which waits for this answer
		return
	}
	address, joins := strings.CutPrefix(r.URL.Path, "/v1/agent/join/")
	if joins {
		name = "join"
	}
	body, err := os.ReadFile(filepath.Join(folder, name))
	switch {
	case err != nil:
		http.Error(w, "Permission denied: anonymous token lacks permission", http.StatusForbidden)
	case joins && !slices.Contains(strings.Fields(string(body)), address):
		http.Error(w, "Failed to join "+address+": connection refused", http.StatusInternalServerError)
	case !joins:
		// A client that is gone wants no answer.
		_, _ = w.Write(body)
	}
}
