package storetest

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Request is one request that was sent to the server, a retry included.
type Request struct {
	// Op is "list", "get", "put" (also with a condition), or "delete"; else the
	// method.
	Op      string
	Method  string
	Bucket  string
	Key     string // within the bucket, prefix included; empty for a list
	Query   url.Values
	IfMatch string
	// IfNoneMatch is the condition header of that name, like IfMatch.
	IfNoneMatch string
	In          int       // bytes of the body
	Out         int       // bytes of the answer's body
	Status      int       // of the answer; 0 if none was given
	Time        time.Time // of arrival, by the server's clock
}

// Conditional reports whether a write is a swap.
func (r Request) Conditional() bool { return r.IfMatch != "" || r.IfNoneMatch != "" }

// Requests returns what was sent since the start or the last [Server.Forget],
// in the order of arrival.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.sends)
}

// Forget clears the record. No request may be under way.
func (s *Server) Forget() { s.set(func() { s.sends = nil }) }

// Count counts the requests on record for which match is true; nil counts all.
func (s *Server) Count(match func(Request) bool) int {
	n := 0
	for _, r := range s.Requests() {
		if match == nil || match(r) {
			n++
		}
	}
	return n
}

// Op matches requests of these operations, for [Server.Count] and
// [Server.Deny].
func Op(ops ...string) func(Request) bool {
	return func(r Request) bool { return slices.Contains(ops, r.Op) }
}

// Swaps matches conditional writes.
func Swaps(r Request) bool { return r.Conditional() }

// arrive records a request, and chooses its fault outside the lock, because a
// hook may ask the server.
func (s *Server) arrive(h *http.Request, body []byte) (int, Fault) {
	r := describe(h, len(body))
	r.Time = clock{s}.Now()
	s.mu.Lock()
	s.sends = append(s.sends, r)
	id, sw := len(s.sends)-1, s.switches
	s.mu.Unlock()
	return id, sw.fault(r)
}

func describe(h *http.Request, in int) Request {
	r := Request{
		Op: h.Method, Method: h.Method, Query: h.URL.Query(), In: in,
		IfMatch: h.Header.Get("If-Match"), IfNoneMatch: h.Header.Get("If-None-Match"),
	}
	r.Bucket, r.Key, _ = strings.Cut(strings.TrimPrefix(h.URL.Path, "/"), "/")
	switch {
	case r.Method == http.MethodGet && r.Key == "":
		r.Op = "list"
	case r.Method == http.MethodGet, r.Method == http.MethodPut, r.Method == http.MethodDelete:
		r.Op = strings.ToLower(r.Method)
	}
	return r
}
