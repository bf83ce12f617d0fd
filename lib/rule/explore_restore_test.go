package rule_test

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
	"time"

	"auto-consul/lib/registry"
	"auto-consul/lib/rule"
)

// Restores (R55). The explored world has two snapshots of cluster 1 at most, the second
// of which is the newer one.

// snapshotOf returns one of the explored snapshots.
func snapshotOf(number int8) registry.ConsulSnapshot {
	return registry.ConsulSnapshot{ClusterID: clusterName(1), Term: 1, Index: uint64(number), Time: epoch}
}

// snapshotName returns its key; empty for none.
func snapshotName(number int8) string {
	if number == 0 {
		return ""
	}
	return snapshotOf(number).Key()
}

// snapshotNumber returns which of them a key names; 0 for none.
func snapshotNumber(key string) int8 {
	s, err := registry.ParseSnapshotKey(key)
	if err != nil {
		return 0
	}
	return int8(s.Index)
}

// stored returns the snapshots as the rules see them. The rule is never told that they
// have not been listed: it would list them, and be asked again in the same moment.
func (w world) stored() map[string][]registry.ConsulSnapshot {
	out := map[string][]registry.ConsulSnapshot{}
	for c := range w.clusters + 1 {
		out[clusterName(c)] = nil
	}
	for number := int8(1); number <= 2; number++ {
		if w.snapshots&(1<<number) != 0 {
			out[clusterName(1)] = append(out[clusterName(1)], snapshotOf(number))
		}
	}
	return out
}

// failures returns what a node remembers of snapshots that it has tried to restore.
func (x *explorer) failures(n modelNode) (out []rule.FailedRestore) {
	for number, tries := range n.tries {
		if tries > 0 {
			out = append(out, rule.FailedRestore{
				Snapshot: snapshotName(int8(number)), Tries: int(tries), Damaged: x.damaged&(1<<number) != 0, Why: "why",
			})
		}
	}
	return out
}

// lostWorld is that of a cluster whose only server is off, with its data: it may come
// back. A client of it lives on, if there is to be one. The other machines are blank.
func (x *explorer) lostWorld(w world) world {
	last := x.nodes - 1
	w.snapshots = x.snapshots
	w.record = modelRecord{exists: true, established: true, cluster: 1, desired: x.desired, term: 1, bootstrapper: last*4 + 1, count: 1}
	w.record.slots[0] = modelSlot{incarnation: last*4 + 1, age: old}
	w.clusters, w.lineages, w.voters[1], w.births[1] = 1, 1, 1, [2]int8{1, 1}
	n := &w.nodes[last]
	n.incarnation, n.keptCluster, n.keptTerm, n.mode, n.raft = last*4+1, 1, 1, serverMode, 1
	if x.liveClient {
		n := &w.nodes[last-1]
		n.incarnation, n.keptCluster, n.keptTerm, n.mode, n.phase = (last-1)*4+1, 1, 1, clientMode, clientUp
		n.join = 1<<x.nodes - 1&^(1<<(last-1)) // by gossip, whoever has old addresses
	}
	return w
}

// restores returns what may happen next to a node that is about to restore a snapshot, or
// does. It says in its data directory that it tries before it does anything.
func (x *explorer) restores(w world, i int8) []successor {
	n := w.nodes[i]
	var out []successor
	if n.phase == restored {
		v, bad := x.placeRestored(w, i)
		return append(out, successor{v, "confirms, and starts on what it has restored", bad})
	}
	if !n.beatTried {
		out = append(out, successor{x.keepSlot(w, i), "keeps its slot while it restores", ""})
	}
	v := w
	if bit := uint8(1) << n.restore; w.snapshots&bit == 0 || x.damaged&bit != 0 {
		v.nodes[i].stop(off)
		return append(out, successor{v, "cannot restore", ""})
	}
	v.nodes[i].phase = restored
	return append(out, successor{v, "has restored", ""})
}

