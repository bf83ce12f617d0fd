package sim

import (
	"time"

	"auto-consul/lib/rule"
)

// What the judge sees of raft data.

// founded sees raft data come into being.
func (j *judge) founded(l *lineage, founders []*machine) {
	right := birthKey{l.cluster, l.term}
	if l.cluster == "" {
		right.term = 0
	}
	if j.births[right] != nil {
		j.fail("born twice: cluster %.8s in term %d", l.cluster, l.term)
	}
	j.births[right] = l
	if l.cluster == "" {
		return // nobody asked the record
	}
	if r := j.last; r == nil || r.ClusterID != l.cluster || r.Bootstrap.Term != l.term {
		j.w.count("births overtaken in a pause")
		if a := founders[0].agent; a == nil && j.stale(founders[0]) || a != nil && a.stale {
			j.fail("unconfirmed: %s founds cluster %.8s in term %d, which was overtaken before it started", founders[0].name, l.cluster, l.term)
		}
		return
	}
	if j.wasEstablished[l.cluster] {
		j.fail("established: %s founds cluster %.8s in term %d again", founders[0].name, l.cluster, l.term)
	}
}

// stale reports whether a node that starts now and is to bootstrap has run for longer
// than an answer takes since it read the record.
func (j *judge) stale(n *machine) bool {
	paused := n.pausedUntil.Sub(later(n.pausedAt, n.lastRead.at))
	return time.Since(n.lastRead.at)-max(0, paused) > time.Second
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// met sees servers with the data of two lineages find each other, which would
// corrupt both. Nothing but the next reading of the record ends an agent that was
// overtaken while it was paused or out of everybody's reach, so that is counted,
// and [judge.watch] sees to it that this reading is not long in coming. Anywhere else it
// must never happen.
func (j *judge) met(a, b *lineage) {
	if j.overtaken(a) || j.overtaken(b) {
		j.w.count("moments in which overtaken data could meet the cluster's")
		return
	}
	j.fail("met: data of lineages %d and %d", min(a.id, b.id), max(a.id, b.id))
}

// overtaken reports whether the record names another cluster than a lineage's, or a later
// birth of it.
func (j *judge) overtaken(l *lineage) bool {
	if l.cluster == "" {
		return j.abandoned(l)
	}
	return j.last != nil && (l.cluster != j.last.ClusterID || l.term != j.last.Bootstrap.Term)
}

// abandoned reports whether a lineage is that of the Ruby gem's nodes, and somebody has
// ordered another cluster in its place. Those nodes know of no records, and may come back.
func (j *judge) abandoned(l *lineage) bool {
	return l.cluster == "" && j.last != nil && j.last.Bootstrap.Incarnation != "" && j.w.policy.Lost == rule.LostBootstrap
}

// watch sees a server run, and wants it to be stopped soon if its data was
// overtaken, unless it cannot know.
func (j *judge) watch(n *machine) {
	l := n.disk.raft
	if l == nil || !n.agent.server || n.gem || !j.overtaken(l) || n.cut || j.w.outage || j.w.flaky > 0 || j.rec == nil {
		n.overtakenSince = time.Time{}
		return
	}
	if n.overtakenSince.IsZero() {
		n.overtakenSince = time.Now()
	}
	bound := j.w.ticks + 3*j.w.timeout
	if since := later(later(n.overtakenSince, n.agent.since), later(j.w.disturbed, n.pausedUntil)); time.Since(since) > bound {
		j.fail("unfenced: %s runs with data of lineage %d for %v", n.name, l.id, bound)
	}
}

// tied sees a data directory tied to a cluster. Data of nodes that know of no
// records gets its cluster that way.
func (j *judge) tied(d *disk) {
	if d.raft != nil && d.raft.cluster == "" && d.membership.ClusterID != "" {
		d.raft.cluster, d.raft.term = d.membership.ClusterID, d.membership.Term
	}
}
