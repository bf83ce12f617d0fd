package e2e

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// way is what a proxy does to the requests that it gets.
type way string

const (
	pass    way = "pass"
	refuse  way = "refuse"  // connections, as a store does that is down
	swallow way = "swallow" // accept connections and never answer
	delay   way = "delay"   // answer late
	deny    way = "deny"    // 503 to all that writes
	mute    way = "mute"    // writes take effect, and their answers are lost
)

// slowest is the latency of a proxy that delays, at most.
const slowest = 2 * time.Second

// proxy stands between the programs and the store.
type proxy struct {
	address string
	forward *httputil.ReverseProxy

	mu     sync.Mutex
	close  func()
	counts map[way]int // requests by what was done to them
}

func newProxy(t *testing.T, endpoint string) *proxy {
	t.Helper()
	target, err := url.Parse(endpoint)
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{close: func() {}, counts: map[way]int{}, forward: &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.Out.Host = r.In.Host // it is signed
		},
		Transport:    &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 64},
		ErrorHandler: func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
	}}
	// Nobody else has this address, so the port stays free while it refuses.
	p.address = net.JoinHostPort(freeAddress(t), "0")
	p.turn(t, pass)
	t.Cleanup(func() { p.turn(t, refuse) })
	return p
}

// turn changes the way of the proxy. Open connections are cut.
func (p *proxy) turn(t *testing.T, w way) {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.close()
	p.close = func() {}
	if w == refuse {
		return
	}
	listener, err := net.Listen("tcp", p.address)
	if err != nil {
		t.Fatal(err)
	}
	p.address = listener.Addr().String()
	server := &http.Server{Handler: p.handler(w)}
	go func() { _ = server.Serve(listener) }()
	p.close = func() {
		_ = listener.Close() // which the server may not know yet
		_ = server.Close()
	}
}

func (p *proxy) handler(w way) http.Handler {
	return http.HandlerFunc(func(res http.ResponseWriter, req *http.Request) {
		writes := req.Method != http.MethodGet && req.Method != http.MethodHead
		does := w
		if !writes && (w == deny || w == mute) {
			does = pass
		}
		p.mu.Lock()
		p.counts[does]++
		p.mu.Unlock()
		switch does {
		case swallow:
			_, _ = io.Copy(io.Discard, req.Body) // only then is it seen that the client has gone
			<-req.Context().Done()
			panic(http.ErrAbortHandler)
		case delay:
			time.Sleep(rand.N(slowest))
		case deny:
			res.WriteHeader(http.StatusServiceUnavailable)
			_, _ = io.WriteString(res, "<Error><Code>SlowDown</Code></Error>")
			return
		case mute:
			p.forward.ServeHTTP(httptest.NewRecorder(), req)
			panic(http.ErrAbortHandler)
		}
		p.forward.ServeHTTP(res, req)
	})
}

// tally is how many requests met with what.
func (p *proxy) tally() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var out []string
	for _, w := range slices.Sorted(maps.Keys(p.counts)) {
		out = append(out, fmt.Sprintf("%s %d", w, p.counts[w]))
	}
	return strings.Join(out, ", ")
}

// through is the same store, whom programs reach by the proxy and the test
// directly.
func (s store) through(t *testing.T) (store, *proxy) {
	t.Helper()
	const name = "AWS_ENDPOINT_URL_S3="
	at := slices.IndexFunc(s.env, func(v string) bool { return strings.HasPrefix(v, name) })
	p := newProxy(t, strings.TrimPrefix(s.env[at], name))
	s.env = slices.Clone(s.env)
	s.env[at] = name + "http://" + p.address
	return s, p
}

// Each way is what a client sees of it, and what the store does.
func TestSoakProxy(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	seen := map[string]bool{} // what reached the store
	back := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		seen[r.Method+r.URL.Path+r.Host] = true
	}))
	t.Cleanup(back.Close)
	p := newProxy(t, back.URL)
	for _, test := range []struct {
		way, method   string
		code          int // 0: no answer
		reaches, hang bool
	}{
		{"pass", http.MethodPut, 200, true, false},
		{"refuse", http.MethodGet, 0, false, false},
		{"swallow", http.MethodPut, 0, false, true},
		{"delay", http.MethodGet, 200, true, false},
		{"deny", http.MethodPut, 503, false, false},
		{"deny", http.MethodGet, 200, true, false},
		{"mute", http.MethodPut, 0, true, false},
		{"mute", http.MethodGet, 200, true, false},
		{"pass", http.MethodGet, 200, true, false},
	} {
		p.turn(t, way(test.way))
		done := make(chan int)
		go func() { done <- answer(test.method, "http://"+p.address+"/"+test.way) }()
		if test.hang {
			eventually(t, "the request", func() error { return contains("tally", p.tally(), "swallow 1") })
			select {
			case code := <-done:
				t.Errorf("%s %s: got %d, want no answer yet", test.way, test.method, code)
				continue
			default:
				p.turn(t, refuse)
			}
		}
		err := want("code", <-done, test.code)
		mu.Lock()
		err = errors.Join(err, want("reaches the store", seen[test.method+"/"+test.way+p.address], test.reaches))
		mu.Unlock()
		if err != nil {
			t.Errorf("%s %s: %v", test.way, test.method, err)
		}
	}
}

// answer is the code of one request's answer, 0 if there is none.
func answer(method, url string) int {
	req, err := http.NewRequest(method, url, nil)
	if err != nil {
		return -1
	}
	res, err := (&http.Transport{}).RoundTrip(req)
	if err != nil {
		return 0
	}
	_ = res.Body.Close()
	return res.StatusCode
}
