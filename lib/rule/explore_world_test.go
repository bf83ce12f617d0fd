package rule_test

import (
	"time"

	"auto-consul/lib/registry"
	"auto-consul/lib/rule"
	"auto-consul/lib/ruletest"
)

// The explored world is small and finite. Time passes in units of half an expiry, and
// ages stop growing at a whole one. What has no influence on the rules (who wrote
// last, how often) is left out. Whatever a rule is asked with is made of the world by
// explore_input_test.go.
const (
	maxNodes = 5
	expiry   = ruletest.Expiry
	unit     = expiry / 2
	old      = 2  // the age at which nothing grows older
	tomorrow = -1 // the age of what lies in the future, which does not grow, either
	grace    = 4 * time.Second
)

// modelSlot is a slot. Node i's incarnations are i*4+1, before it has lost its disk,
// and i*4+2.
type modelSlot struct {
	incarnation, age int8
	promoted         bool // a client took it, and does not vote yet
	before           bool // it was claimed before the gathering began
	zone             int8 // 0 for none
}

// nodeOf returns the node that an incarnation belongs to.
func nodeOf(incarnation int8) int8 { return (incarnation - 1) / 4 }

// modelRecord is the cluster record, or a copy of it that a node has read.
type modelRecord struct {
	exists, established, quorum          bool
	gathering                            bool // its servers gather, and nobody starts one
	gathered                             bool // they gather, or have, and it is not established
	timeUp                               bool // the gathering is over
	quarters                             int8 // of its time that have passed, 2 for the rest; where there are zones
	gathersTomorrow                      bool // the gathering lies in the future
	cluster, desired, term, bootstrapper int8 // the last is an incarnation; 0 for none
	leaving, leavingAge                  int8 // an incarnation that steps down; 0 for none
	restore                              int8 // the snapshot that the cluster is born from; 0 for none
	count                                int8 // of slots
	slots                                [maxNodes + 1]modelSlot
	entries                              [maxNodes]modelEntry // of servers that recover a lost quorum
	recovered, recovering                bool                 // it was recovered; no leader was seen since
	fromTerm                             int8
	tookPart                             uint8
}

// Phases of a node. Each says what the node does next.
const (
	off            int8 = iota // it is not started, or was stopped, and may start at any time
	reading                    // makes its first observation
	readingAgain               // makes an observation after it has waited
	needHeartbeats             // has read the record and reads the heartbeats
	needRecord                 // has read the heartbeats and reads the record
	probing                    // asks whether anybody answers
	swapping                   // writes the record
	swapped                    // reads what became of its write
	waiting                    // for time to pass
	polling                    // for the record to change, or for time to pass
	readingRecord              // reads the record after that
	decided                    // confirms its decision
	confirmed                  // starts its agent
	serverUp                   // runs a server
	beforeBeat                 // runs a server, and has read the record for a beat
	clientUp                   // runs a client
	dead                       // for good
	fenced                     // stopped with exit code 76
	restoring                  // gets its data ready from a snapshot
	restored                   // has it ready
)

// Modes of a data directory.
const (
	noMode int8 = iota
	serverMode
	clientMode
)

// modelNode is a node: its data directory, its decision under way, its running agent.
// Sets of nodes are masks, one bit each.
type modelNode struct {
	phase  int8
	paused bool
	zone   int8 // 0 for none

	// The data directory.
	incarnation           int8
	mode                  int8
	raft                  int8 // the lineage of its raft data; 0 for none
	keptCluster, keptTerm int8
	// Where nodes start during outages: whose addresses it keeps, and whether it has seen
	// its birth established.
	known           uint8
	keptEstablished bool
	keptRestore     int8
	tries           [3]int8 // to restore each snapshot

	// The decision.
	seen                    modelRecord
	unchanged               bool // the record has not changed since it was read
	beatsLater              bool // the heartbeats were read after it
	serverBeats, agentBeats [maxNodes]uint8
	recordAge, beatsAge     int8 // units that have passed since each was read
	asked, answered         uint8
	beatsTomorrow           [2]uint8 // nodes with heartbeats of the future, as servers and as agents
	tomorrowFor             int8     // units since it has seen them first; -1: it has not
	readTomorrow            bool     // what it goes on from was read before the clock was set back
	toWrite                 modelRecord
	silentFor               [maxNodes*2 + 2]int8 // units, by silentKey; -1: not silent
	unansweredFor           [maxNodes]int8       // units; -1: not probed, or it has answered
	sinceReading            int8                 // units since the last whole observation
	bootstrap               bool
	toRestore, restore      int8 // the snapshot that it was decided to restore, and restores
	waitsForLost            bool // it waits, as documented, for a lost cluster to come back
	hasSlot                 bool // it was decided to be a server by a slot
	expect                  int8
	join                    uint8

	// The running agent.
	offline     bool // it was decided without the store, and has not read the record since
	beatTried   bool // in this unit of time
	writes      bool // what it is to write comes before its beat
	namedBefore bool // the record named its cluster when it was read last
	hasBeaten   int8 // since its start, as a server: 1 in this unit of time, 2 before

	// The running client, where clients may take places.
	candidate bool // it decides whether to take one, while its agent runs
	looked    bool // it has, in this unit of time
	leaves    bool // it is a server that steps down next, after its beat
	fewFor    int8 // units for which its gossip has shown too few servers

	// The recovery of a lost quorum.
	typed     bool // it was typed while the agent runs
	recovers  bool // it is under way, and no agent runs
	entered   bool // the record has had its entry
	logRead   bool
	soleVoter bool // its next start makes it the sole voter of its raft data
	made      bool // that was done in the term that the data directory keeps
}

