package sim

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"syscall"
	"time"

	"auto-consul/lib/registry"
	"auto-consul/lib/rule"
	"auto-consul/lib/s3store"
	"auto-consul/lib/storetest"
)

const recordPath = "p/" + rule.RecordKey

// sent is one request as it left its node, with what the node knew then.
type sent struct {
	n        *machine
	op, key  string
	lastRead reading   // the record that the node read last
	listed   time.Time // when its last listing of servers was made
	stored   time.Time // the store's time of that listing
	raft     *lineage  // whose data it holds

	snapshotsListed time.Time // when its last listing of snapshots was made

	delay        time.Duration // until it arrives
	late         time.Duration // until it arrives, when nobody waits for it any more; 0: in time
	cut          bool          // it never arrives
	interruption int           // what becomes of the node meanwhile: nodePauses, nodeCrashes or 0
	moment       int           // when: beforeRequest or afterRequest
	lasts        time.Duration // for how long the node is paused, or down
}

// What may become of a node in the middle of a request for the record, and when.
const (
	nodePauses = 1 + iota
	nodeCrashes
	beforeRequest
	afterRequest
)

// interrupt lets the node pause or crash at a moment of its request, where that was drawn
// for it. It reports whether this life of the node is over.
func (s sent) interrupt(moment int) bool {
	w := s.n.w
	switch {
	case s.interruption == 0 || s.moment != moment:
		return false
	case s.interruption == nodePauses:
		w.do(func() {
			w.count("fault: pause in a request for the record")
			s.n.pause(s.lasts)
		})
		return (life{s.n, s.n.ctx}).hold(s.n.ctx) != nil
	}
	w.do(func() {
		w.count("fault: crash in a request for the record")
		w.note("%s crashes in a request for the record", s.n.name)
	})
	go w.restart(s.n, false, s.lasts)
	<-s.n.ctx.Done()
	return true
}

// reading is what one request for the record has shown.
type reading struct {
	rec *rule.Record
	era int // the judge's, which counts the clusters and terms that the record has named
	at  time.Time
}

func (n *machine) storeOptions() []s3store.Option {
	return []s3store.Option{
		s3store.WithHTTPClient(n),
		s3store.WithBackoff(func(attempt int) time.Duration { return time.Duration(attempt) * 200 * time.Millisecond }),
	}
}

// Do sends a request to the store: it takes its time, may be lost on either way
// or arrive when nobody waits for it any more, and nothing happens while the
// node is paused.
func (n *machine) Do(r *http.Request) (*http.Response, error) {
	if err := (life{n, n.ctx}).hold(r.Context()); err != nil {
		return nil, err
	}
	w := n.w
	var body []byte
	if r.Body != nil {
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
	}
	h := mix(w.seed, uint64(n.id), uint64(time.Since(w.start)), name(r.Method, w.timeless(strings.TrimPrefix(r.URL.Path, "/"+bucket+"/")), r.URL.RawQuery))
	var s sent
	w.do(func() { s = n.sends(r, h) })
	if s.interrupt(beforeRequest) || !sleep(r.Context(), s.delay) || s.cut {
		return nil, syscall.ECONNRESET
	}
	r = r.Clone(context.WithoutCancel(r.Context()))
	if s.late > 0 {
		time.AfterFunc(s.late, func() {
			_, _ = w.effect(s, r, body) // nobody is there to be told
			w.do(func() { w.pending-- })
		})
		return nil, syscall.ECONNRESET
	}
	resp, err := w.effect(s, r, body)
	if s.interrupt(afterRequest) || !sleep(n.ctx, span(mix(h, 4), time.Millisecond, 40*time.Millisecond)) {
		return nil, syscall.ECONNRESET
	}
	if held := (life{n, n.ctx}).hold(n.ctx); held != nil {
		return nil, held
	}
	return resp, err
}

// timeless returns a key without what the store's clock has put into it.
func (w *world) timeless(key string) string {
	since := func(at time.Time) time.Duration { return at.Sub(w.start.Add(w.skew).Truncate(time.Second)) }
	key = strings.TrimPrefix(key, "p/")
	if s, err := registry.ParseSnapshotKey(key); err == nil {
		return fmt.Sprint(s.ClusterID, s.Term, s.Index, since(s.Time))
	}
	h, err := registry.ParseKey(key)
	if err != nil {
		return key
	}
	return fmt.Sprint(h.Role, h.Node, since(h.Time))
}

