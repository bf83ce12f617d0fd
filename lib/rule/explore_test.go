package rule_test

import (
	"cmp"
	"fmt"
	"hash/maphash"
	"os"
	"slices"
	"strings"
	"testing"

	"auto-consul/lib/rule"
)

// explored is what an exploration found.
type explored struct {
	worlds, moves int
	bad           string // the property that broke, with the way there
	stuck         string // a world from which no good one can be reached
}

var seed = maphash.MakeSeed()

func (w world) hash() uint64 { return maphash.Comparable(seed, w) }

// run explores every interleaving, breadth first, until a property breaks or there is
// no further world.
func (x *explorer) run(limit int) explored {
	first := x.first()
	ids := map[uint64]int32{first.hash(): 0}
	links := []link{newLink(-1, "start", same)}
	var back [][2]int32
	good := []bool{x.good(first)}
	for frontier := []world{first}; len(frontier) > 0; {
		var next []world
		for _, w := range frontier {
			from := ids[w.hash()]
			if x.visit != nil {
				x.visit(w)
			}
			for _, s := range x.successors(w) {
				named := same
				if !x.byName {
					s.world, named = x.canonical(s.world)
				}
				h := s.world.hash()
				to, known := ids[h]
				if !known {
					to = int32(len(links))
					ids[h] = to
					links = append(links, newLink(from, s.what, named))
					good = append(good, x.good(s.world))
					next = append(next, s.world)
				}
				back = append(back, [2]int32{to, from})
				if s.bad != "" {
					return explored{len(links), len(back), way(links, newLink(from, s.what+": "+s.bad, named)), ""}
				}
			}
			if len(links) > limit {
				return explored{len(links), len(back), fmt.Sprintf("more than %d worlds", limit), ""}
			}
		}
		frontier = next
	}
	e := explored{worlds: len(links), moves: len(back)}
	if id := stuckWorld(back, good); id >= 0 {
		e.stuck = way(links, links[id])
	}
	return e
}

// stuckWorld returns a world from which no good one can be reached; -1 if there is
// none. back holds every move as (to, from).
func stuckWorld(back [][2]int32, good []bool) int32 {
	slices.SortFunc(back, func(a, b [2]int32) int { return int(a[0]) - int(b[0]) })
	start := make([]int32, len(good)+1)
	for _, e := range back {
		start[e[0]+1]++
	}
	for i := range good {
		start[i+1] += start[i]
	}
	var todo []int32
	for i, g := range good {
		if g {
			todo = append(todo, int32(i))
		}
	}
	for len(todo) > 0 {
		to := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		for _, e := range back[start[to]:start[to+1]] {
			if !good[e[1]] {
				good[e[1]] = true
				todo = append(todo, e[1])
			}
		}
	}
	return int32(slices.Index(good, false))
}

// In every world that can be reached all properties hold, and from each a good world
// can be reached. The rules whose parts only an interleaving shows: R2, R6, R8, R13,
// R18, R19, R20, R22, R25, R31, R32, R35.
func TestExploreEveryInterleaving(t *testing.T) {
	for _, x := range explorations(os.Getenv("EXPLORE")) {
		t.Run(x.name(), func(t *testing.T) {
			t.Parallel()
			e := x.run(40_000_000)
			t.Logf("%d worlds, %d moves", e.worlds, e.moves)
			if e.bad != "" {
				t.Error(e.bad)
			}
			if e.stuck != "" {
				t.Errorf("no cluster can be reached after%s", e.stuck)
			}
		})
	}
}

