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

var same = renaming{0, 1, 2, 3}

// canonical renames the nodes, so that worlds in which they have but swapped
// their parts are one. The rule knows nodes by their names' equality alone. Where
// the order of [explorer.likeness] leaves a choice the worlds stay apart, which
// costs time and nothing else.
func (x *explorer) canonical(w world) (world, renaming) {
	var keys [maxNodes]likeness
	order := same
	for i := range x.nodes {
		keys[i] = w.likeness(i)
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

// likeness is what can be said of a node without naming another.
type likeness [36]int8

func (w world) likeness(i int8) likeness {
	n := w.nodes[i]
	own := func(m uint8) int8 { return int8(m >> i & 1) }
	return likeness{
		n.phase, yes(n.paused), generation(n.inc, i), n.mode, n.raft, n.keptCluster, n.keptTerm, n.known,
		w.rec.place(i), yes(w.rec.owner != 0 && nodeOf(w.rec.owner) == i), w.late.place(i), int8(w.sb[i]), int8(w.ab[i]),
		yes(n.fresh), yes(n.later), n.lag, n.beatLag, n.gap, yes(n.boot), yes(n.lostWait), n.expect, yes(n.beaten), yes(n.writes),
		yes(n.look.there), n.look.n, n.look.term, n.look.place(i), n.want.n, n.want.term, n.want.place(i),
		int8(bits.OnesCount8(n.join)), int8(bits.OnesCount8(n.asked)), int8(bits.OnesCount8(n.answered)), own(n.join),
		total(n.watch[:]), total(n.unanswered[:]),
	}
}

func yes(b bool) int8 {
	if b {
		return 1
	}
	return 0
}

func generation(inc, i int8) int8 {
	if inc == 0 {
		return 0
	}
	return inc - i*4
}

// place is where a record has a node's slot, counted from 1; 0 if it has none.
func (r xrec) place(i int8) int8 {
	for k, s := range r.slots[:r.n] {
		if nodeOf(s.inc) == i {
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

func (w world) renamed(to renaming) world {
	v := w
	v.rec, v.late = w.rec.renamed(to), w.late.renamed(to)
	v.sb, v.ab = to.masks(w.sb), to.masks(w.ab)
	for i, n := range w.nodes {
		m := n
		m.inc = to.inc(n.inc)
		m.look, m.want = n.look.renamed(to), n.want.renamed(to)
		m.sb, m.ab = to.masks(n.sb), to.masks(n.ab)
		m.asked, m.answered, m.join = to.set(n.asked), to.set(n.answered), to.set(n.join)
		for j := range w.nodes {
			m.unanswered[to[j]] = n.unanswered[j]
			m.watch[to[j]*2], m.watch[to[j]*2+1] = n.watch[j*2], n.watch[j*2+1]
		}
		v.nodes[to[i]] = m
	}
	return v
}

func (r xrec) renamed(to renaming) xrec {
	r.owner = to.inc(r.owner)
	for k := range r.slots[:r.n] {
		r.slots[k].inc = to.inc(r.slots[k].inc)
	}
	return r
}

func (to renaming) inc(inc int8) int8 {
	if inc == 0 {
		return 0
	}
	i := nodeOf(inc)
	return to[i]*4 + generation(inc, i)
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

// The worlds that are found with nodes renamed are all there are without: no more
// and no less, but for names.
func TestExplorationBySymmetry(t *testing.T) {
	for _, x := range []explorer{
		{nodes: 2, desired: 1, faults: 1},
		{nodes: 3, desired: 2},
	} {
		x.lost, x.birth = rule.LostAuto, rule.First
		t.Run(x.name(), func(t *testing.T) {
			t.Parallel()
			orbits := func(apart bool) map[uint64]bool {
				seen := map[uint64]bool{}
				y := x
				y.apart, y.visit = apart, func(w world) { seen[x.orbit(w)] = true }
				e := y.run(1_000_000)
				t.Logf("told apart by names %v: %d worlds, %d but for names", apart, e.worlds, len(seen))
				return seen
			}
			got, want := orbits(false), orbits(true)
			if len(got) < 1000 || !maps.Equal(got, want) {
				t.Errorf("got %d worlds but for names, want the same %d as without renaming", len(got), len(want))
			}
		})
	}
}

// orbit is the same for all worlds that differ in names alone.
func (x *explorer) orbit(w world) uint64 {
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