// sends returns a request as it leaves, with what is to become of it drawn from h. w.mu is held.
func (n *machine) sends(r *http.Request, h uint64) sent {
	w := n.w
	s := sent{
		n: n, key: strings.TrimPrefix(r.URL.Path, "/"+bucket+"/"), lastRead: n.lastRead, listed: n.listed, stored: n.stored,
		raft: n.disk.raft, cut: n.cut, snapshotsListed: n.snapshotsListed,
	}
	s.delay = span(mix(h, 1), time.Millisecond, 40*time.Millisecond)
	switch lost := chance(mix(h, 2)); {
	case lost < w.flaky && r.Method == http.MethodPut:
		s.late = span(mix(h, 3), time.Second, 4*w.policy.Expiry)
		w.pending++
		w.count("fault: lands late")
	case lost < 2*w.flaky:
		s.delay = span(mix(h, 3), time.Second, 20*time.Second)
		w.count("fault: slow")
	}
	if s.key == recordPath && chance(mix(h, 5)) < w.interrupts && !w.faultsOver && !w.faultsPaused && !n.gem {
		s.interruption, s.moment = pickBy(mix(h, 6), nodePauses, nodeCrashes), pickBy(mix(h, 7), beforeRequest, afterRequest)
		s.lasts = span(mix(h, 8), time.Second, 3*w.policy.Expiry)
	}
	switch {
	case r.Method == http.MethodGet && !strings.HasPrefix(s.key, "p/"):
		s.op, s.key = "list", r.URL.Query().Get("prefix")
	default:
		s.op = strings.ToLower(r.Method)
	}
	return s
}

// effect lets a request take effect at the store, and the judge see it.
func (w *world) effect(s sent, r *http.Request, body []byte) (*http.Response, error) {
	r.Body = io.NopCloser(bytes.NewReader(body))
	if w.listsNoSnapshots && s.op == "list" && strings.HasPrefix(s.key, snapshotPath) {
		r.URL.RawQuery = "list-type=2&prefix=p/none/"
	}
	resp, err := w.srv.Do(r)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.count("requests")
	answered := err == nil && (resp.StatusCode < 300 || resp.StatusCode == http.StatusNotFound)
	switch {
	case s.op == "get" && s.key == recordPath && answered:
		s.n.lastRead = reading{w.judge.rec, w.judge.era, time.Now()}
	case s.op == "list" && s.key == "p/servers/" && answered:
		s.n.listed, s.n.stored = time.Now(), w.storeTime()
	case s.op == "list" && strings.HasPrefix(s.key, snapshotPath) && answered:
		s.n.snapshotsListed = time.Now()
	case s.op == "put" && strings.HasPrefix(s.key, snapshotPath):
		if now, ok := w.srv.Body(w.t, bucket, s.key); ok {
			w.judge.snapshot(s, now)
		}
	case s.key == recordPath:
		if now, ok := w.srv.Body(w.t, bucket, recordPath); string(now) != string(w.judge.body) {
			w.judge.changed(&s, now, ok)
		}
	case s.op == "put" && strings.HasPrefix(s.key, "p/servers/"):
		if _, ok := w.srv.Body(w.t, bucket, s.key); ok {
			w.judge.beat(s)
		}
	case s.op == "delete" && strings.HasPrefix(s.key, "p/servers/"):
		if _, ok := w.srv.Body(w.t, bucket, s.key); !ok {
			w.judge.withdrawn(s)
		}
	}
	return resp, err
}

// fault returns what goes wrong with one request at the store.
func (w *world) fault(r storetest.Request) storetest.Fault {
	w.mu.Lock()
	defer w.mu.Unlock()
	f := storetest.Fault{Unconditional: w.ignoresConditions && r.Key == recordPath}
	if w.flaky == 0 {
		return f
	}
	f2, kind := drawFault(chance(mix(w.seed, uint64(time.Since(w.start)), name(r.Op, w.timeless(r.Key))))/w.flaky, r)
	if kind != "" {
		w.count("fault: " + kind)
	}
	f2.Unconditional = f.Unconditional
	return f2
}

func drawFault(c float64, r storetest.Request) (storetest.Fault, string) {
	switch {
	case c < 1:
		return storetest.Fault{Drop: true}, "request lost"
	case c < 2:
		return storetest.Fault{Status: http.StatusServiceUnavailable, Code: "SlowDown"}, "503"
	case c < 3:
		return storetest.Fault{Status: http.StatusInternalServerError, Code: "InternalError"}, "500"
	case c < 5:
		return storetest.Fault{LoseAnswer: true}, "answer lost"
	case c < 6 && r.Conditional():
		return storetest.Fault{Status: http.StatusConflict, Code: "ConditionalRequestConflict"}, "409"
	case c < 6 && r.Method == http.MethodGet:
		return storetest.Fault{Truncate: true}, "answer cut short"
	}
	return storetest.Fault{}, ""
}

// operatorStore is the store as a person with rights on the bucket reaches it.
func (w *world) operatorStore() registry.Store { return w.srv.Open(w.t, bucket, "p") }
