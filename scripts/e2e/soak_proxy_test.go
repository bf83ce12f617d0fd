package e2e

import (
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"auto-consul/lib/scripttest"
)

// proxyMode is what a proxy does with a request to the store.
type proxyMode func(store http.Handler, res http.ResponseWriter, req *http.Request)

var proxyModes = map[string]proxyMode{
	"pass":   http.Handler.ServeHTTP,
	"refuse": nil, // there is no listener, as if the store were down
	"hang": func(_ http.Handler, _ http.ResponseWriter, req *http.Request) {
		_, _ = io.Copy(io.Discard, req.Body) // until then the server does not notice that the client has gone
		<-req.Context().Done()
		panic(http.ErrAbortHandler)
	},
	"delay": func(store http.Handler, res http.ResponseWriter, req *http.Request) {
		time.Sleep(rand.N(2 * time.Second))
		store.ServeHTTP(res, req)
	},
	"deny-writes": onWrites(func(_ http.Handler, res http.ResponseWriter, _ *http.Request) {
		res.WriteHeader(http.StatusServiceUnavailable)
		_, _ = io.WriteString(res, "<Error><Code>SlowDown</Code></Error>")
	}),
	"deny": func(_ http.Handler, res http.ResponseWriter, _ *http.Request) {
		res.WriteHeader(http.StatusForbidden)
		_, _ = io.WriteString(res, "<Error><Code>AccessDenied</Code></Error>")
	},
	"lose-answers": onWrites(func(store http.Handler, _ http.ResponseWriter, req *http.Request) {
		store.ServeHTTP(httptest.NewRecorder(), req) // the write takes effect
		panic(http.ErrAbortHandler)
	}),
}

// onWrites is a mode that passes whatever only reads.
func onWrites(mode proxyMode) proxyMode {
	return func(store http.Handler, res http.ResponseWriter, req *http.Request) {
		if req.Method == http.MethodGet || req.Method == http.MethodHead {
			store.ServeHTTP(res, req)
			return
		}
		mode(store, res, req)
	}
}

// proxy stands between the programs and the store.
type proxy struct {
	t       *testing.T
	address string
	store   http.Handler
	count   func(what string)
	stop    func()
}

func newProxy(t *testing.T, endpoint string, count func(what string)) *proxy {
	t.Helper()
	store, err := scripttest.Forward(endpoint)
	if err != nil {
		t.Fatal(err)
	}
	// Nobody else uses this address, so the port stays free while the proxy refuses.
	p := &proxy{t, net.JoinHostPort(freeAddress(t), "0"), store, count, func() {}}
	p.set("pass")
	t.Cleanup(func() { p.set("refuse") })
	return p
}

// set changes the mode, and cuts open connections.
func (p *proxy) set(name string) {
	p.t.Helper()
	p.stop()
	p.stop = func() {}
	mode := proxyModes[name]
	if mode == nil {
		return
	}
	listener, err := net.Listen("tcp", p.address)
	if err != nil {
		p.t.Fatal(err)
	}
	p.address = listener.Addr().String()
	server := &http.Server{Handler: http.HandlerFunc(func(res http.ResponseWriter, req *http.Request) {
		p.count("requests to the store, mode " + name)
		mode(p.store, res, req)
	})}
	go func() { _ = server.Serve(listener) }()
	p.stop = func() {
		_ = listener.Close() // the server may not know of it yet
		_ = server.Close()
	}
}

// What a client gets in each mode, and whether the request reaches the store.
func TestSoakProxy(t *testing.T) {
	t.Parallel()
	const none, timeout = 0, -1
	reached := make(chan string, 100)
	back := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { reached <- r.Method + " " + r.Host }))
	t.Cleanup(back.Close)
	p := newProxy(t, back.URL, func(string) {})
	for _, test := range []struct {
		mode, method string
		code         int
		reaches      bool
	}{
		{"pass", http.MethodPut, 200, true},
		{"refuse", http.MethodGet, none, false},
		{"hang", http.MethodPut, timeout, false},
		{"delay", http.MethodGet, 200, true},
		{"deny-writes", http.MethodPut, 503, false},
		{"deny-writes", http.MethodGet, 200, true},
		{"deny-writes", http.MethodPut, 503, false},
		{"lose-answers", http.MethodPut, none, true},
		{"lose-answers", http.MethodGet, 200, true},
		{"pass", http.MethodGet, 200, true},
	} {
		p.set(test.mode)
		client, code, arrived := http.Client{Transport: &http.Transport{}}, none, ""
		if test.code == timeout {
			client.Timeout = 500 * time.Millisecond
		}
		req, err := http.NewRequest(test.method, "http://"+p.address, nil)
		if err != nil {
			t.Fatal(err)
		}
		switch res, err := client.Do(req); {
		case os.IsTimeout(err):
			code = timeout
		case err == nil:
			code = res.StatusCode
			_ = res.Body.Close()
		}
		select {
		case arrived = <-reached:
		default:
		}
		if err := errors.Join(want("code", code, test.code), want("reaches the store", arrived == test.method+" "+p.address, test.reaches)); err != nil {
			t.Errorf("%s %s: %v", test.mode, test.method, err)
		}
	}
}