// world is everything at one moment. It is comparable: equal worlds are one.
type world struct {
	record                  modelRecord
	store                   int8 // one of storeOK, …
	faults                  int8 // how many more may happen
	clusters                int8 // cluster ids that were given out
	expired                 bool // there are expired heartbeats
	lateWrite               modelRecord
	lateWriteLands          bool // the record has not changed since that was sent
	serverBeats, agentBeats [maxNodes]uint8
	beatsTomorrow           [2]uint8              // as in modelNode
	clockBack               bool                  // the store's clock may be set back, once
	lineages                int8                  // of raft data, counted from 1
	voters                  [maxNodes + 2]int8    // of each lineage
	births                  [maxNodes + 2][2]int8 // the cluster and term of each lineage
	content                 [maxNodes + 2]int8    // the snapshot that each was born from; 0 for none
	snapshots               uint8                 // which are there
	nodes                   [maxNodes]modelNode
}

const (
	storeOK int8 = iota
	storeReadOnly
	storeDown
)

func grown(age, by int8) int8 {
	if age == tomorrow {
		return tomorrow
	}
	return min(old, age+by)
}

// aged returns the record as it is some units of time later.
func (r modelRecord) aged(by int8) modelRecord {
	for i := range r.slots[:r.count] {
		r.slots[i].age = grown(r.slots[i].age, by)
	}
	for i := range r.entries {
		r.entries[i] = r.entries[i].aged(by)
	}
	if r.leavingAge = grown(r.leavingAge, by); r.leaving == 0 || r.leavingAge >= old {
		r.leaving, r.leavingAge = 0, 0
	}
	if r.gathering && by > 0 && !r.gathersTomorrow { // a gathering lasts one unit of time
		r.timeUp, r.quarters = true, 0
	}
	return r
}

func (r modelRecord) holds(incarnation int8) bool {
	for _, s := range r.slots[:r.count] {
		if s.incarnation == incarnation {
			return true
		}
	}
	return false
}

// answers reports whether something accepts connections at the node's address, which
// a frozen agent does, too.
func (n modelNode) answers() bool {
	return n.phase == serverUp || n.phase == beforeBeat || n.phase == clientUp || n.candidate
}

// serves reports whether a Consul server runs that is not frozen.
func (n modelNode) serves() bool {
	return !n.paused && (n.phase == serverUp || n.phase == beforeBeat)
}

// write makes a record the current one.
func (w world) write(rec modelRecord) world {
	w.record, w.lateWriteLands = rec, false
	w.clusters = max(w.clusters, rec.cluster)
	for i := range w.nodes {
		w.nodes[i].unchanged = false
	}
	return w
}

// writeBeats writes the heartbeats that an order allows a running node, stamped with
// the time of a reading that is so many units old.
func (w world) writeBeats(i int8, order rule.Order, age int8) world {
	if w.store != storeOK || age >= old {
		return w
	}
	for _, role := range order.Roles(w.nodes[i].self(i).Mode) {
		if w.nodes[i].readTomorrow {
			w.beatsTomorrow[folder(role)] |= 1 << i
		} else if role == registry.Servers {
			w.serverBeats[i] |= 1 << age
		} else {
			w.agentBeats[i] |= 1 << age
		}
	}
	return w
}