// The controls. Without any one of these safeguards the protocol must be seen to
// break: the record, which the plain rule does without (R42), conditions on writes
// (R1), the proof that a silence is real (R9), the confirmation (R27), that nobody starts
// a server while the servers gather (R43), that one swap ends a gathering (R44, R45),
// that a birth by quorum which loses a server gathers again (R46), that nobody leaves a
// place to other zones for ever (R52), that what is dated in the future counts from when it
// was first seen (R53), and that who restores does so before its agent starts, and asks once
// more after that (R55).
func TestExplorationFindsWhatIsWrong(t *testing.T) {
	type control struct {
		name string
		x    explorer
		want string
	}
	controls := []control{
		{"the plain rule", explorer{nodes: 2, desired: 1, plainRule: true}, "two bootstraps"},
		{"a node bootstraps without the store", explorer{nodes: 2, desired: 1, faults: 1, outages: true, only: "store", bootstrapsOffline: true, noConfirm: true}, "two bootstraps"},
		{"a store that ignores conditions", explorer{nodes: 2, desired: 1, ignoresConditions: true}, "two bootstraps"},
		{"a birth without who waits for its zone", explorer{nodes: 2, desired: 2, birth: rule.Auto, zones: "aa", zonesForEver: true}, "waits for servers of other zones"},
		{"a place that stays empty for a zone's sake", explorer{nodes: 2, desired: 2, servers: 1, candidates: true, zones: "aa", zonesForEver: true}, "stuck"},
		{"what lies in the future counts until its time has come", explorer{nodes: 2, desired: 1, faults: 1, only: "dies", setsBack: true, trustsFuture: true}, "stuck"},
		{"a restore after the start", explorer{nodes: 3, desired: 1, snapshots: 2, lost: rule.LostRestore, liveClient: true, afterStart: true}, "is overwritten"},
		{"a restore that is left out", explorer{nodes: 2, desired: 1, snapshots: 2, lost: rule.LostRestore, ignoresRestore: true}, "was not restored"},
		{"two who restore", explorer{nodes: 3, desired: 1, faults: 1, snapshots: 2, lost: rule.LostRestore, noConfirm: true, only: "is paused"}, "although another has taken over"},
	}
	if os.Getenv("EXPLORE") != "" {
		controls = append(controls,
			control{"expiry judged from one reading", explorer{nodes: 3, desired: 2, faults: 1, oneReading: true, only: "store"}, "which runs"},
			control{"a server starts while the others gather", explorer{nodes: 3, desired: 3, faults: 1, only: "dies", birth: rule.Auto, ignoresGathering: true, noConfirm: true, byName: true}, "two bootstraps"},
			control{"two nodes each end the gathering", explorer{nodes: 3, desired: 3, birth: rule.Auto, ignoresConditions: true}, "two bootstraps"},
			control{"a birth by quorum never gathers again", explorer{nodes: 2, desired: 2, faults: 1, birth: rule.Auto, only: "dies", neverGathersAgain: true}, "stuck"},
			control{"a client stops before its claim", explorer{nodes: 4, desired: 3, faults: 1, servers: 3, candidates: true, only: "dies", stopsFirst: true}, "has no place"},
			control{"gossip alone", explorer{nodes: 4, desired: 3, faults: 1, servers: 3, candidates: true, only: "is paused", gossipAlone: true, oneReading: true}, "which runs"},
			control{"heartbeats alone", explorer{nodes: 4, desired: 3, faults: 1, servers: 3, candidates: true, only: "store", registryAlone: true, oneReading: true, byName: true}, "which runs"},
			control{"two clients take places at once", explorer{nodes: 3, desired: 3, servers: 1, candidates: true, manyAtOnce: true}, "takes a place while"},
			control{"a server steps down uncounted", explorer{nodes: 4, desired: 3, faults: 1, servers: 4, candidates: true, only: "dies", neverCounts: true}, "steps down, and"},
			control{"heartbeats of the future count until their time has come", explorer{nodes: 4, desired: 3, faults: 1, servers: 3, candidates: true, only: "dies", setsBack: true, trustsFuture: true}, "stuck"},
			control{"a sole voter before others are fenced", explorer{nodes: 3, desired: 3, servers: 3, gone: 6, dead: 4, logs: [maxNodes]int8{1, 1, 1}, byName: true, noFence: true}, "raft data of two clusters meets"},
			control{"a recovery asks who has slots", explorer{nodes: 3, desired: 1, servers: 3, gone: 4, dead: 4, faults: 1, only: "is paused", logs: [maxNodes]int8{1, 1, 1}, byName: true, asksSlots: true}, "raft data of two clusters meets"},
			control{"a fenced server is stopped as a voter", explorer{nodes: 4, desired: 3, servers: 3, gone: 6, dead: 6, faults: 1, only: "store", logs: [maxNodes]int8{1, 1, 1}, byName: true, neverLeaves: true}, "stuck"},
			control{"a server that was replaced yields before it starts", explorer{nodes: 4, desired: 3, faults: 2, servers: 4, candidates: true, only: "crashes|dies", yields: true}, "yields, and"},
			control{"no confirmation", explorer{nodes: 2, desired: 1, faults: 1, noConfirm: true, only: "is paused"}, "although another has taken over"},
		)
	}
	for _, tt := range controls {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.x.lost, tt.x.birth = cmp.Or(tt.x.lost, rule.LostAuto), cmp.Or(tt.x.birth, rule.First)
			e := tt.x.run(5_000_000)
			if e.stuck != "" {
				e.bad += "stuck after " + e.stuck
			}
			t.Logf("%d worlds: %s", e.worlds, e.bad)
			if !strings.Contains(e.bad, tt.want) {
				t.Errorf("found %q, want %q", e.bad, tt.want)
			}
		})
	}
}
