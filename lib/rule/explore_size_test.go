package rule_test

import (
	"cmp"
	"fmt"
	"os"
	"strings"
	"testing"

	"auto-consul/lib/rule"
)

// explorer is one exploration: its size, and which safeguards are taken out for a
// control.
type explorer struct {
	nodes, desired, faults int8
	only                   string // the kinds of faults, with bars between them; empty for all
	lost                   rule.Lost
	birth                  rule.Birth
	// deletesRecord adds a fault: somebody deletes the record. Two
	// clusters may then be advertised until the next beat fences one; and where the
	// first heartbeat had yet to be written, a third node may even join both. With two
	// nodes and one fault all other properties hold.
	deletesRecord bool
	// pausesBeforeStart lets a node be paused also between its confirmation and its
	// agent's start. No protocol can keep the agent from starting then. Its first beat
	// is fenced, and until then its data may meet another's.
	pausesBeforeStart bool
	leavesOut         bool           // clients may leave beats out (R47)
	candidates        bool           // running clients may take places (R48)
	servers           int8           // it begins with an established cluster of so many servers; 0: with none
	gone              uint8          // servers that are off at the beginning, and named as gone where recover is typed
	dead              uint8          // of these, those that never come back
	logs              [maxNodes]int8 // how long the servers' raft logs are
	byName            bool           // worlds that differ in their nodes' names alone are two
	visit             func(world)    // is called with every world; may be nil
	zones             string         // a letter for each node's zone; empty: none has one
	setsBack          bool           // the store's clock, which was ahead, is set back once (R53)
	outages           bool           // while the store is away nodes are restarted, and start without it (R58)
	// With snapshots, one bit each, it begins with a lost cluster. Those that are damaged
	// cannot be restored, and an operator removes them, if removes is true.
	snapshots, damaged  uint8
	removes, liveClient bool // liveClient: a client of the lost cluster lives on

	plainRule         bool // nodes decide by the plain rule
	ignoresConditions bool // the store writes whatever it is asked to
	oneReading        bool // who is silent in one reading counts as dead
	noConfirm         bool // nobody asks again before the agent starts
	ignoresGathering  bool // one node starts as if nobody gathered
	neverGathersAgain bool // a birth by quorum that loses a server waits for it
	gossipAlone       bool // a client that looks for a place sees no heartbeats
	registryAlone     bool // its gossip knows no server but those that it has joined
	stopsFirst        bool // it stops its agent before it has claimed a place
	manyAtOnce        bool // it takes a place while another's change is under way
	trustsFuture      bool // what lies in the future counts until its time has come
	bootstrapsOffline bool // a node that starts without the store bootstraps if it has no data
	noFence           bool // a server goes on as the sole voter before it has written so
	asksSlots         bool // a recovery asks who has slots, and not who votes
	neverLeaves       bool // a server that is fenced and has a leader is stopped as a voter
	yields            bool // a server whose place is another's becomes a client before it starts
	neverCounts       bool // a server that steps down does not ask who votes and lives
	zonesForEver      bool // a node leaves a place to other zones for as long as it is free
	afterStart        bool // a snapshot is restored into a cluster that runs
	ignoresRestore    bool // whoever may bootstrap starts without restoring
}

// PROTOCOL.md names as many sizes as are explored.
func TestProtocolCountsSizes(t *testing.T) {
	t.Parallel()
	protocol, err := os.ReadFile("PROTOCOL.md")
	if err != nil {
		t.Fatal(err)
	}
	if text := fmt.Sprintf("In all %d sizes", len(explorations("full"))); !strings.Contains(string(protocol), text) {
		t.Errorf("PROTOCOL.md does not say %q", text)
	}
}

