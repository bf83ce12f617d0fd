package rule_test

import (
	"maps"
	"math/bits"
	"slices"
	"testing"

	"auto-consul/lib/rule"
)

// renaming says what each node is called from now on.
type renaming [maxNodes]int8

// same leaves all names as they are.
var same = renaming{0, 1, 2, 3, 4}

// canonical renames the nodes, so that two worlds in which nodes have only swapped
// their names become one. The rules compare names and do nothing else with them, so
// whatever holds in the one world holds in the other. Nodes are sorted by their
// signatures; where two have the same, the two worlds may stay apart, which costs time
// and nothing else.
func (x *explorer) canonical(w world) (world, renaming) {
	var keys [maxNodes]signature
	order := same
	for i := range x.nodes {
		keys[i] = w.signature(i)
	}
	slices.SortStableFunc(order[:x.nodes], func(a, b int8) int { return slices.Compare(keys[a][:], keys[b][:]) })
	if slices.IsSorted(order[:]) {
		return w, order
	}
	var to renaming
	for i, from := range order {
		to[from] = int8(i)
	}
	return w.renamed(to), to
}

// signature is what can be said of a node without naming another.
type signature [54]int8

func (w world) signature(i int8) signature {
	n := w.nodes[i]
	own := func(mask uint8) int8 { return int8(mask >> i & 1) }
	bootstraps := w.record.bootstrapper != 0 && nodeOf(w.record.bootstrapper) == i
	return signature{
		n.zone, n.phase, yes(n.paused), generation(n.incarnation, i), n.mode, n.raft, n.keptCluster, n.keptTerm, n.hasBeaten,
		w.record.place(i), yes(bootstraps), w.lateWrite.place(i), int8(w.serverBeats[i]), int8(w.agentBeats[i]),
		yes(n.unchanged), yes(n.beatsLater), n.recordAge, n.beatsAge, n.sinceReading,
		yes(n.bootstrap), yes(n.waitsForLost), n.expect, yes(n.beatTried), yes(n.writes),
		yes(n.seen.exists), n.seen.count, n.seen.term, n.seen.place(i), n.toWrite.count, n.toWrite.term, n.toWrite.place(i),
		int8(bits.OnesCount8(n.join)), int8(bits.OnesCount8(n.asked)), int8(bits.OnesCount8(n.answered)), own(n.join),
		total(n.silentFor[:]), total(n.unansweredFor[:]),
		yes(n.candidate), yes(n.looked), n.fewFor, yes(n.leaves), yes(w.record.leaving != 0 && nodeOf(w.record.leaving) == i),
		own(w.beatsTomorrow[0]) + 2*own(w.beatsTomorrow[1]), int8(bits.OnesCount8(n.beatsTomorrow[0])), n.tomorrowFor, yes(n.readTomorrow),
		yes(n.offline), int8(bits.OnesCount8(n.known)),
		n.toRestore, n.restore, n.keptRestore, n.tries[1], n.tries[2], n.seen.restore,
	}
}

func yes(b bool) int8 {
	if b {
		return 1
	}
	return 0
}

// generation returns which of node i's incarnations it is, counted from 1; 0 for none.
func generation(incarnation, i int8) int8 {
	if incarnation == 0 {
		return 0
	}
	return incarnation - i*4
}

// place returns where a record has a node's slot, counted from 1; 0 if it has none.
func (r modelRecord) place(i int8) int8 {
	for k, s := range r.slots[:r.count] {
		if nodeOf(s.incarnation) == i {
			return int8(k) + 1
		}
	}
	return 0
}

func total(ages []int8) (sum int8) {
	for _, a := range ages {
		sum += a
	}
	return sum
}

// renamed returns the same world with its nodes renamed.
func (w world) renamed(to renaming) world {
	v := w
	v.record, v.lateWrite = w.record.renamed(to), w.lateWrite.renamed(to)
	v.serverBeats, v.agentBeats = to.masks(w.serverBeats), to.masks(w.agentBeats)
	v.beatsTomorrow = [2]uint8{to.set(w.beatsTomorrow[0]), to.set(w.beatsTomorrow[1])}
	for i, n := range w.nodes {
		m := n
		m.incarnation = to.incarnation(n.incarnation)
		m.seen, m.toWrite = n.seen.renamed(to), n.toWrite.renamed(to)
		m.serverBeats, m.agentBeats = to.masks(n.serverBeats), to.masks(n.agentBeats)
		m.beatsTomorrow = [2]uint8{to.set(n.beatsTomorrow[0]), to.set(n.beatsTomorrow[1])}
		m.asked, m.answered, m.join, m.known = to.set(n.asked), to.set(n.answered), to.set(n.join), to.set(n.known)
		for j := range w.nodes {
			m.unansweredFor[to[j]] = n.unansweredFor[j]
			m.silentFor[to[j]*2], m.silentFor[to[j]*2+1] = n.silentFor[j*2], n.silentFor[j*2+1]
		}
		v.nodes[to[i]] = m
	}
	return v
}

func (r modelRecord) renamed(to renaming) modelRecord {
	r.bootstrapper, r.leaving = to.incarnation(r.bootstrapper), to.incarnation(r.leaving)
	for k := range r.slots[:r.count] {
		r.slots[k].incarnation = to.incarnation(r.slots[k].incarnation)
	}
	return r
}

func (to renaming) incarnation(of int8) int8 {
	if of == 0 {
		return 0
	}
	i := nodeOf(of)
	return to[i]*4 + generation(of, i)
}

func (to renaming) set(s uint8) (out uint8) {
	for i, j := range to {
		out |= s >> i & 1 << j
	}
	return out
}

func (to renaming) masks(m [maxNodes]uint8) (out [maxNodes]uint8) {
	for i, j := range to {
		out[j] = m[i]
	}
	return out
}

// The worlds that are found with nodes renamed are those that are found without, no
// more and no fewer, if worlds that differ in names alone are counted as one.
func TestExplorationBySymmetry(t *testing.T) {
	for _, x := range []explorer{
		{nodes: 2, desired: 1, faults: 1},
		{nodes: 3, desired: 2},
	} {
		x.lost, x.birth = rule.LostAuto, rule.First
		t.Run(x.name(), func(t *testing.T) {
			t.Parallel()
			explore := func(byName bool) map[uint64]bool {
				seen := map[uint64]bool{}
				y := x
				y.byName, y.visit = byName, func(w world) { seen[x.namelessHash(w)] = true }
				e := y.run(1_000_000)
				t.Logf("told apart by names %v: %d worlds, %d but for names", byName, e.worlds, len(seen))
				return seen
			}
			got, want := explore(false), explore(true)
			if len(got) < 1000 || !maps.Equal(got, want) {
				t.Errorf("got %d worlds but for names, want the same %d as without renaming", len(got), len(want))
			}
		})
	}
}

// namelessHash returns the same for all worlds that differ in names alone.
func (x *explorer) namelessHash(w world) uint64 {
	least := w.hash()
	for a := range x.nodes {
		for b := range x.nodes {
			to := same
			to[0], to[a] = to[a], to[0]
			to[x.nodes-1], to[b] = to[b], to[x.nodes-1]
			least = min(least, w.renamed(to).hash())
		}
	}
	return least
}
