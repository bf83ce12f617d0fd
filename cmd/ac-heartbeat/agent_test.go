package main

import (
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"path/filepath"
	"sync"

	"github.com/rogpeppe/go-internal/testscript"
)

// agents are the Consul agents of all scripts, each at the socket agent.sock of
// its script's folder. The command is
//
//	agent [folder]   the agent runs and answers from the folder's files: that of
//	                 /v1/agent/self is "self"; one that is not there answers 403.
//	                 Without a folder it does not run
type agents struct {
	mu      sync.Mutex
	running map[string]*agent // by the script's folder
}

// agent is one of them.
type agent struct {
	server *httptest.Server

	mu     sync.Mutex
	folder string
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

// ServeHTTP answers as the agent's HTTP API.
func (a *agent) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	name := path.Base(r.URL.Path)
	if name == "leave" {
		go a.stop() // which waits for this answer
		return
	}
	body, err := os.ReadFile(filepath.Join(a.folder, name))
	if err != nil {
		http.Error(w, "Permission denied: anonymous token lacks permission", http.StatusForbidden)
		return
	}
	// A client that is gone wants no answer.
	_, _ = w.Write(body)
}
