package rule_test

// passTime lets a unit of time pass, in which clients beat, or leave the beat out where
// they may (R47). ok is false as long as somebody who is not paused has something to do
// first, or a running server has not tried to beat.
func (x *explorer) passTime(w world, leaveOut bool) (_ world, ok bool) {
	if x.quartersLeft(w.record) {
		return w, false
	}
	for i := range x.nodes {
		if n := w.nodes[i]; n.phase == clientUp && !n.paused && !(leaveOut && w.knowsServers(i)) {
			w = x.beatAsClient(w, i)
		}
	}
	few := [maxNodes]bool{}
	for i := range x.nodes {
		if w.busy(i) && !w.nodes[i].paused {
			return w, false
		}
		few[i] = x.seesFewServers(w, i)
	}
	for i := range x.nodes {
		w.nodes[i].grow()
		w.nodes[i].count(few[i])
	}
	w.record, w.lateWrite = w.record.aged(1), w.lateWrite.aged(1)
	for i := range x.nodes {
		w.nodes[i].typed = w.nodes[i].typed && w.record.entries[i].incarnation != 0
	}
	for i := range w.serverBeats {
		w.expired = w.expired || w.serverBeats[i]&2 != 0 || w.agentBeats[i]&2 != 0
	}
	w.serverBeats, w.agentBeats = agedBeats(w.serverBeats, 1), agedBeats(w.agentBeats, 1)
	return w, true
}

// busy reports whether a node has something to do that takes no time.
func (w world) busy(i int8) bool {
	switch n := w.nodes[i]; n.phase {
	case reading, readingAgain, readingRecord, needHeartbeats, needRecord, probing, swapping, swapped, decided, confirmed, beforeBeat, restored:
		return true
	case restoring:
		return !n.beatTried
	case serverUp:
		return !n.beatTried || w.store == storeOK && w.mustEstablish(i)
	}
	return false
}

// grow makes a node a unit of time older.
func (n *modelNode) grow() {
	if n.hasBeaten == 1 {
		n.hasBeaten = 2
	}
	n.beatTried, n.sinceReading = false, grown(n.sinceReading, 1)
	if n.paused {
		n.recordAge, n.beatsAge = grown(n.recordAge, 1), grown(n.beatsAge, 1)
	}
	if n.tomorrowFor >= 0 {
		n.tomorrowFor = min(old, n.tomorrowFor+1)
	}
	for k := range n.silentFor {
		if n.silentFor[k] >= 0 {
			n.silentFor[k] = grown(n.silentFor[k], 1)
		}
	}
	for k := range n.unansweredFor {
		if n.unansweredFor[k] >= 0 {
			n.unansweredFor[k] = grown(n.unansweredFor[k], 1)
		}
	}
	switch {
	case n.paused:
	case n.phase == waiting:
		n.phase = readingAgain
	case n.phase == polling:
		n.phase = readingRecord
	}
}

// normalize takes out of a world what has no influence on what follows, so that equal
// worlds are found equal.
func (x *explorer) normalize(w *world) {
	if w.record.exists && !x.deletesRecord {
		w.expired = false
	}
	for i := range x.nodes {
		n := &w.nodes[i]
		if n.phase == waiting || n.phase == readingAgain {
			n.unchanged, n.beatsLater, n.recordAge, n.beatsAge, n.asked, n.answered = false, false, 0, 0, 0, 0
			n.serverBeats, n.agentBeats, n.seen = [maxNodes]uint8{}, [maxNodes]uint8{}, modelRecord{exists: n.seen.exists}
			n.beatsTomorrow, n.readTomorrow = [2]uint8{}, false
		}
		if n.phase == polling || n.phase == readingRecord {
			unchanged := n.unchanged && n.phase == polling
			n.unchanged, n.beatsLater, n.recordAge, n.beatsAge, n.asked, n.answered = unchanged, false, 0, 0, 0, 0
			n.serverBeats, n.agentBeats, n.seen = [maxNodes]uint8{}, [maxNodes]uint8{}, modelRecord{exists: n.seen.exists}
			n.beatsTomorrow, n.readTomorrow = [2]uint8{}, false
		}
		if n.phase == off {
			n.sinceReading = 0
		}
	}
}

// agedBeats returns heartbeats as they are some units of time later.
func agedBeats(masks [maxNodes]uint8, by int8) [maxNodes]uint8 {
	for i := range masks {
		masks[i] = masks[i] << by & 3
	}
	return masks
}
