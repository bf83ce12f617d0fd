package sim

import (
	"maps"
	"slices"
	"time"

	"auto-consul/lib/rule"
)

// This file is a small model of Consul: who finds whom, who founds a cluster,
// who has a leader. It is quicker than Consul, and has none of its safeguards.

// lineage is the raft data of one cluster: all that descends from one founding.
type lineage struct {
	id      int
	cluster string // the record's cluster under which it was founded
	term    int64
	voters  map[int]time.Time // disks, and when each was last seen by the leader
	// restored is the snapshot that it was founded from (R55).
	restored string
}

// agent is a running Consul process.
type agent struct {
	server     bool
	bootstrap  bool
	expect     int
	membership rule.Membership
	stale      bool // its start rested on a record read long before
	up         bool // it listens, and answers
	since      time.Time
	joins      time.Time // when a leader takes it in, if it has no raft data
	knows      uint64    // nodes that it knows of, a bit each
}

const maxNodes = 60

// votesAfter is how long a new server has the raft data before it votes.
const votesAfter = 20 * time.Second

// voteKept is how long a leader keeps the vote of a server that is gone.
const voteKept = 30 * time.Second

// launch starts a node's agent. w.mu is held.
func (n *machine) launch(a *agent) {
	n.agent = a
	n.w.after(n.span(200*time.Millisecond, 3*time.Second), func() { n.listen(a) })
}

func (n *machine) listen(a *agent) {
	if n.agent != a {
		return
	}
	if n.paused() {
		// Not at the moment at which the machine's beats go on: which is first would not
		// be for the seed to say.
		moment := span(mix(n.w.seed, uint64(n.id), uint64(time.Since(n.w.start)), name("listen")), time.Microsecond, time.Millisecond)
		n.w.after(time.Until(n.pausedUntil)+moment, func() { n.listen(a) })
		return
	}
	w := n.w
	a.up, a.since, a.joins = true, time.Now(), time.Now().Add(span(mix(w.seed, uint64(n.id), uint64(time.Since(w.start))), 0, 10*time.Second))
	w.note("%s agent up server=%v bootstrap=%v expect=%d knows=%x", n.name, a.server, a.bootstrap, a.expect, a.knows)
	w.after(time.Until(a.joins), w.settle)
	if a.bootstrap && n.disk.raft == nil { // written before anything else
		w.found(a.membership, []*machine{n})
	}
	w.settle()
}

// found makes a new lineage. All founders start with its data.
func (w *world) found(m rule.Membership, founders []*machine) {
	l := &lineage{id: len(w.lineages), cluster: m.ClusterID, term: m.Term, voters: map[int]time.Time{}}
	w.lineages = append(w.lineages, l)
	for _, n := range founders {
		n.disk.raft = l
		l.voters[n.disk.id] = time.Now()
	}
	w.count("births")
	w.note("lineage %d is founded by %d, first %s, term %d of %.8s", l.id, len(founders), founders[0].name, l.term, l.cluster)
	w.judge.founded(l, founders)
}

// settle brings the model up to date. w.mu is held.
func (w *world) settle() {
	var done uint64
	for _, n := range w.machines {
		if n.gossips() {
			w.judge.watch(n)
		}
		if n.gossips() && done>>n.id&1 == 0 {
			pool := w.pool(n)
			for _, m := range pool {
				done |= 1 << m.id
			}
			w.birth(pool)
			w.lead(pool)
		}
	}
}

// gossips reports whether the node's agent runs and is not paused.
func (n *machine) gossips() bool { return n.agent != nil && n.agent.up && !n.paused() }

// pool returns all nodes that a node's agent finds, itself included. They all know
// each other from then on.
func (w *world) pool(first *machine) []*machine {
	in, knows := uint64(1)<<first.id, first.agent.knows
	pool := []*machine{first}
	for grown := true; grown; {
		grown = false
		for _, m := range w.machines {
			if m.gossips() && in>>m.id&1 == 0 && m.group == first.group && (knows>>m.id&1 == 1 || m.agent.knows&in != 0) {
				pool, grown = append(pool, m), true
				in |= 1 << m.id
				knows |= m.agent.knows
			}
		}
	}
	for _, m := range pool {
		m.agent.knows = knows | in
	}
	return pool
}

// birth founds a lineage where enough servers that expect each other meet, and
// none that has data.
func (w *world) birth(pool []*machine) {
	var founders []*machine
	var newest rule.Membership
	for _, n := range pool {
		a := n.agent
		switch {
		case !a.server:
		case n.disk.raft != nil || a.bootstrap:
			return
		case a.expect > 0:
			founders = append(founders, n)
			if len(founders) > 1 && a.membership.ClusterID != newest.ClusterID {
				w.judge.fail("servers of two clusters expect each other")
			}
			if a.membership.Term > newest.Term {
				newest = a.membership
			}
		}
	}
	differs := func(n *machine) bool { return n.agent.expect != founders[0].agent.expect }
	if len(founders) > 0 && len(founders) >= founders[0].agent.expect && !slices.ContainsFunc(founders, differs) {
		w.found(newest, founders)
	}
}

// lead finds the lineages with a leader in a pool, each of which takes in new
// servers and drops lost ones. Where data of two has met the judge has seen it, and
// what follows is as if it had done no harm: a new server gets the record's.
func (w *world) lead(pool []*machine) []*lineage {
	present := map[*lineage]int{}
	var led []*lineage
	for _, n := range pool {
		if l := n.disk.raft; n.agent.server && l != nil {
			for other := range present {
				if other != l {
					w.judge.met(l, other)
				}
			}
			present[l] += 0
			if _, votes := l.voters[n.disk.id]; votes {
				present[l]++
			}
			switch {
			case 2*present[l] <= len(l.voters) || slices.Contains(led, l):
			case w.judge.overtaken(l):
				led = append(led, l)
			default:
				led = slices.Insert(led, 0, l)
			}
		}
	}
	for _, l := range led {
		for _, n := range pool {
			if n.agent.server {
				n.follow(l)
			}
		}
		maps.DeleteFunc(l.voters, func(_ int, seen time.Time) bool { return time.Since(seen) > voteKept })
	}
	return led
}

// follow has the leader of a pool take a server in.
func (n *machine) follow(led *lineage) {
	if n.disk.raft == nil && !n.agent.bootstrap && !time.Now().Before(n.agent.joins) {
		n.disk.raft, n.adopted = led, time.Now()
		n.w.note("%s adopts lineage %d", n.name, led.id)
		n.w.judge.tied(n.disk)
		n.w.after(votesAfter+time.Millisecond, n.w.settle)
	}
	if _, votes := led.voters[n.disk.id]; n.disk.raft == led && (votes || time.Since(n.adopted) >= votesAfter) {
		led.voters[n.disk.id] = time.Now()
	}
}

// answers reports whether a connection to an address is accepted. A paused process
// accepts connections, too.
func (n *machine) answers(address string) bool {
	if n.w.answersAlways {
		return true
	}
	for _, m := range n.w.machines {
		if m.address == address && m.agent != nil && m.agent.up && m.group == n.group {
			return true
		}
	}
	return false
}

// reach returns the nodes at some addresses, a bit each.
func (w *world) reach(addresses []string) (bits uint64) {
	for _, n := range w.machines {
		for _, a := range addresses {
			if n.address == a {
				bits |= 1 << n.id
			}
		}
	}
	return bits
}
