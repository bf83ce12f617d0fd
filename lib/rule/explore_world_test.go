package rule_test

import (
	"fmt"
	"time"

	"auto-consul/lib/registry"
	"auto-consul/lib/rule"
	"auto-consul/lib/ruletest"
)

// The explored world is small and finite: time goes in units of half an expiry,
// ages stop counting at a whole one, and what has no influence on the rule (who
// wrote last, how often) is left out. Everything the rule sees is translated for
// the real [rule.Decide], [rule.Serve] and [rule.Confirm].
const (
	maxNodes = 4
	expiry   = ruletest.Expiry
	unit     = expiry / 2
	old      = 2 // the age at which nothing grows older
)

// xslot is a slot; inc is node*4+1 and counts up with each lost disk.
type xslot struct{ inc, age int8 }

func nodeOf(inc int8) int8 { return (inc - 1) / 4 }

// xrec is the record.
type xrec struct {
	there, established, quorum    bool
	cluster, desired, term, owner int8 // owner: the incarnation that may bootstrap
	n                             int8
	slots                         [maxNodes + 1]xslot
}

// Phases of a node.
const (
	off       int8 = iota // not started, or stopped; may start at any time
	looking               // first look
	relooking             // a look after waiting: always in full
	needBeats             // has read the record
	needRec               // has read the heartbeats
	probing
	swapping
	swapped // looks at what became of its write
	waiting
	decided
	confirmed
	up       // a server runs
	attended // it has read the record for a beat
	agentUp
	dead   // for good
	fenced // stopped, exit 76
)

// xnode is a node: its disk, its decision in progress, its running agent.
type xnode struct {
	phase  int8
	paused bool
	// disk
	inc, mode, raft, keptCluster, keptTerm int8
	// the decision
	look            xrec
	fresh           bool // the record has not changed since it was read
	later           bool // the heartbeats were read after it
	sb, ab          [maxNodes]uint8
	lag, beatLag    int8 // units passed since the record, the heartbeats were read
	asked, answered uint8
	want            xrec
	watch           [maxNodes*2 + 2]int8 // -1: not silent; else for how long
	unanswered      [maxNodes]int8       // -1: not probed, or answered; else for how long
	gap             int8                 // units since the last full look
	boot, lostWait  bool
	slot            bool // decided to be a server by a slot
	expect          int8
	join            uint8
	// the agent
	beaten, writes bool // in this unit of time; its attendance wants a write
	named          bool // when it looked last, the record named its cluster; where records are deleted
	known          int8 // it has beaten since it was started: 1, 2: in an earlier unit
}

// world is everything at one moment. It is comparable: equal worlds are one.
type world struct {
	rec      xrec
	store    int8 // ok, refusing writes, down
	faults   int8 // how many more may happen
	clusters int8 // ids given out
	expired  bool // expired heartbeats lie about
	late     xrec // a write that may still land
	lateOpen bool // it would land: the record has not changed since
	sb, ab   [maxNodes]uint8
	size     [maxNodes + 2]int8 // members of each raft lineage
	founder  [maxNodes + 2][2]int8
	lineages int8
	nodes    [maxNodes]xnode
}

const (
	storeOK int8 = iota
	storeReadOnly
	storeDown
)

func older(age int8, by int8) int8 { return min(old, age+by) }

func at(age int8) time.Time { return epoch.Add(-time.Duration(age) * unit) }

func nodeName(i int8) string { return fmt.Sprintf("n%d", i) }

func address(i int8) string { return fmt.Sprintf("127.0.0.%d", i+1) }

func nodeAt(address string) int8 {
	var i int8
	_, _ = fmt.Sscanf(address, "127.0.0.%d", &i)
	return i - 1
}

func incName(inc int8) string { return fmt.Sprintf("i%d", inc) }

func number(name string) int8 {
	var n int8
	_, _ = fmt.Sscanf(name[1:], "%d", &n)
	return n
}

// record is the record as the rule sees it, lag units after it was read.
func (r xrec) record(lag int8) *rule.Record {
	if !r.there {
		return nil
	}
	rec := &rule.Record{
		Version: 1, ClusterID: fmt.Sprintf("c%d", r.cluster), State: rule.Bootstrapping, Birth: rule.First,
		Desired: int(r.desired), Bootstrap: rule.Bootstrap{Term: int64(r.term)},
	}
	if r.established {
		rec.State = rule.Established
	}
	if r.quorum {
		rec.Birth = rule.Quorum
	}
	if r.owner != 0 {
		rec.Bootstrap.Incarnation, rec.Bootstrap.Node = incName(r.owner), nodeName(nodeOf(r.owner))
	}
	for _, s := range r.slots[:r.n] {
		rec.Servers = append(rec.Servers, rule.Slot{
			Incarnation: incName(s.inc), Node: nodeName(nodeOf(s.inc)), Address: address(nodeOf(s.inc)),
			Since: at(older(s.age, lag)),
		})
	}
	return rec
}

// fromRecord is the other way round.
func fromRecord(rec *rule.Record) xrec {
	r := xrec{
		there: true, established: rec.State == rule.Established, quorum: rec.Birth == rule.Quorum,
		cluster: number(rec.ClusterID), desired: int8(rec.Desired), term: int8(rec.Bootstrap.Term),
	}
	if rec.Bootstrap.Incarnation != "" {
		r.owner = number(rec.Bootstrap.Incarnation)
	}
	for _, s := range rec.Servers {
		age := min(old, int8(epoch.Sub(s.Since)/unit))
		r.slots[r.n] = xslot{number(s.Incarnation), age}
		r.n++
	}
	return r
}

func (r xrec) aged(by int8) xrec {
	for i := range r.slots[:r.n] {
		r.slots[i].age = older(r.slots[i].age, by)
	}
	return r
}

func (r xrec) holds(inc int8) bool {
	for _, s := range r.slots[:r.n] {
		if s.inc == inc {
			return true
		}
	}
	return false
}

// members are the live members that a mask of heartbeats shows: bit n is a
// heartbeat that is n units old.
func members(masks [maxNodes]uint8) []registry.Member {
	var out []registry.Member
	for age := int8(old - 1); age >= 0; age-- {
		for i, mask := range masks {
			newest := int8(0)
			if mask&1 == 0 {
				newest = 1
			}
			if mask == 0 || newest != age {
				continue
			}
			oldest := int8(0)
			if mask&2 != 0 {
				oldest = 1
			}
			out = append(out, registry.Member{
				Node: nodeName(int8(i)), Address: address(int8(i)), Heartbeat: at(newest), Oldest: at(oldest),
			})
		}
	}
	return out
}
