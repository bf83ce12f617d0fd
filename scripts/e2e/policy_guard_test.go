package e2e

import (
	"io"
	"net/http"
	"net/http/httptest"
	"path"
	"strings"
	"sync"
	"testing"

	"auto-consul/lib/scripttest"
)

// guard is an S3 server that knows one policy, and what came of it.
type guard struct {
	policy
	store http.Handler

	mu     sync.Mutex
	used   map[string]bool // rights
	denied []string
}

// startGuard returns a guard before the tests' S3 server, and a bucket behind it.
func startGuard(t *testing.T, of func(bucket, prefix string) policy) (*guard, store) {
	t.Helper()
	s := newBucket(t)
	gateway, err := theGateway()
	if err != nil {
		t.Fatal(err)
	}
	forward, err := scripttest.Forward(gateway.Endpoint)
	if err != nil {
		t.Fatal(err)
	}
	bucket, prefix, _ := strings.Cut(strings.TrimPrefix(s.url, "s3://"), "/")
	g := &guard{policy: of(bucket, prefix), store: forward, used: map[string]bool{}}
	web := httptest.NewServer(g)
	t.Cleanup(web.Close)
	s.env = scripttest.StoreEnv(web.URL)
	return g, s
}

// ask reports whether an action on a name is allowed.
func (g *guard) ask(action, name string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	rights := g.matching(action, name)
	for _, right := range rights {
		g.used[right] = true
	}
	if rights == nil {
		g.denied = append(g.denied, action+" "+name)
	}
	return rights != nil
}

// ServeHTTP lets pass what the policy allows. As Amazon does, it says of a missing object
// that it is missing only to those who may list the object's name.
func (g *guard) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	key := strings.TrimPrefix(r.URL.Path, "/")
	_, name, object := strings.Cut(key, "/")
	action := map[string]string{http.MethodGet: "s3:GetObject", http.MethodPut: "s3:PutObject", http.MethodDelete: "s3:DeleteObject"}[r.Method]
	on := "arn:aws:s3:::" + key
	if !object || name == "" {
		action, on = "s3:ListBucket", r.URL.Query().Get("prefix")
	}
	if !g.ask(action, on) {
		refuseAccess(w)
		return
	}
	answer := &firstAnswer{ResponseWriter: w, missing: func() bool { return action == "s3:GetObject" && !g.ask("s3:ListBucket", name) }}
	g.store.ServeHTTP(answer, r)
}

func refuseAccess(w http.ResponseWriter) {
	w.WriteHeader(http.StatusForbidden)
	_, _ = io.WriteString(w, "<Error><Code>AccessDenied</Code></Error>") // a client that has gone wants no answer
}

// firstAnswer turns "there is none" into a denial for who may not know.
type firstAnswer struct {
	http.ResponseWriter
	missing func() bool
	refused bool
}

func (a *firstAnswer) WriteHeader(code int) {
	if code == http.StatusNotFound && a.missing() {
		a.refused = true
		a.Header().Del("Content-Length")
		refuseAccess(a.ResponseWriter)
		return
	}
	a.ResponseWriter.WriteHeader(code)
}

func (a *firstAnswer) Write(p []byte) (int, error) {
	if a.refused {
		return len(p), nil
	}
	return a.ResponseWriter.Write(p)
}

// wantAllUsed wants nothing denied, but that nodes look for snapshots where there are none
// for them, and every right used.
func (g *guard) wantAllUsed(t *testing.T, snapshots bool) {
	t.Helper()
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, what := range g.denied {
		if snapshots || !strings.HasPrefix(what, "s3:ListBucket ") || path.Base(path.Dir(path.Dir(what))) != "snapshots" {
			t.Errorf("denied: %s", what)
		}
	}
	for _, right := range g.rights() {
		if !g.used[right] {
			t.Errorf("nobody has used: %s", right)
		}
	}
}