// beginRestore is the step between the confirmation of a bootstrap and its restore.
func (x *explorer) beginRestore(w world, i int8) world {
	n := &w.nodes[i]
	n.phase, n.restore = restoring, n.toRestore
	n.tries[n.restore]++
	return w
}

// keepSlot lets a node that restores read the record and do what the rule says, as a
// server does that waits for a leader.
func (x *explorer) keepSlot(w world, i int8) world {
	n := &w.nodes[i]
	n.beatTried = true
	if w.store == storeDown {
		return w
	}
	order, err := rule.Serve(rule.Running{
		Self: n.self(i), Expiry: expiry, Time: epoch, Record: w.record.forRule(0), Eligible: x.candidates, Write: "w",
		WithheldFor: time.Duration(n.sinceReading) * unit,
	})
	if err != nil {
		n.stop(off)
		if errors.Is(err, rule.ErrFenced) {
			n.phase = fenced
		}
		return w
	}
	if order.Swap != nil && w.store == storeOK {
		w = w.write(fromRule(order.Swap))
	}
	return w
}

// placeRestored asks once more, puts what was restored in place, and starts the agent.
func (x *explorer) placeRestored(w world, i int8) (world, string) {
	if w = x.confirm(w, i); w.nodes[i].phase != confirmed {
		return w, ""
	}
	return x.startAgent(w, i)
}

// restoresLate is a control: the agent runs, and the snapshot is restored into the
// cluster that it has founded. What others have written there is lost.
func (x *explorer) restoresLate(w world, i int8) (world, string) {
	n := &w.nodes[i]
	w.content[n.raft], n.toRestore = n.toRestore, 0
	for j := range x.nodes {
		if j != i && w.joined(j, i) && w.nodes[j].phase == clientUp {
			return w, fmt.Sprintf("what %s has written is overwritten", nodeName(j))
		}
	}
	return w, ""
}

// emptied returns, in words, that a record is established whose cluster was to be restored
// and is not, or that a birth is no longer to restore what can be restored.
func (x *explorer) emptied(w world, next modelRecord) string {
	if !x.neverAsked() && w.record.exists && w.record.cluster == next.cluster && w.record.restore != 0 && next.restore == 0 {
		return "the restore is forgotten"
	}
	return ""
}

// establishesEmpty returns, in words, that a server's record is established without what
// was to be restored.
func (w world) establishesEmpty(i int8, next modelRecord) string {
	n := w.nodes[i]
	if next.established && !w.record.established && next.restore != 0 && n.raft != 0 && w.content[n.raft] != next.restore {
		return nodeName(i) + " establishes a cluster that was not restored"
	}
	return ""
}

// neverAsked reports whether the operator has left the choice to the nodes.
func (x *explorer) neverAsked() bool { return x.lost == rule.LostAuto && x.desired == 1 }

// waitsForOperator reports whether a wait is for somebody to say what is to be done.
func waitsForOperator(wait string) bool {
	return strings.Contains(wait, "come back") || strings.HasPrefix(wait, "for the operator") || strings.HasPrefix(wait, "for a snapshot")
}

// removals returns what an operator may do, who is told of snapshots that cannot be
// restored: remove them.
func (x *explorer) removals(w world) []successor {
	var out []successor
	for number := int8(1); number <= 2; number++ {
		if bit := uint8(1) << number; w.snapshots&x.damaged&bit != 0 && x.removes {
			v := w
			v.snapshots &^= bit
			out = append(out, successor{v, "the operator removes " + snapshotName(number), ""})
		}
	}
	return out
}

// restoreFaults returns what may happen to a node that has restored: it ends between the
// moment at which its data is in place and its agent's start.
func (x *explorer) restoreFaults(w world, i int8) []successor {
	if w.nodes[i].phase != restored {
		return nil
	}
	v, bad := x.placeRestored(w, i)
	v.nodes[i].stop(off)
	return []successor{{v, " crashes when its data is in place", cmp.Or(bad, x.violation(v))}}
}
