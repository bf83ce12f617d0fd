package rule_test

// successor is a world that may follow another.
type successor struct {
	world world
	what  string // what happened, in words
	bad   string // the property that it broke, in words; empty if it broke none
}

// successors returns all worlds that may follow.
func (x *explorer) successors(w world) []successor {
	var out []successor
	add := func(w world, what, bad string) {
		if bad == "" {
			bad = x.violation(w)
		}
		x.normalize(&w)
		out = append(out, successor{w, what, bad})
	}
	for i := range x.nodes {
		for _, s := range x.act(w, i) {
			add(s.world, nodeName(i)+" "+s.what, s.bad)
		}
		if v, ok := x.typeRecover(w, i); ok {
			add(v, "recover is typed on "+nodeName(i), "")
		}
	}
	if w.store != storeOK {
		v := w
		v.store = storeOK
		add(v, "store recovers", "")
	}
	if w.lateWrite.exists {
		v := w
		if w.lateWriteLands {
			v = v.write(w.lateWrite)
		}
		v.lateWrite, v.lateWriteLands = modelRecord{}, false
		add(v, "late write lands", "")
	}
	if v, ok := x.passQuarter(w); ok {
		add(v, "a quarter of the gathering passes", "")
	}
	if w.clockBack && w.record.exists {
		add(w.setBack(), "store's clock is set back", "")
	}
	if v, ok := x.passTime(w, false); ok {
		add(v, "time passes", "")
	}
	if x.leavesOut {
		if v, ok := x.passTime(w, true); ok {
			add(v, "time passes, and clients leave their beats out", "")
		}
	}
	for _, s := range x.removals(w) {
		add(s.world, s.what, s.bad)
	}
	if w.faults > 0 {
		for _, s := range x.fault(w) {
			add(s.world, s.what, s.bad)
		}
	}
	return out
}

// act returns what one node may do next.
func (x *explorer) act(w world, i int8) []successor {
	if x.mayRestart(w, i) {
		v := w
		v.nodes[i].stop(off)
		return append(x.goOn(w, i), successor{v, "is stopped in the outage", ""})
	}
	return x.goOn(w, i)
}

// goOn returns what a node may do next by itself.
func (x *explorer) goOn(w world, i int8) []successor {
	n := w.nodes[i]
	if n.paused {
		v := w
		v.nodes[i].paused = false
		return []successor{{v, "resumes", ""}}
	}
	one := func(v world, what, bad string) []successor { return []successor{{v, what, bad}} }
	if x.gone != 0 && n.observes() {
		v, bad := x.observe(w, i)
		return one(v, "observes", bad)
	}
	switch n.phase {
	case off:
		if i > 0 && n.incarnation == 0 && w.nodes[i-1].incarnation == 0 && n.zone == w.nodes[i-1].zone {
			return nil // blank machines are alike: the first is the first to start
		}
		if v, ok := x.startOffline(w, i); ok {
			return one(v, "starts without the store", "")
		}
		return one(x.start(w, i), "starts", "")
	case reading, readingAgain: // both at the same time: either may be first
		v, bad := x.readRecord(w, i)
		u := x.readBeats(w, i)
		return []successor{{v, "reads the record", bad}, {u, "reads the heartbeats", ""}}
	case needHeartbeats:
		return one(x.readBeats(w, i), "reads the heartbeats", "")
	case polling:
		if n.unchanged {
			return nil
		}
		v, bad := x.readRecord(w, i)
		return one(v, "sees the record change", bad)
	case needRecord, swapped, readingRecord:
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
		if x.pausesBeforeStart || v.nodes[i].phase != confirmed {
			return one(v, "confirms", "")
		}
		if n.toRestore != 0 && n.raft == 0 && !x.afterStart && !x.ignoresRestore {
			return one(x.beginRestore(v, i), "confirms and begins to restore", "")
		}
		v, bad := x.startAgent(v, i)
		return one(v, "confirms and starts its agent", bad)
	case confirmed:
		v, bad := x.startAgent(w, i)
		return one(v, "starts its agent", bad)
	case restoring, restored:
		return x.restores(w, i)
	case serverUp:
		return x.runServer(w, i)
	case beforeBeat:
		if n.leaves && !n.writes {
			v, bad := x.stepDown(w, i)
			return one(v, "steps down", bad)
		}
		v, bad := x.beat(w, i)
		return one(v, "writes, or beats", bad)
	case clientUp:
		if x.seesFewServers(w, i) && n.fewFor >= old && !n.looked {
			return one(x.lookForPlace(w, i), "looks for a vacant place", "")
		}
	}
	return nil
}
