package sim

import (
	"context"
	"time"

	"auto-consul/lib/registry"
	"auto-consul/lib/rule"
)

// What people do to a registry by hand.

// deleteRecord deletes the record of a cluster that works and has sent heartbeats, for
// without those nothing would tell of the cluster. Nothing else goes wrong until the
// record is back.
func (w *world) deleteRecord(random) {
	able := false
	w.do(func() {
		able = w.judge.rec != nil && w.works() && w.clusterBeats() && !w.outage && w.flaky == 0 && w.pending == 0
		w.faultsPaused = able
	})
	if !able {
		return
	}
	_ = w.operatorStore().Delete(context.Background(), rule.RecordKey) // it never fails where nothing is wrong
	w.do(func() { w.judge.changed(nil, nil, false) })
	back := false
	for tries := 0; !back && tries < 30; tries++ {
		time.Sleep(w.policy.Expiry / 10)
		w.do(func() { back = w.judge.rec != nil })
	}
	w.do(func() {
		w.faultsPaused = false
		if !back {
			w.judge.fail("gone: nobody wrote the record back")
		}
	})
}

// clusterBeats reports whether a server of the cluster sends heartbeats, and can go on to.
func (w *world) clusterBeats() bool {
	for _, n := range w.machines {
		if n.gossips() && !n.gem && !n.cut && n.agent.server && n.disk.raft == w.current() && n.beatsLive() {
			return true
		}
	}
	return false
}

// beatsLive reports whether the node's last heartbeat as a server has not expired.
func (n *machine) beatsLive() bool {
	return len(n.beats) > 0 && n.beats[len(n.beats)-1].live(time.Now(), n.w.storeTime(), n.w.policy.Expiry)
}

// shiftClock sets the store's clock wrongly for a while, and then back (R53).
func (w *world) shiftClock(d random) {
	if w.clockError.CompareAndSwap(0, int64(pick(d, 10*time.Second, w.policy.Expiry, time.Hour, 24*time.Hour))) {
		w.do(func() { w.after(w.faultLength(d), func() { w.clockError.Store(0) }) })
	}
}

func (w *world) resizes(d random) {
	if n := w.anyNode(d); n != nil {
		w.do(func() { n.resize = 1 + d.IntN(mostServers) })
		w.restart(n, false, d.span(0, 5*time.Second))
	}
}

// purge removes expired heartbeats, as ac-members does. Where there is no record and no
// server can beat, expired heartbeats are the only sign of a cluster that knows
// of none.
func (w *world) purge(random) {
	known := false
	w.do(func() { known = w.judge.rec != nil || w.gems == 0 })
	if !known {
		return
	}
	r := registry.Registry{Store: w.operatorStore(), Expiry: w.policy.Expiry}
	if snap, err := r.Read(context.Background(), registry.Query{}); err == nil {
		_, _ = r.Purge(context.Background(), snap.Expired) // the next one will
	}
}
