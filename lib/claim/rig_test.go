package claim_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"auto-consul/lib/claim"
	"auto-consul/lib/registry"
	"auto-consul/lib/rule"
	"auto-consul/lib/storetest"
)

// rig is a registry in virtual time, with a clock of its own.
type rig struct {
	t        *testing.T
	srv      *storetest.Server
	observer claim.Observer
	start    time.Time
	offset   time.Duration // of the store's clock from the machine's

	mu   sync.Mutex
	said []string // what deciders told the operator
}

// bubble runs a test in virtual time, beside a registry of its own.
func bubble(t *testing.T, test func(t *testing.T, r *rig)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r := &rig{t: t, srv: storetest.New(t), start: time.Now()}
		r.srv.SetClock(r.now)
		r.srv.CreateBucket(t, "b")
		r.observer = claim.Observer{Registry: &registry.Registry{Store: r.srv.Open(t, "b", "r"), Expiry: expiry}}
		test(t, r)
	})
}

// now returns store time.
func (r *rig) now() time.Time { return time.Now().Add(r.offset) }

// passed returns the time since the start.
func (r *rig) passed() time.Duration { return time.Since(r.start) }

// decider returns what decides for node n, which was told to want one server.
func (r *rig) decider(n int) *claim.Decider {
	s := slot(n, 0)
	return &claim.Decider{
		Observer: r.observer,
		Self:     rule.Self{Node: s.Node, Address: s.Address, Incarnation: s.Incarnation},
		Policy:   rule.Policy{Desired: 1, Birth: rule.First, Lost: rule.LostAuto, Expiry: expiry, StartOver: "START OVER"},
		Wait:     10 * time.Minute, Timeout: 30 * time.Second,
		Keep:    func() error { return nil },
		Answers: func(context.Context, string) bool { return false },
		Random:  claim.Random{ID: claim.NewID, Draw: rand.New(rand.NewPCG(1, uint64(n))).Float64},
		Progress: func(format string, args ...any) {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.said = append(r.said, fmt.Sprintf(format, args...))
		},
	}
}

// progress returns all that deciders said, a line each.
func (r *rig) progress() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return strings.Join(r.said, "\n")
}

// put stores a record before anything is counted.
func (r *rig) put(rec *rule.Record) {
	r.t.Helper()
	r.overwrite(rec)
	r.srv.Forget()
}

// overwrite stores a record, its times counted from now instead of from epoch.
func (r *rig) overwrite(rec *rule.Record) {
	r.t.Helper()
	rec = with(rec, func(rec *rule.Record) {
		for i := range rec.Servers {
			rec.Servers[i].Since = r.now().Add(rec.Servers[i].Since.Sub(epoch))
		}
		if g := rec.Gather; g != nil {
			g.Since, g.Until = r.now().Add(g.Since.Sub(epoch)), r.now().Add(g.Until.Sub(epoch))
		}
	})
	body, err := rec.Encode()
	if err == nil {
		err = r.observer.Registry.Store.Put(r.t.Context(), rule.RecordKey, body)
	}
	if err != nil {
		r.t.Error(err)
	}
}

// beat writes heartbeats of servers that are so old.
func (r *rig) beat(age time.Duration, nodes ...int) {
	r.t.Helper()
	for _, n := range nodes {
		s := slot(n, 0)
		if _, err := r.observer.Registry.Beat(r.t.Context(), s.Node, s.Address, r.now().Add(-age), registry.Servers, registry.Agents); err != nil {
			r.t.Fatal(err)
		}
	}
	r.srv.Forget()
}

// stored returns the record as the store has it, in one line; empty if there is none.
func (r *rig) stored() string {
	r.t.Helper()
	body, ok := r.srv.Body(r.t, "b", "r/"+rule.RecordKey)
	if !ok {
		return ""
	}
	rec, err := rule.DecodeRecord(body)
	if err != nil {
		return string(body)
	}
	text := fmt.Sprintf("%s term %d by %s:", rec.State, rec.Bootstrap.Term, rec.Bootstrap.Incarnation)
	for _, s := range rec.Servers {
		text += " " + s.Incarnation
	}
	return text
}

func (r *rig) wantStored(want string) {
	r.t.Helper()
	if got := r.stored(); got != want {
		r.t.Errorf("got %q in the store, want %q", got, want)
	}
}

// decided runs a decider that must decide, and returns the decision in one line.
func (r *rig) decided(d *claim.Decider) string {
	r.t.Helper()
	v, seen, err := d.Decide(r.t.Context(), nil)
	if err != nil {
		r.t.Fatalf("%v\n%s", err, r.progress())
	}
	if seen.Time.IsZero() {
		r.t.Error("got an observation without store time")
	}
	return showDecision(v)
}

func (r *rig) wantDecided(d *claim.Decider, want string) {
	r.t.Helper()
	if got := r.decided(d); got != want {
		r.t.Errorf("got  %s\nwant %s", got, want)
	}
}

// ofRecord matches requests for the record itself, by operation.
func ofRecord(op string) func(storetest.Request) bool {
	return func(q storetest.Request) bool { return q.Op == op && q.Key == "r/"+rule.RecordKey }
}

// faults has the first requests that match meet a fault each.
func (r *rig) faults(match func(storetest.Request) bool, faults ...storetest.Fault) {
	var mu sync.Mutex
	r.srv.SetFault(func(q storetest.Request) storetest.Fault {
		mu.Lock()
		defer mu.Unlock()
		if len(faults) == 0 || !match(q) {
			return storetest.Fault{}
		}
		f := faults[0]
		faults = faults[1:]
		return f
	})
}

// once does something as the first request that matches arrives, which then meets a
// fault.
func (r *rig) once(match func(storetest.Request) bool, f storetest.Fault, what func()) {
	var mu sync.Mutex
	done := false
	r.srv.SetFault(func(q storetest.Request) storetest.Fault {
		mu.Lock()
		first := !done && match(q)
		done = done || first
		mu.Unlock()
		if !first {
			return storetest.Fault{}
		}
		what()
		return f
	})
}

// vanish removes the record.
func (r *rig) vanish() {
	if err := r.observer.Registry.Store.Delete(r.t.Context(), rule.RecordKey); err != nil {
		r.t.Error(err)
	}
}

// writes returns how many requests would change the store.
func (r *rig) writes() int { return r.srv.Count(storetest.Op("put", "delete")) }

// sends returns the requests, each with the time of its arrival. Those of one moment are
// in order of the text.
func (r *rig) sends() []string {
	var out []string
	for _, q := range r.srv.Requests() {
		what := strings.TrimPrefix(q.Key, "r/")
		switch {
		case q.Op == "list":
			what = strings.TrimPrefix(q.Query.Get("prefix"), "r/")
		case strings.HasPrefix(what, "cluster.probe-"):
			what = "cluster.probe"
		case strings.Contains(what, "/"):
			what = what[:strings.Index(what, "/")+1] + "…" + what[strings.Index(what, "-"):]
		}
		if q.Conditional() {
			q.Op = "swap"
		}
		out = append(out, fmt.Sprintf("%4dms %s %s", q.Time.Add(-r.offset).Sub(r.start).Milliseconds(), q.Op, what))
	}
	slices.SortStableFunc(out, func(a, b string) int { return strings.Compare(a, b) })
	return out
}
