package sim

import "time"

// kind is one kind of fault.
type kind struct {
	name   string
	weight int
	happen func(*world, random)
}

// clockShifted is the name of the fault that R53 is for.
const clockShifted = "store's clock ahead, and set back"

func allKinds() []kind {
	return []kind{
		{"crash", 4, func(w *world, d random) { w.crash(d, false) }},
		{"crash, disk lost", 2, func(w *world, d random) { w.crash(d, true) }},
		{"gone for good", 1, (*world).remove},
		{"leaves for good", 1, (*world).leave},
		{"agent dies", 2, (*world).killAgent},
		{"pause", 5, (*world).pauseOne},
		{"everybody crashes", 1, (*world).crashAll},
		{"everybody crashes, all disks lost", 1, (*world).loseAll},
		{"new node", 2, func(w *world, _ random) { w.spawn(w.policy.Expiry, "", "") }},
		{"new node of a name that is taken", 1, func(w *world, d random) { w.spawn(w.policy.Expiry, pick(d, w.machines...).name, "") }},
		{"store away", 2, func(w *world, d random) { w.switchOff(d, w.srv.Outage) }},
		{"restarts while the store is away", 1, (*world).restartsInOutage},
		{"store refuses writes", 2, func(w *world, d random) { w.switchOff(d, w.srv.RefuseWrites) }},
		{"store flaky", 3, (*world).unreliable},
		{"node cut off from the store", 2, (*world).cutOff},
		{"network split", 2, (*world).split},
		{"record deleted", 1, (*world).deleteRecord},
		{"resize", 1, (*world).resizes},
		{"purge", 2, (*world).purge},
		{clockShifted, 2, (*world).shiftClock},
	}
}

// faults lets things go wrong, one after another, until the time is up or there
// is nothing left but to wait.
func (w *world) faults() {
	d := newRandom(w.seed, name("faults"))
	if w.gems > 0 { // the gem's nodes run before anything goes wrong
		time.Sleep(2 * w.policy.Expiry)
	}
	total := 0
	for _, k := range w.kinds {
		total += k.weight
	}
	for total > 0 && time.Since(w.start) < w.faulty && w.goesOn(w.ending(), d) {
		if w.faultsAtBirth && time.Since(w.start) < 2*w.policy.Expiry {
			time.Sleep(d.span(0, w.policy.Expiry/4))
		} else {
			time.Sleep(d.span(w.pause/10, 2*w.pause))
		}
		draw := d.IntN(total)
		for _, k := range w.kinds {
			if draw -= k.weight; draw < 0 {
				w.do(func() {
					w.note("FAULT %s", k.name)
					w.count("fault: " + k.name)
				})
				k.happen(w, d)
				break
			}
		}
	}
}

// anyNode draws a node that a fault may happen to. The Ruby gem's nodes are not started
// again: nobody would fence them. It returns nil if it finds none.
func (w *world) anyNode(d random) *machine {
	for range 20 {
		if n := pick(d, w.machines...); !n.gone && !n.gem {
			return n
		}
	}
	return nil
}

// faultLength draws how long a fault lasts: often a short time, sometimes longer than all
// waits of the programs.
func (w *world) faultLength(d random) time.Duration {
	if d.hit(0.5) {
		return d.span(time.Second, w.policy.Expiry)
	}
	return d.span(w.policy.Expiry/2, 5*w.policy.Expiry)
}

// restart ends a node's life and has another begin after a delay, unless that is under way.
func (w *world) restart(n *machine, empty bool, delay time.Duration) {
	var dying bool
	w.do(func() { dying, n.dying = n.dying || w.ended, true })
	if dying {
		return
	}
	n.kill()
	w.do(func() {
		n.pausedUntil, n.dying = time.Time{}, false
		if empty {
			n.wipe()
		}
		if !n.gone && !w.ended {
			n.boot(delay)
		}
	})
}

func (w *world) crash(d random, empty bool) {
	if n := w.anyNode(d); n != nil {
		w.allowOffline(n, d)
		w.restart(n, empty, w.faultLength(d))
	}
}

