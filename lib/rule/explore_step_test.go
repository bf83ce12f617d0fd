package rule_test

import (
	"errors"
	"strings"

	"auto-consul/lib/registry"
	"auto-consul/lib/rule"
)

// after is a world that follows, and what happened.
type after struct {
	w    world
	what string
	bad  string // the property that broke
}

// successors are all worlds that may follow.
func (x *explorer) successors(w world) []after {
	var out []after
	add := func(w world, what, bad string) {
		if bad == "" {
			bad = x.broken(w)
		}
		x.trim(&w)
		out = append(out, after{w, what, bad})
	}
	for i := range x.nodes {
		for _, a := range x.act(w, i) {
			add(a.w, nodeName(i)+" "+a.what, a.bad)
		}
	}
	if w.store != storeOK {
		v := w
		v.store = storeOK
		add(v, "store recovers", "")
	}
	if w.late.there {
		v := w
		if w.lateOpen {
			v = v.write(w.late)
		}
		v.late, v.lateOpen = xrec{}, false
		add(v, "late write lands", "")
	}
	if v, ok := x.advance(w); ok {
		add(v, "time passes", "")
	}
	if w.faults > 0 {
		for _, a := range x.fault(w) {
			add(a.w, a.what, a.bad)
		}
	}
	return out
}

// act is what one node may do next.
func (x *explorer) act(w world, i int8) []after {
	n := w.nodes[i]
	if n.paused {
		v := w
		v.nodes[i].paused = false
		return []after{{v, "resumes", ""}}
	}
	one := func(v world, what, bad string) []after { return []after{{v, what, bad}} }
	switch n.phase {
	case off:
		if i > 0 && n.inc == 0 && w.nodes[i-1].inc == 0 {
			return nil // blank machines are alike: the first is the first to start
		}
		return one(x.start(w, i), "starts", "")
	case looking, relooking:
		v, bad := x.readRecord(w, i)
		u := x.readBeats(w, i)
		return []after{{v, "reads the record", bad}, {u, "reads the heartbeats", ""}}
	case needBeats:
		v := x.readBeats(w, i)
		return one(v, "reads the heartbeats", "")
	case needRec, swapped:
		v, bad := x.readRecord(w, i)
		return one(v, "reads the record", bad)
	case probing:
		v, bad := x.probe(w, i)
		return one(v, "probes", bad)
	case swapping:
		v, bad := x.swap(w, i)
		return one(v, "swaps", bad)
	case decided:
		v := x.confirm(w, i)
		if x.sleepy || v.nodes[i].phase != confirmed {
			return one(v, "confirms", "")
		}
		v, bad := x.exec(v, i)
		return one(v, "confirms and starts its agent", bad)
	case confirmed:
		v, bad := x.exec(w, i)
		return one(v, "starts its agent", bad)
	case up:
		return x.serve(w, i)
	case attended:
		v, bad := x.beat(w, i)
		return one(v, "beats", bad)
	}
	return nil
}

func (x *explorer) start(w world, i int8) world {
	n := &w.nodes[i]
	if n.inc == 0 {
		n.inc = i*4 + 1
	}
	n.phase = looking
	n.forget()
	return w
}

// forget is the end of a decision's memory.
func (n *xnode) forget() {
	n.later, n.known = false, 0
	n.look, n.fresh, n.want, n.sb, n.ab = xrec{}, false, xrec{}, [maxNodes]uint8{}, [maxNodes]uint8{}
	n.lag, n.beatLag, n.gap, n.asked, n.answered, n.lostWait = 0, 0, 0, 0, 0, false
	n.slot = false
	n.boot, n.expect, n.join, n.beaten, n.writes, n.named = false, 0, 0, false, false, false
	for k := range n.watch {
		n.watch[k] = -1
	}
	for k := range n.unanswered {
		n.unanswered[k] = -1
	}
}

// stop takes the agent or the decision down, leaving the disk.
func (n *xnode) stop(phase int8) {
	n.forget()
	n.phase, n.paused = phase, false
}

func (x *explorer) readRecord(w world, i int8) (world, string) {
	n := &w.nodes[i]
	if w.store == storeDown {
		n.stop(off) // exit 69; whoever started it starts it again
		return w, ""
	}
	before, had, won := n.phase, n.look.there, n.fresh
	n.look, n.fresh, n.later, n.lag = w.rec, true, false, 0
	if had && !n.look.there {
		n.stop(off) // the record vanished: exit 75
		return w, ""
	}
	switch before {
	case swapped:
		if won || n.beatLag == 0 {
			return x.decide(w, i, false)
		}
		return x.decide(w, i, true) // what it heard is too old to go on with
	case needRec:
		return x.decide(w, i, false)
	case looking:
		if v, bad := x.decide(w, i, true); v.nodes[i].phase != needBeats {
			return v, bad
		}
	}
	n.phase = needBeats
	return w, ""
}

func (x *explorer) readBeats(w world, i int8) world {
	n := &w.nodes[i]
	if w.store == storeDown {
		n.stop(off)
		return w
	}
	n.sb, n.ab, n.beatLag, n.asked, n.answered = w.sb, w.ab, 0, 0, 0
	if n.phase != needBeats {
		n.phase = needRec
		return w
	}
	n.later = true
	v, _ := x.decide(w, i, false)
	return v
}

// decide asks the rule and goes where it says.
func (x *explorer) decide(w world, i int8, recordOnly bool) (world, string) {
	n := &w.nodes[i]
	c := x.theCase(w, i, recordOnly)
	if !recordOnly && n.phase != probing {
		x.observe(n, c)
		c = x.theCase(w, i, recordOnly)
	}
	var step rule.Action
	if x.plainRule {
		if recordOnly {
			step = rule.Action{ReadHeartbeats: true}
		} else {
			v := rule.Plain(c.Self, int(x.desired), c.Seen.Snapshot)
			step = rule.Action{Decision: &v}
		}
	} else {
		step = rule.Decide(c)
	}
	switch {
	case errors.Is(step.Err, rule.ErrFenced):
		n.stop(fenced)
	case step.Err != nil:
		n.stop(off)
	case step.Decision != nil:
		n.settle(*step.Decision)
	case step.Swap != nil:
		n.phase, n.want = swapping, fromRecord(step.Swap)
	case step.Probe != nil:
		n.phase = probing
		for _, a := range step.Probe {
			n.asked |= 1 << nodeAt(a)
		}
	case step.ReadHeartbeats:
		n.phase = needBeats
	default:
		n.phase, n.lostWait = waiting, strings.Contains(step.Wait, "come back")
	}
	return w, ""
}

// settle writes the verdict to the disk.
func (n *xnode) settle(v rule.Decision) {
	n.forget()
	n.phase, n.boot, n.expect, n.slot = decided, v.Bootstrap, int8(v.Expect), v.HasSlot
	n.mode = 2
	if v.Mode == registry.Server {
		n.mode = 1
	}
	if v.Membership.ClusterID != "" {
		n.keptCluster, n.keptTerm = number(v.Membership.ClusterID), int8(v.Membership.Term)
	}
	for _, a := range v.Join {
		n.join |= 1 << nodeAt(a)
	}
}
