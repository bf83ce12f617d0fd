package sim

import (
	"slices"
	"time"

	"auto-consul/lib/rule"
)

// settleDown ends all faults, gives the cluster nodes enough, and waits until it
// works as it should, or waits as it is documented to.
func (w *world) settleDown() {
	w.srv.Outage(false)
	w.srv.RefuseWrites(false)
	w.clockError.Store(0)
	w.do(func() {
		w.note("faults are over")
		w.faultsOver, w.flaky, w.outage, w.disturbed = true, 0, false, time.Now()
		for _, n := range w.machines {
			n.cut = false // pauses end by themselves
		}
		w.join()
	})
	begin, bound := time.Now(), 30*w.policy.Expiry
	if w.operator {
		bound *= 2
	}
	d := newRandom(w.seed, name("operator"))
	for i := 0; time.Since(begin) < bound; i++ {
		// A server may be wanted when those before are clients, which may take the places
		// by themselves.
		if i%70 == 0 && (i > 0 || !w.eligible) && !w.noNewNodes {
			for range mostServers {
				w.spawn(10*time.Second, "", "")
			}
		}
		time.Sleep(w.policy.Expiry / 7)
		end := w.ending()
		if w.goesOn(end, d) {
			end = ""
		}
		w.do(func() {
			if end == "" && w.whole() {
				end = "the cluster works"
			}
		})
		if end != "" {
			w.do(func() {
				w.note("end: %s", end)
				w.count("end: " + end)
				w.peak("expiries until the end", int(time.Since(begin)/w.policy.Expiry))
			})
			return
		}
	}
	w.do(func() { w.judge.fail("stuck: no cluster after %v without faults", bound) })
}

// wanted returns how many servers there should be.
func (w *world) wanted() int {
	if w.judge.rec != nil {
		return w.judge.rec.Desired
	}
	return w.policy.Desired
}

// current returns the lineage that the record names; where there is no record, or one that
// was written for the cluster of the Ruby gem's nodes, it is theirs.
func (w *world) current() *lineage {
	for _, l := range w.lineages {
		r := w.judge.rec
		switch {
		case l.cluster == "" && (r == nil || r.Bootstrap.Incarnation == ""):
			return l
		case r != nil && l.cluster == r.ClusterID && l.term == r.Bootstrap.Term:
			return l
		}
	}
	return nil
}

// works reports whether the record's lineage has a leader.
func (w *world) works() bool {
	w.settle()
	l := w.current()
	if l == nil {
		return false
	}
	for _, n := range w.machines {
		if n.gossips() && n.agent.server && n.disk.raft == l && slices.Contains(w.lead(w.pool(n)), l) {
			return true
		}
	}
	return false
}

// whole reports whether the cluster works with as many servers as are wanted, and no
// server with other data runs that anybody could end.
func (w *world) whole() bool {
	if !w.works() || w.judge.rec != nil && w.judge.rec.State != rule.Established {
		return false
	}
	servers := 0
	for _, n := range w.machines {
		if n.agent == nil || !n.agent.server || !n.agent.up {
			continue
		}
		switch l := n.disk.raft; {
		case l == nil || w.judge.abandoned(l):
		case l != w.current():
			return false
		case n.beatsLive():
			servers++
		}
	}
	return servers >= w.wanted()
}

// aheadIsGone returns the documented wait for a recovery by whoever took part, where the one
// that went ahead is gone for good before it had a leader; empty if it is not.
func (w *world) aheadIsGone() string {
	for _, n := range w.machines {
		if !n.gone && n.disk.raft != nil && n.disk.incarnation == w.judge.rec.Bootstrap.Incarnation {
			return ""
		}
	}
	if left, _ := w.survivors(); len(left) == 0 {
		return "lost with all its disks, waits"
	}
	return quorumLost
}

// ending returns the documented wait that this run has come to; empty if it has not.
func (w *world) ending() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	r, l := w.judge.rec, w.current()
	if r != nil && r.State != rule.Established {
		return ""
	}
	if l == nil && r != nil && r.Recovery != nil && !r.Recovery.Done {
		return w.aheadIsGone()
	}
	if l == nil {
		return ""
	}
	votes, alive := 0, false
	for _, n := range w.machines {
		if n.gone || n.disk.raft != l {
			continue
		}
		alive = true
		if _, votes2 := l.voters[n.disk.id]; votes2 {
			votes++
		}
	}
	switch {
	case !alive && w.gaveUp():
		return "" // another cluster will take its place
	case !alive:
		return "lost with all its disks, waits"
	case 2*votes <= len(l.voters):
		return quorumLost
	}
	return ""
}
