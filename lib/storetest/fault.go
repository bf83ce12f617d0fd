package storetest

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"
)

// Fault is what happens to one request. The zero value is nothing. The fields
// combine in their order here.
type Fault struct {
	// Delay passes before the request arrives. A client that gives up earlier
	// is answered at once, and its request never arrives.
	Delay time.Duration
	// Drop breaks the connection before the request arrives.
	Drop bool
	// Status answers in the store's place, with Code in the body if there is
	// one, and Header; nothing takes effect.
	Status int
	Code   string
	Header http.Header
	// Hold breaks the connection; the request takes effect in [Server.Land].
	Hold bool
	// Late breaks the connection; the request takes effect so much later.
	Late time.Duration
	// Unconditional forgets the conditions of a write.
	Unconditional bool
	// LoseAnswer breaks the connection after the request took effect.
	LoseAnswer bool
	// Dateless leaves the Date out of the answer.
	Dateless bool
	// Untagged leaves the entity tag out of the answer.
	Untagged bool
	// Truncate breaks the connection in the middle of the answer's body.
	Truncate bool
}

// switches are the faults that hold until they are switched off.
type switches struct {
	hook                   func(Request) Fault
	deny                   func(Request) bool
	outage, refuse, unable bool
}

// SetFault lets a function choose each request's fault; nil for none. It may
// be called by several requests at once.
func (s *Server) SetFault(hook func(Request) Fault) { s.set(func() { s.hook = hook }) }

// Deny answers the requests that match with 403; nil for none.
func (s *Server) Deny(match func(Request) bool) { s.set(func() { s.deny = match }) }

// Outage breaks every connection.
func (s *Server) Outage(on bool) { s.set(func() { s.outage = on }) }

// RefuseWrites answers writes with 503 and goes on serving reads.
func (s *Server) RefuseWrites(on bool) { s.set(func() { s.refuse = on }) }

// IgnoreConditions accepts the conditions of a write and forgets them, like a
// store that is not able to swap.
func (s *Server) IgnoreConditions(on bool) { s.set(func() { s.unable = on }) }

func (s *Server) set(change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change()
}

// Land lets all held requests take effect in their order, and counts them.
func (s *Server) Land() int {
	s.mu.Lock()
	held := s.held
	s.held = nil
	s.mu.Unlock()
	for _, land := range held {
		land()
	}
	return len(held)
}

// fault returns the fault of a request: that of a switch, or else the hook's.
func (sw *switches) fault(r Request) Fault {
	var f Fault
	switch {
	case sw.outage:
		return Fault{Drop: true}
	case sw.deny != nil && sw.deny(r):
		return Fault{Status: http.StatusForbidden, Code: "AccessDenied"}
	case sw.refuse && r.Method != http.MethodGet:
		return Fault{Status: http.StatusServiceUnavailable, Code: "SlowDown"}
	case sw.hook != nil:
		f = sw.hook(r)
	}
	f.Unconditional = f.Unconditional || sw.unable
	return f
}

// through takes a request through its fault; nil breaks the connection.
func (s *Server) through(f Fault, r *http.Request, body []byte) *answer {
	if !wait(r.Context(), f.Delay) || f.Drop {
		return nil
	}
	if f.Status != 0 {
		return s.refusal(f)
	}
	if f.Hold || f.Late > 0 {
		s.later(f, r, body)
		return nil
	}
	a := s.handle(r, body, f.Unconditional)
	if f.LoseAnswer {
		return nil
	}
	if f.Dateless {
		a.Header()["Date"] = nil // on a socket, nil keeps the server from adding its own
	}
	if f.Untagged {
		a.Header().Del("ETag")
	}
	if f.Truncate {
		a.Body.Truncate(a.full / 2)
	}
	return a
}

// later lets a request take effect when its sender has gone.
func (s *Server) later(f Fault, r *http.Request, body []byte) {
	r = r.Clone(context.WithoutCancel(r.Context()))
	land := func() { s.handle(r, body, f.Unconditional) }
	if !f.Hold {
		time.AfterFunc(f.Late, land)
		return
	}
	s.set(func() { s.held = append(s.held, land) })
}

func (s *Server) refusal(f Fault) *answer {
	w := httptest.NewRecorder()
	if !f.Dateless {
		s.date(w)
	}
	for name, values := range f.Header {
		w.Header()[name] = values
	}
	w.WriteHeader(f.Status)
	if f.Code != "" {
		// A recorder does not fail.
		_, _ = fmt.Fprintf(w, "<Error><Code>%s</Code><Message>as the test wants it</Message></Error>", f.Code)
	}
	return &answer{w, w.Body.Len()}
}

// wait reports whether the time passed before the request's sender gave up.
func wait(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