// explorations returns the explorations of a size, which is that of the environment
// variable EXPLORE: a few in every run of the tests, "more" in make test, "full" in
// make prove.
func explorations(size string) []explorer {
	out := []explorer{
		{nodes: 2, desired: 1, faults: 0},
		{nodes: 2, desired: 1, faults: 1},
		{nodes: 2, desired: 1, faults: 1, pausesBeforeStart: true},
		{nodes: 2, desired: 1, faults: 1, deletesRecord: true},
		{nodes: 2, desired: 1, faults: 1, lost: rule.LostBootstrap},
		{nodes: 2, desired: 2, faults: 0, birth: rule.Quorum},
		{nodes: 2, desired: 2, faults: 1, birth: rule.Auto},
		{nodes: 2, desired: 2, faults: 1, birth: rule.Auto, zones: "aa"},
		{nodes: 2, desired: 1, faults: 1, setsBack: true},
		{nodes: 2, desired: 1, faults: 1, outages: true, only: "store"},
	}
	if size != "" {
		out = append(out,
			explorer{nodes: 2, desired: 2, faults: 1},
			explorer{nodes: 2, desired: 2, faults: 1, birth: rule.Quorum},
			explorer{nodes: 2, desired: 2, faults: 1, lost: rule.LostBootstrap},
			explorer{nodes: 2, desired: 1, faults: 2},
			explorer{nodes: 3, desired: 1, faults: 0},
			explorer{nodes: 3, desired: 1, faults: 0, leavesOut: true},
			explorer{nodes: 3, desired: 2, faults: 0},
			explorer{nodes: 3, desired: 3, faults: 0},
			explorer{nodes: 3, desired: 2, faults: 0, birth: rule.Auto},
			explorer{nodes: 3, desired: 3, faults: 0, birth: rule.Auto},
			explorer{nodes: 2, desired: 2, faults: 1, birth: rule.Auto, lost: rule.LostBootstrap},
			explorer{nodes: 2, desired: 2, faults: 1, birth: rule.Auto, deletesRecord: true},
			explorer{nodes: 3, desired: 2, faults: 0, birth: rule.Auto, zones: "aab"},
			explorer{nodes: 3, desired: 3, faults: 0, birth: rule.Auto, zones: "aaa"},
			explorer{nodes: 2, desired: 1, faults: 2, outages: true, lost: rule.LostBootstrap},
			explorer{nodes: 2, desired: 2, faults: 1, outages: true},
			explorer{nodes: 3, desired: 3, faults: 0, servers: 1, candidates: true},
			explorer{nodes: 3, desired: 3, faults: 0, servers: 1, candidates: true, zones: "aab"},
			explorer{nodes: 4, desired: 3, faults: 1, servers: 4, candidates: true, only: "dies"},
			explorer{nodes: 4, desired: 3, faults: 1, servers: 3, candidates: true, only: "dies"},
			explorer{nodes: 4, desired: 3, faults: 1, servers: 3, candidates: true, only: "crashes"},
			explorer{nodes: 2, desired: 2, faults: 1, birth: rule.Auto, only: "dies", setsBack: true},
			explorer{nodes: 4, desired: 3, faults: 1, servers: 3, candidates: true, only: "dies", setsBack: true},
		)
	}
	out = append(out, recoveries(size)...)
	if size == "full" {
		out = append(out,
			explorer{nodes: 2, desired: 2, faults: 2},
			explorer{nodes: 3, desired: 1, faults: 1},
			explorer{nodes: 3, desired: 1, faults: 1, leavesOut: true},
			explorer{nodes: 3, desired: 2, faults: 1, leavesOut: true},
			explorer{nodes: 3, desired: 2, faults: 1},
			explorer{nodes: 3, desired: 2, faults: 0, birth: rule.Quorum},
			explorer{nodes: 3, desired: 3, faults: 0, birth: rule.Quorum},
			explorer{nodes: 3, desired: 2, faults: 1, birth: rule.Quorum},
			explorer{nodes: 2, desired: 2, faults: 2, birth: rule.Auto},
			explorer{nodes: 3, desired: 3, faults: 1, only: "dies", birth: rule.Auto},
			explorer{nodes: 4, desired: 3, faults: 0, birth: rule.Auto},
			explorer{nodes: 3, desired: 3, faults: 0, birth: rule.Auto, zones: "aab"},
			explorer{nodes: 3, desired: 2, faults: 1, only: "dies", birth: rule.Auto, zones: "aab"},
			explorer{nodes: 4, desired: 3, faults: 1, servers: 2, candidates: true, only: "dies", zones: "abac"},
			explorer{nodes: 4, desired: 3, faults: 1, servers: 2, candidates: true, only: "is paused", zones: "abac"},
			explorer{nodes: 4, desired: 1, faults: 0},
			explorer{nodes: 4, desired: 2, faults: 0},
			explorer{nodes: 4, desired: 3, faults: 0},
			explorer{nodes: 2, desired: 2, faults: 2, outages: true},
			explorer{nodes: 3, desired: 2, faults: 1, outages: true, only: "store"},
			explorer{nodes: 3, desired: 2, faults: 1, candidates: true},
			explorer{nodes: 3, desired: 3, faults: 1, servers: 1, candidates: true},
			explorer{nodes: 4, desired: 3, faults: 1, servers: 4, candidates: true},
			explorer{nodes: 5, desired: 3, faults: 0, servers: 5, candidates: true},
			explorer{nodes: 4, desired: 3, faults: 1, servers: 3, candidates: true},
			explorer{nodes: 4, desired: 3, faults: 2, servers: 3, candidates: true, only: "dies"},
			explorer{nodes: 4, desired: 3, faults: 2, servers: 3, candidates: true, only: "crashes"},
			explorer{nodes: 5, desired: 3, faults: 1, servers: 3, candidates: true, only: "dies"},
			explorer{nodes: 5, desired: 3, faults: 1, servers: 3, candidates: true, only: "is paused"},
			explorer{nodes: 5, desired: 3, faults: 1, servers: 3, candidates: true, only: "store"},
			explorer{nodes: 2, desired: 2, faults: 1, birth: rule.Auto, setsBack: true},
			explorer{nodes: 2, desired: 2, faults: 1, birth: rule.Quorum, setsBack: true},
			explorer{nodes: 3, desired: 2, faults: 1, only: "dies", setsBack: true},
			explorer{nodes: 4, desired: 3, faults: 1, servers: 4, candidates: true, only: "dies", setsBack: true},
		)
		// One fault at most: every kind by itself is all there is.
		for _, kind := range []string{"crashes", "is paused", "dies", "loses its disk", "is delayed", "store"} {
			out = append(out, explorer{nodes: 3, desired: 3, faults: 1, only: kind}, explorer{nodes: 4, desired: 1, faults: 1, only: kind})
		}
	}
	out = append(out, restoreSizes(size)...)
	for i := range out {
		out[i].lost = cmp.Or(out[i].lost, rule.LostAuto)
		out[i].birth = cmp.Or(out[i].birth, rule.First)
	}
	return out
}

// name returns the exploration in words.
func (x *explorer) name() string {
	name := fmt.Sprintf("%d nodes, %d desired, %d faults, birth %s, lost %s", x.nodes, x.desired, x.faults, x.birth, x.lost)
	if x.only != "" {
		name += ", only " + x.only
	}
	if x.pausesBeforeStart {
		name += ", paused before the start"
	}
	if x.deletesRecord {
		name += ", record deleted"
	}
	if x.setsBack {
		name += ", clock set back"
	}
	if x.outages {
		name += ", restarts in outages"
	}
	if x.leavesOut {
		name += ", beats left out"
	}
	if x.servers > 0 {
		name += fmt.Sprintf(", established with %d", x.servers)
	}
	if x.zones != "" {
		name += ", zones " + x.zones
	}
	if x.gone != 0 {
		name += fmt.Sprintf(", %d lost", count(x.gone))
	}
	if x.candidates {
		name += ", clients take places"
	}
	return name + x.restoreName()
}
