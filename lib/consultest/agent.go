// Package consultest is the fake Consul agent of all tests that need one at an
// address: its HTTP API, with answers that the test chooses, and the requests that it
// was sent. Only tests import it.
package consultest

import (
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
)

// Agent is a Consul agent. It answers from files, which [Agent.Answer] sets:
//
//	self, members, leader, configuration   the answers to the questions of these names
//	snapshot                               the same, if it is not asked for a stale one
//	join                                   the addresses that can be joined
//	transfer, remove, deregister           the answers to what a server that resigns asks for
//	NAME.CODE                              the answer to NAME, with this status; NAME is
//	                                       one of the above, or leave
//	NAME.hang                              NAME is never answered; NAME may also be an
//	                                       address to join
//
// Without a file it denies access, as an agent does whose token may not ask. Only to
// leave needs none: the agent answers and ends.
type Agent struct {
	// Token is what requests must have; empty if they need none.
	Token string

	mu      sync.Mutex
	answers fs.FS
	sent    []string // requests, as "PUT /v1/agent/leave"
	server  *httptest.Server
}

// New returns an agent that answers with texts, given by the name of their file.
func New(texts map[string]string) *Agent {
	files := fstest.MapFS{}
	for name, text := range texts {
		files[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return &Agent{answers: files}
}

// Answer lets the agent answer from other files from now on.
func (a *Agent) Answer(from fs.FS) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.answers = from
}

// Start runs the agent until the test ends and returns its URL.
func (a *Agent) Start(tb testing.TB) string {
	tb.Helper()
	return "http://" + a.startAt(tb, "tcp", "127.0.0.1:0")
}

// StartUnix is [Agent.Start] at a socket in the file system.
func (a *Agent) StartUnix(tb testing.TB) string {
	tb.Helper()
	return "unix://" + a.startAt(tb, "unix", filepath.Join(tb.TempDir(), "http"))
}

func (a *Agent) startAt(tb testing.TB, network, address string) string {
	tb.Helper()
	l, err := net.Listen(network, address)
	if err != nil {
		tb.Fatal(err)
	}
	a.serve(l)
	tb.Cleanup(a.Stop)
	return l.Addr().String()
}

func (a *Agent) serve(l net.Listener) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.server = &httptest.Server{Listener: l, Config: &http.Server{Handler: a}}
	a.server.Start()
}

// runs reports whether the agent answers.
func (a *Agent) runs() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.server != nil
}

// Stop ends the agent as a process that is killed: its connections break, and its
// address refuses others.
func (a *Agent) Stop() {
	if server := a.end(); server != nil {
		server.CloseClientConnections()
		server.Close()
	}
}

// end closes the agent's address and returns the server; nil if it does not run.
func (a *Agent) end() *httptest.Server {
	a.mu.Lock()
	defer a.mu.Unlock()
	server := a.server
	a.server = nil
	if server != nil {
		_ = server.Listener.Close() // nobody is told, as at the end of a process
	}
	return server
}

// Requests returns what the agent was sent, in order, as "PUT /v1/agent/leave".
func (a *Agent) Requests() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.sent)
}

// Count returns how many requests the agent was sent that begin so.
func (a *Agent) Count(request string) int {
	n := 0
	for _, sent := range a.Requests() {
		if strings.HasPrefix(sent, request) {
			n++
		}
	}
	return n
}

// joining begins the requests to join an address.
const joining = "PUT /v1/agent/join/"

// names are the names of the other requests.
var names = map[string]string{
	"GET /v1/agent/self":                     "self",
	"GET /v1/agent/members":                  "members",
	"GET /v1/status/leader":                  "leader",
	"GET /v1/operator/raft/configuration":    "configuration",
	"POST /v1/operator/raft/transfer-leader": "transfer",
	"DELETE /v1/operator/raft/peer":          "remove",
	"PUT /v1/catalog/deregister":             "deregister",
	"PUT /v1/agent/leave":                    "leave",
	"GET /v1/snapshot":                       "snapshot",
}

// ServeHTTP answers a request.
func (a *Agent) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	request := r.Method + " " + r.URL.Path
	if r.URL.Query().Has("stale") {
		request += "?stale"
	}
	a.mu.Lock()
	a.sent = append(a.sent, request)
	answers := a.answers
	a.mu.Unlock()
	address, join := strings.CutPrefix(request, joining)
	name := names[request]
	if join {
		name = "join"
	}
	switch {
	case name == "":
		http.Error(w, "unexpected "+request, http.StatusTeapot)
	case a.Token != "" && r.Header.Get("X-Consul-Token") != a.Token:
		deny(w)
	case exists(answers, path.Base(request)+".hang"):
		<-r.Context().Done()
	case refuse(w, answers, name):
	case name == "leave":
		// The answer comes before the end: closing the server waits for it.
		if server := a.end(); server != nil {
			go server.Close()
		}
	case join:
		a.join(w, answers, address)
	default:
		if body, err := fs.ReadFile(answers, name); err != nil {
			deny(w)
		} else {
			_, _ = w.Write(body) // a client that has gone wants no answer
		}
	}
}

func (*Agent) join(w http.ResponseWriter, answers fs.FS, address string) {
	body, err := fs.ReadFile(answers, "join")
	switch {
	case err != nil:
		deny(w)
	case !slices.Contains(strings.Fields(string(body)), address):
		http.Error(w, "Failed to join "+address+": connection refused", http.StatusInternalServerError)
	}
}

// refuse answers with the status and the text of a file NAME.CODE, and reports whether
// there is one.
func refuse(w http.ResponseWriter, answers fs.FS, name string) bool {
	found, err := fs.Glob(answers, name+".[1-5][0-9][0-9]")
	if err != nil || len(found) == 0 {
		return false
	}
	code, _ := strconv.Atoi(strings.TrimPrefix(found[0], name+"."))
	body, err := fs.ReadFile(answers, found[0])
	if err != nil {
		return false
	}
	w.WriteHeader(code)
	_, _ = w.Write(body) // a client that has gone wants no answer
	return true
}

func deny(w http.ResponseWriter) {
	http.Error(w, "Permission denied: anonymous token lacks permission", http.StatusForbidden)
}

func exists(files fs.FS, name string) bool {
	_, err := fs.Stat(files, name)
	return err == nil
}