func (w *world) remove(d random) {
	if n := w.anyNode(d); n != nil && len(w.machines) < maxNodes-15 {
		w.do(func() { n.gone = true })
		w.restart(n, false, 0)
		if !w.noNewNodes {
			w.spawn(w.policy.Expiry, "", pick(d, "", "", n.address))
		}
	}
}

// leave has a machine leave its cluster for good, by what ac-heartbeat -leave runs.
// Where that refuses or fails the machine goes on; its agent may have ended by then,
// and is started again like one that died.
func (w *world) leave(d random) {
	n := w.anyNode(d)
	if n == nil || len(w.machines) >= maxNodes-15 {
		return
	}
	var l life
	w.do(func() { l = life{n, n.ctx} })
	b := n.beater(l)
	b.Random = newRandom(w.seed, name("leave"), uint64(n.id), uint64(time.Since(w.start))).claimRandom()
	go func() {
		left := b.Leave(l.ctx, false) == nil
		// Not at the moment at which a paused machine goes on, as for its ports.
		if !sleep(l.ctx, span(mix(w.seed, uint64(n.id), uint64(time.Since(w.start)), name("left")), time.Microsecond, time.Millisecond)) {
			return
		}
		stopped := false
		w.do(func() {
			n.gone, stopped = left, n.agent == nil
			if left {
				w.count("left")
				w.note("%s has left", n.name)
			}
		})
		if left || stopped {
			w.restart(n, false, time.Second)
		}
		if left {
			w.spawn(w.policy.Expiry, "", "")
		}
	}()
}

// crashAll stops every node at once, and starts them again together.
func (w *world) crashAll(d random) {
	delay := w.faultLength(d)
	for _, n := range w.machines {
		if !n.gone && !n.gem {
			w.allowOffline(n, d)
			w.restart(n, d.hit(0.02), delay+d.span(0, 5*time.Second))
		}
	}
}

// killAgent ends an agent, which its runner starts again soon.
func (w *world) killAgent(d random) {
	if n := w.anyNode(d); n != nil {
		w.restart(n, false, d.span(time.Second, 10*time.Second))
	}
}

// loseAll is crashAll with all disks lost, where another cluster takes the place of one
// that is lost.
func (w *world) loseAll(d random) {
	able := false
	w.do(func() { able = w.judge.rec != nil && w.gaveUp() })
	if !able {
		return
	}
	delay := w.faultLength(d)
	for _, n := range w.machines {
		if !n.gone && !n.gem {
			w.restart(n, true, delay+d.span(0, 5*time.Second))
		}
	}
}

func (w *world) pauseOne(d random) {
	if n := pick(d, w.machines...); !n.gone {
		w.do(func() { n.pause(w.faultLength(d)) })
	}
}

// switchOff switches something off at the store for a while.
func (w *world) switchOff(d random, off func(bool)) {
	set := func(on bool) {
		off(on)
		w.do(func() { w.outage, w.disturbed = on, time.Now() })
	}
	set(true)
	time.AfterFunc(w.faultLength(d), func() { set(false) })
}

func (w *world) unreliable(d random) {
	w.do(func() {
		w.flaky = pick(d, 0.01, 0.03, 0.06)
		w.after(w.faultLength(d), func() { w.flaky, w.disturbed = 0, time.Now() })
	})
}

func (w *world) cutOff(d random) {
	if n := w.anyNode(d); n != nil {
		w.do(func() {
			n.cut = true
			w.after(w.faultLength(d), func() { n.cut, w.disturbed = false, time.Now() })
		})
	}
}

// split keeps groups of nodes from reaching each other.
func (w *world) split(d random) {
	w.do(func() {
		groups := 2 + d.IntN(2)
		for _, n := range w.machines {
			n.group = d.IntN(groups)
		}
		w.regroup = time.Now()
		w.after(w.faultLength(d), w.join)
	})
}

// join ends a split. w.mu is held.
func (w *world) join() {
	for _, n := range w.machines {
		n.group = 0
	}
	w.regroup = time.Now()
	w.settle()
}
