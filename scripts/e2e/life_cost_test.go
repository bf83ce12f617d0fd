package e2e

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"auto-consul/lib/scripttest"
)

// While all servers live, a client that may take a place asks the store for nothing but its
// beats: each reads the record and writes one heartbeat, and removes one that has expired.
func TestDetectionCostsTheStoreNothing(t *testing.T) {
	t.Parallel()
	gateway, err := theGateway()
	if err != nil {
		t.Fatal(err)
	}
	forward, err := scripttest.Forward(gateway.Endpoint)
	if err != nil {
		t.Fatal(err)
	}
	seen := &requests{}
	counted := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen.add(r)
		forward.ServeHTTP(w, r)
	}))
	t.Cleanup(counted.Close)
	c := newCluster(t, newBucket(t), "first")
	c.desired, c.env = 1, []string{"AC_GRACE=1"}
	c.add("n1")
	c.await(1, 1)
	c.store.env = scripttest.StoreEnv(counted.URL)
	c.add("a1")
	c.await(1, 2)
	a1 := c.nodes["a1"]
	a1.awaitLeader()

	seen.awaitBeats(t, 1) // what it was started with has been asked
	const beats = 6       // longer than the expiry and the grace
	seen.awaitBeats(t, beats)
	got := seen.since(1)
	if err := errors.Join(atLeast("readings of the record", got["GET cluster.json"], beats-1), atMost("readings of the record", got["GET cluster.json"], beats+1),
		want("kinds of requests beside those of beats", len(got)-len(keep(got)), 0)); err != nil {
		t.Errorf("%v: %v", err, got)
	}
	a1.members() // the control: a listing would have been seen
	if seen.since(1)["GET "] == 0 {
		t.Errorf("a listing was not seen: %v", seen.since(1))
	}
}

// keep are the kinds of requests that beats consist of.
func keep(got map[string]int) map[string]int {
	out := map[string]int{}
	for _, kind := range []string{"GET cluster.json", "PUT agents/", "DELETE agents/"} {
		if n, ok := got[kind]; ok {
			out[kind] = n
		}
	}
	return out
}

// requests are what a store was asked: a method, and the key or the folder of a heartbeat.
type requests struct {
	mu    sync.Mutex
	kinds []string
}

func (q *requests) add(r *http.Request) {
	_, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	key = strings.TrimPrefix(key, "consul/test-cluster/")
	if folder, _, beat := strings.Cut(key, "/"); beat {
		key = folder + "/"
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.kinds = append(q.kinds, r.Method+" "+key)
}

// since counts the requests after so many heartbeats.
func (q *requests) since(beats int) map[string]int {
	q.mu.Lock()
	defer q.mu.Unlock()
	out := map[string]int{}
	for _, kind := range q.kinds {
		if beats > 0 {
			if kind == "PUT agents/" {
				beats--
			}
			continue
		}
		out[kind]++
	}
	return out
}

func (q *requests) awaitBeats(t *testing.T, n int) {
	t.Helper()
	eventually(t, "heartbeats", func() error { return atLeast("heartbeats", q.since(0)["PUT agents/"], n) })
}
