// Package storetest is an S3 server inside the process, with a clock and faults
// that a test sets, and the conduct that every store must show. Only tests
// import it.
//
// The server is a handler, for servers on a socket, and an HTTP client, for
// tests without one. As a client it starts no goroutine and sleeps only where a
// fault says so, hence it runs in a testing/synctest bubble on the bubble's
// clock.
package storetest

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rclone/gofakes3"
	"github.com/rclone/gofakes3/s3mem"

	"auto-consul/lib/registry"
	"auto-consul/lib/s3store"
)

// Server is an S3 server in memory. A conditional write is judged and done in
// one step. It is safe for concurrent use.
type Server struct {
	fake    http.Handler
	backend *s3mem.Backend
	gate    sync.RWMutex // held for one request each: the fake checks, then acts

	mu    sync.Mutex // of all below
	now   func() time.Time
	sends []Request
	held  []func()
	switches
}

// New returns a server without buckets, on the clock of [time.Now].
func New(tb testing.TB) *Server {
	tb.Helper()
	s := &Server{now: time.Now}
	s.backend = s3mem.New(s3mem.WithTimeSource(clock{s}), s3mem.WithVersionSeed(1))
	s.fake = gofakes3.New(s.backend,
		gofakes3.WithTimeSource(clock{s}), gofakes3.WithTimeSkewLimit(0)).Server()
	return s
}

// SetClock changes the store's clock, which is in every answer's Date.
func (s *Server) SetClock(now func() time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = now
}

// CreateBucket makes a bucket.
func (s *Server) CreateBucket(tb testing.TB, name string) {
	tb.Helper()
	if err := s.backend.CreateBucket(tb.Context(), name); err != nil {
		tb.Fatal(err)
	}
}

// Open returns the real S3 store on this server, without a socket and without
// the environment's settings. It pauses between attempts for no time at all;
// opts may say otherwise.
func (s *Server) Open(tb testing.TB, bucket, prefix string, opts ...s3store.Option) registry.Store {
	tb.Helper()
	opts = append([]s3store.Option{
		s3store.WithHTTPClient(s),
		s3store.WithStatic("http://s3.test", "key", "secret"),
		s3store.WithBackoff(func(int) time.Duration { return 0 }),
	}, opts...)
	store, err := s3store.Open(tb.Context(), bucket, prefix, opts...)
	if err != nil {
		tb.Fatal(err)
	}
	return registry.WithKinds(store)
}

// Do answers a request as an HTTP client does.
func (s *Server) Do(r *http.Request) (*http.Response, error) {
	a := s.answer(r)
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	if a == nil {
		return nil, syscall.ECONNRESET
	}
	resp := &http.Response{
		StatusCode: a.Code, Status: http.StatusText(a.Code), Header: a.Header(), Request: r,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, ContentLength: int64(a.full),
	}
	var body io.Reader = a.Body
	if a.Body.Len() < a.full {
		body = io.MultiReader(body, broken{})
	}
	resp.Body = io.NopCloser(body)
	return resp, nil
}

// ServeHTTP answers a request on a socket.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a := s.answer(r)
	if a == nil {
		panic(http.ErrAbortHandler) // breaks the connection
	}
	for name, values := range a.Header() {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Length", strconv.Itoa(a.full))
	w.WriteHeader(a.Code)
	_, err := w.Write(a.Body.Bytes())
	if err == nil && a.Body.Len() == a.full {
		return
	}
	// The half must reach the client before the break does; if it cannot, the
	// connection is broken already.
	_ = http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}

// answer is what comes back; full is how long the body claims to be.
type answer struct {
	*httptest.ResponseRecorder
	full int
}

// answer takes one request through its fault; nil breaks the connection.
func (s *Server) answer(r *http.Request) *answer {
	var body []byte
	if r.Body != nil {
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			return nil
		}
	}
	id, f := s.arrive(r, body)
	a := s.through(f, r, body)
	s.mu.Lock()
	defer s.mu.Unlock()
	if a == nil || id >= len(s.sends) {
		return a
	}
	s.sends[id].Status, s.sends[id].Out = a.Code, a.Body.Len()
	return a
}

// handle lets a request take effect. Its Date is set while the gate is held, so
// the order of dates is the order of effects.
func (s *Server) handle(r *http.Request, body []byte, unconditional bool) *answer {
	r = r.Clone(r.Context())
	r.Body = io.NopCloser(bytes.NewReader(body))
	r.Header.Set("Content-Length", strconv.Itoa(len(body))) // only a socket's server sets it
	if unconditional {
		r.Header.Del("If-Match")
		r.Header.Del("If-None-Match")
	}
	if r.Method == http.MethodGet {
		s.gate.RLock()
		defer s.gate.RUnlock()
	} else {
		s.gate.Lock()
		defer s.gate.Unlock()
	}
	w := httptest.NewRecorder()
	s.date(w)
	s.fake.ServeHTTP(w, r)
	return &answer{w, w.Body.Len()}
}

func (s *Server) date(w http.ResponseWriter) {
	w.Header().Set("Date", clock{s}.Now().UTC().Format(http.TimeFormat))
}

// Keys lists what a bucket holds, as the store itself knows it: past all faults
// and uncounted.
func (s *Server) Keys(tb testing.TB, bucket string) []string {
	tb.Helper()
	l, err := s.backend.ListBucket(tb.Context(), bucket, nil, gofakes3.ListBucketPage{})
	if err != nil {
		tb.Fatal(err)
	}
	var keys []string
	for _, c := range l.Contents {
		keys = append(keys, c.Key)
	}
	slices.Sort(keys)
	return keys
}

// Body reads an object like [Server.Keys]; false if there is none.
func (s *Server) Body(tb testing.TB, bucket, key string) ([]byte, bool) {
	tb.Helper()
	o, err := s.backend.GetObject(tb.Context(), bucket, key, nil)
	if gofakes3.HasErrorCode(err, gofakes3.ErrNoSuchKey) {
		return nil, false
	}
	if err != nil {
		tb.Fatal(err)
	}
	body, err := io.ReadAll(o.Contents)
	if err != nil {
		tb.Fatal(err)
	}
	return body, true
}

// clock is the server's clock in the form that the fake wants.
type clock struct{ s *Server }

func (c clock) Now() time.Time {
	c.s.mu.Lock()
	now := c.s.now
	c.s.mu.Unlock()
	return now()
}

func (c clock) Since(t time.Time) time.Duration { return c.Now().Sub(t) }

// broken is the rest of a body whose connection broke.
type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }
