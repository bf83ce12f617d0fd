package sim

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"auto-consul/lib/registry"
	"auto-consul/lib/rule"
	"auto-consul/lib/storetest"
)

const bucket = "b"

// world is one run: the store, the nodes, the model of Consul, and the judge,
// who sees everything.
type world struct {
	plan
	variant
	t     *testing.T
	srv   *storetest.Server
	start time.Time

	mu           sync.Mutex // guards all below, and every node's state
	machines     []*machine
	lineages     []*lineage
	regroup      time.Time    // when it last changed which nodes reach each other
	flaky        float64      // how likely each fault of a request is
	clockError   atomic.Int64 // by how much the store's clock is wrong for a while
	outage       bool         // the store is away, or refuses writes
	pending      int          // requests that will land late
	faultsPaused bool         // no interruption is to be drawn for the moment

	disturbed  time.Time // when a fault of the store last began or ended
	faultsOver bool      // faults are over
	ended      bool      // the run is over: nothing starts again
	recovery
	judge
	tally
	trace
}

// trace is what happened, in order.
type trace struct {
	sum   uint64
	lines []string
	keep  bool
}

func newWorld(t *testing.T, p plan, v variant) *world {
	w := &world{plan: p, variant: v, t: t, srv: storetest.New(t), start: time.Now(), tally: tally{}}
	w.judge = judge{w: w, wasEstablished: map[string]bool{}, births: map[birthKey]*lineage{}, shown: map[*lineage]shown{}}
	w.srv.CreateBucket(t, bucket)
	w.srv.SetClock(w.storeTime)
	w.srv.SetFault(w.fault)
	return w
}

// storeTime is the store's clock.
func (w *world) storeTime() time.Time {
	return time.Now().Add(w.skew + time.Duration(w.clockError.Load()))
}

// note takes something that happened into the trace. w.mu is held. Times count
// from the start, so that clocks leave no trace.
func (w *world) note(format string, args ...any) {
	line := fmt.Sprintf("%15.9f ", time.Since(w.start).Seconds()) + w.forTrace(fmt.Sprintf(format, args...))
	w.sum = mix(w.sum, name(line))
	if w.keep {
		w.lines = append(w.lines, line)
	}
}

// after lets something happen later, with w.mu held.
func (w *world) after(d time.Duration, do func()) {
	time.AfterFunc(d, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		do()
	})
}

// do calls what with w.mu held.
func (w *world) do(what func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	what()
}

// nameOf returns the name of the machine that a disk is in.
func (w *world) nameOf(disk int) string {
	for _, m := range w.machines {
		if m.disk.id == disk {
			return m.name
		}
	}
	return fmt.Sprintf("disk %d", disk)
}

// add makes a machine, which has not booted yet; gem says whether it is one of the Ruby gem's.
func (w *world) add(gem bool) *machine {
	id := len(w.machines)
	n := &machine{
		w: w, id: id, gem: gem,
		name:    fmt.Sprintf("n%d", id),
		address: fmt.Sprintf("192.0.2.%d", id+1),
		random:  newRandom(w.seed, name("node"), uint64(id)),
		zone:    w.zoneOf(id),
		policy:  w.policy,
	}
	if w.mixed && n.hit(0.3) {
		n.policy.Desired = 1 + n.IntN(mostServers)
	}
	if w.startsOverUntold {
		n.policy.Lost = rule.LostBootstrap
	}
	n.policy.StartOver = "start over"
	n.disk = w.newDisk()
	n.observer.Registry = &registry.Registry{Store: w.srv.Open(w.t, bucket, "p", n.storeOptions()...), Expiry: w.policy.Expiry}
	if w.trustsFuture {
		n.observer.Registry.Skew = 100 * years
	}
	w.machines = append(w.machines, n)
	return n
}

// spawn starts a new node after a while. A name or an address that is given may be, or have
// been, that of another node.
func (w *world) spawn(within time.Duration, name, address string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.machines) < maxNodes {
		n := w.add(false)
		n.name, n.address = cmp.Or(name, n.name), cmp.Or(address, n.address)
		n.boot(n.span(0, within))
	}
}

// run lets the whole run happen, in the bubble of a synctest.
func (w *world) run() {
	w.do(func() {
		for i := range w.gems {
			n := w.add(true)
			n.boot(time.Duration(i)*10*time.Second + n.span(0, time.Second))
		}
		spread := time.Duration(math.Pow(10, 7+4*chance(mix(w.seed, name("spread")))))
		for range w.plan.nodes {
			n := w.add(false)
			late := n.span(0, spread)
			if w.gems > 0 {
				late += 2 * w.policy.Expiry
			}
			n.boot(late)
		}
	})
	w.faults()
	w.settleDown()
	w.wantSnapshot()
	w.do(func() { w.ended = true })
	for _, n := range w.machines {
		n.kill()
	}
	w.commands.Wait()
	w.tally["runs"]++
	w.tally["virtual seconds"] += int(time.Since(w.start).Seconds())
}

// sleep reports whether the time has passed before the context ended.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
