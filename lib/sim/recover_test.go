package sim

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"auto-consul/lib/node"
	"auto-consul/lib/rule"
)

// What the operator does about a quorum that is lost for good.

// recovery is what a run knows of lost quorums and of what was done about them.
type recovery struct {
	commands sync.WaitGroup // that go on
	typed    int            // how often recover was typed on all servers that survived
	at       time.Time      // when it was last
}

const (
	quorumLost      = "its quorum is lost for good"
	quorumRecovered = "lost quorums that were recovered"
)

// home returns the name and the address of the machine that a disk is in, or was.
func (w *world) home(disk int) (name, address string) {
	for _, m := range w.machines {
		if slices.Contains(m.disks, disk) || m.disk.id == disk {
			return m.name, m.address
		}
	}
	return "", ""
}

// operates has the operator type the recovery of a quorum that is lost for good, on every
// server that survived, and reports whether something may come of it. In a control the
// operator recovers by hand: one survivor is made the sole voter, and the record says nothing.
func (w *world) operates(d random) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.operator || w.typed > 5 {
		return false
	}
	if w.typed > 0 && time.Since(w.at) < 5*w.policy.Expiry {
		return true
	}
	survivors, lost := w.survivors()
	if len(survivors) == 0 {
		return false
	}
	w.typed, w.at = w.typed+1, time.Now()
	w.note("recover is typed on %d servers", len(survivors))
	if w.recoversByHand {
		survivors[0].disk.raft = &lineage{id: len(w.lineages), cluster: lost.cluster, term: lost.term, voters: map[int]time.Time{survivors[0].disk.id: time.Now()}}
		w.lineages = append(w.lineages, survivors[0].disk.raft)
		w.judge.recovered(survivors[0].disk.raft)
		return true
	}
	var gone []string
	for disk := range lost.voters {
		if !slices.ContainsFunc(survivors, func(m *machine) bool { return m.disk.id == disk }) {
			name, address := w.home(disk)
			gone = append(gone, name, address)
		}
	}
	if r := w.judge.rec; r != nil && r.Recovery != nil {
		gone = append(gone, r.Bootstrap.Node, r.Bootstrap.Address)
	}
	slices.Sort(gone)
	for _, n := range survivors {
		l, wait := life{n, n.ctx}, d.span(0, w.policy.Expiry/2)
		w.commands.Go(func() {
			if sleep(l.ctx, wait) {
				n.recovers(l, gone)
			}
		})
	}
	return true
}

// survivors returns the machines with the data of the cluster that has lost its quorum, and
// that data. Where one was to go ahead and is gone, it is that of those who took part.
func (w *world) survivors() (out []*machine, lost *lineage) {
	r := w.judge.rec
	if r == nil {
		return nil, nil
	}
	term := r.Bootstrap.Term
	if r.Recovery != nil && !r.Recovery.Done && w.current() == nil {
		term = r.Recovery.FromTerm
	}
	for _, m := range w.machines {
		l := m.disk.raft
		if m.gone || m.gem || m.fenced || m.dying || l == nil || l.cluster != r.ClusterID || l.term != term {
			continue
		}
		if term != r.Bootstrap.Term && !slices.Contains(r.Recovery.TookPart, m.disk.incarnation) {
			continue
		}
		out, lost = append(out, m), l
	}
	return out, lost
}

// recovers does what ac-decide -recover does.
func (n *machine) recovers(l life, gone []string) {
	r := node.Recoverer{
		Observer: n.observer, Disk: l, Out: l, Agent: l, Answers: n.probe, ReadLog: l.readLog,
		Random: newRandom(n.w.seed, name("recover"), uint64(n.id), uint64(time.Since(n.w.start))).claimRandom(),
		Node:   n.name, Address: n.address, Zone: n.zone, Gone: gone, Policy: n.policy,
		Wait: 4 * n.policy.Expiry, Timeout: n.w.timeout,
	}
	decision, _, err := r.Recover(l.ctx)
	n.w.do(func() {
		n.disk.locked = false
		if err != nil {
			n.w.count("recoveries that came to nothing")
			return
		}
		n.w.note("%s: recovered with the data of %s", n.name, decision.Winner)
	})
}

// readLog locks the disk once no agent runs. The log of who was seen by its leader later is
// the newer one.
func (l life) readLog() (log rule.Log, ok bool, err error) {
	err = l.ask(l.ctx, func() error {
		n, raft := l.n, l.n.disk.raft
		if n.agent != nil || raft == nil {
			return nil
		}
		n.disk.locked, ok = true, true
		seen := n.adopted
		if voted, votes := raft.voters[n.disk.id]; votes {
			seen = voted
		}
		log = rule.Log{ID: diskID(n.disk.id), Term: 1, Index: 1 + uint64(max(0, seen.Sub(n.w.start)))}
		for disk := range raft.voters {
			_, address := n.w.home(disk)
			log.Voters = append(log.Voters, rule.Voter{ID: diskID(disk), Address: address})
		}
		slices.SortFunc(log.Voters, func(a, b rule.Voter) int { return compareIDs(a.ID, b.ID) })
		return nil
	})
	return log, ok, err
}

func diskID(disk int) string { return fmt.Sprintf("disk-%06d", disk) }

func compareIDs(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// soleVoter is what ac-exec does for a server that goes ahead. w.mu is held.
func (n *machine) soleVoter() {
	m := &n.disk.membership
	if m.Recovered || n.disk.raft == nil {
		return
	}
	m.Recovered = true
	l := &lineage{
		id: len(n.w.lineages), cluster: m.ClusterID, term: m.Term, voters: map[int]time.Time{n.disk.id: time.Now()},
		restored: n.disk.raft.restored, // it goes on with that data
	}
	n.w.lineages = append(n.w.lineages, l)
	n.disk.raft = l
	n.w.count(quorumRecovered)
	n.w.note("%s is the sole voter of lineage %d, term %d", n.name, l.id, l.term)
	n.w.judge.recovered(l)
}

// recovered sees a server made the sole voter of its data.
func (j *judge) recovered(l *lineage) {
	right := birthKey{l.cluster, l.term}
	if j.births[right] != nil {
		j.fail("recovered beside others: cluster %.8s in term %d has its data already", l.cluster, l.term)
	}
	j.births[right] = l
}

// goesOn reports whether a run goes on: it has not come to an end, or the operator does
// something about that.
func (w *world) goesOn(end string, d random) bool {
	return end == "" || end == quorumLost && w.operates(d)
}
