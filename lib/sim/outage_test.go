package sim

import (
	"slices"
	"time"
)

// allowOffline lets, now and then, a node do without the store at its next decision, as an
// operator may while the store is away (R58).
func (w *world) allowOffline(n *machine, d random) {
	w.do(func() { n.disk.offline = w.outage && d.hit(0.5) })
}

// restartsInOutage has the store away while every node of a cluster that works is
// restarted, one after the other. The operator lets its servers do without the store.
// Nothing else goes wrong meanwhile. All must be back before the store is (R58).
func (w *world) restartsInOutage(d random) {
	var nodes []*machine
	w.do(func() {
		if nodes = w.calmNodes(); nodes != nil {
			w.faultsPaused, w.outage, w.disturbed = true, true, time.Now()
		}
	})
	if nodes == nil {
		return
	}
	w.srv.Outage(true)
	back := true
	for _, n := range nodes {
		if back {
			w.do(func() { n.disk.offline = n.agent != nil && n.agent.server })
			w.restart(n, false, d.span(time.Second, 5*time.Second))
			back = w.awaitBack(n)
		}
	}
	w.srv.Outage(false)
	w.do(func() {
		w.faultsPaused, w.outage, w.disturbed = false, false, time.Now()
		w.count("clusters restarted while the store was away")
		if !back {
			w.judge.fail("away: not all nodes of a cluster came back while the store was away")
		}
	})
}

// calmNodes returns the nodes that run, if they are a cluster that works and nothing is
// wrong with any of them; nil otherwise. w.mu is held.
func (w *world) calmNodes() (nodes []*machine) {
	if w.outage || w.flaky > 0 || w.pending > 0 || w.gems > 0 || w.plainRule || w.judge.rec == nil || !w.whole() || !w.clusterBeats() {
		return nil
	}
	for _, n := range w.machines {
		switch {
		case n.gone || n.agent == nil && n.disk.mode == "":
		case n.cut || n.group != 0 || n.paused() || n.dying || !n.back():
			return nil
		default:
			nodes = append(nodes, n)
		}
	}
	return nodes
}

// back reports whether a node's agent runs and has found the record's cluster, of which
// its data directory knows that it is established. w.mu is held.
func (n *machine) back() bool {
	if !n.gossips() || n.agent.server && (n.disk.raft != n.w.current() || !n.disk.membership.Established) {
		return false
	}
	pool := n.w.pool(n)
	return slices.Contains(n.w.lead(pool), n.w.current())
}

// awaitBack waits until a node that was restarted is back, and reports whether it is.
func (w *world) awaitBack(n *machine) (back bool) {
	bound := 6*w.policy.Expiry + 3*w.timeout // who types may need three expiries
	for begun := time.Now(); !back && time.Since(begun) < bound; {
		time.Sleep(w.policy.Expiry/10 + time.Second)
		w.do(func() {
			w.settle()
			back = n.back()
		})
	}
	return back
}
