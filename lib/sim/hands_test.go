package sim

import (
	"context"
	"time"

	"auto-consul/lib/registry"
	"auto-consul/lib/rule"
)

// What people do.

// slip is a hand that deletes the record of a cluster that works and has sent
// heartbeats, without which nothing would tell of it; and nothing else goes wrong
// until it is back.
func (w *world) slip(dice) {
	able := false
	w.do(func() {
		able = w.judge.rec != nil && w.works() && w.heard() && !w.outage && w.flaky == 0 && w.pending == 0
		w.gentle = able
	})
	if !able {
		return
	}
	_ = w.hand().Delete(context.Background(), rule.RecordKey) // it never fails where nothing is wrong
	w.do(func() { w.judge.changed(nil, nil, false) })
	back := false
	for tries := 0; !back && tries < 30; tries++ {
		time.Sleep(w.policy.Expiry / 10)
		w.do(func() { back = w.judge.rec != nil })
	}
	w.do(func() {
		w.gentle = false
		if !back {
			w.judge.fail("gone: nobody wrote the record back")
		}
	})
}

// heard: a server of the cluster sends heartbeats, and can go on to.
func (w *world) heard() bool {
	for _, n := range w.machines {
		if n.gossips() && !n.gem && !n.cut && n.agent.server && n.disk.raft == w.current() && n.heard() {
			return true
		}
	}
	return false
}

// heard: its last heartbeat as a server has not expired.
func (n *machine) heard() bool {
	return len(n.beats) > 0 && n.beats[len(n.beats)-1].live(time.Now(), n.w.storeTime(), n.w.policy.Expiry)
}

// misdate is somebody who sets the store's clock, first wrongly and then back (R53).
func (w *world) misdate(d dice) {
	if w.early.CompareAndSwap(0, int64(pick(d, 10*time.Second, w.policy.Expiry, time.Hour, 24*time.Hour))) {
		w.do(func() { w.after(w.term(d), func() { w.early.Store(0) }) })
	}
}

func (w *world) resizes(d dice) {
	if n := w.someone(d); n != nil {
		w.do(func() { n.resize = 1 + d.IntN(mostServers) })
		w.restart(n, false, d.span(0, 5*time.Second))
	}
}

// purge is what ac-members does beside listing. Where there is no record and no
// server can beat, expired heartbeats are the only sign of a cluster that knows
// of none.
func (w *world) purge(dice) {
	known := false
	w.do(func() { known = w.judge.rec != nil || w.gems == 0 })
	if !known {
		return
	}
	r := registry.Registry{Store: w.hand(), Expiry: w.policy.Expiry}
	if snap, err := r.Read(context.Background(), registry.Query{}); err == nil {
		_, _ = r.Purge(context.Background(), snap.Expired) // the next one will
	}
}
