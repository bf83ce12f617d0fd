package rule_test

import (
	"errors"
	"fmt"
	"time"

	"auto-consul/lib/registry"
	"auto-consul/lib/rule"
)

// serve is what a running server may do: find its raft peers, and beat.
func (x *explorer) serve(w world, i int8) []after {
	n := w.nodes[i]
	var out []after
	if n.raft == 0 {
		for j := range x.nodes {
			m := w.nodes[j]
			if n.join&(1<<j) != 0 && m.serves() && m.raft != 0 && x.leader(w, m.raft) {
				v := w
				v.nodes[i].raft = m.raft
				v.size[m.raft]++
				out = append(out, after{v, "joins the raft of " + nodeName(j), ""})
			}
		}
		if v, bad, ok := x.form(w, i); ok {
			out = append(out, after{v, "forms a quorum", bad})
		}
	}
	if !n.beaten || w.bearing(i) {
		v := x.attend(w, i)
		out = append(out, after{v, "attends to the record", ""})
	}
	return out
}

// bearing: the node has raft data and the record does not yet say so. It looks
// every second then, so it is quicker than anything that takes a unit of time.
func (w world) bearing(i int8) bool {
	n := w.nodes[i]
	return n.raft != 0 && w.rec.there && !w.rec.established && n.keptCluster == w.rec.cluster && n.keptTerm == w.rec.term
}

// form is Consul's -bootstrap-expect: enough that expect each other found a
// lineage together, unless one of them knows of one.
func (x *explorer) form(w world, i int8) (world, string, bool) {
	n := w.nodes[i]
	if n.expect == 0 {
		return w, "", false
	}
	var founders []int8
	for j := range x.nodes {
		m := w.nodes[j]
		near := j == i || n.join&(1<<j) != 0 || m.join&(1<<i) != 0
		switch {
		case near && m.serves() && m.raft != 0:
			return w, "", false
		case near && m.serves() && m.expect == n.expect:
			founders = append(founders, j)
		}
	}
	if len(founders) < int(n.expect) {
		return w, "", false
	}
	v, bad := x.found(w, founders...)
	return v, bad, true
}

// leader: more than half of a lineage's members serve.
func (x *explorer) leader(w world, lineage int8) bool {
	serving := 0
	for _, n := range w.nodes {
		if n.raft == lineage && n.serves() {
			serving++
		}
	}
	return lineage != 0 && serving*2 > int(w.size[lineage])
}

func (x *explorer) attend(w world, i int8) world {
	n := &w.nodes[i]
	if w.store == storeDown {
		n.beaten = true // in vain; the next tick tries again
		return w
	}
	n.fresh, n.lag, n.phase = true, 0, attended
	if x.plainRule {
		return w
	}
	var last time.Time
	if n.known > 0 && w.sb[i] != 0 {
		last = epoch
	}
	want, err := rule.Serve(rule.Running{
		LastBeat: last, HeldFor: time.Duration(n.gap) * unit, NamedBefore: n.named,
		Self: n.self(i), Expiry: expiry, Time: epoch, Record: w.rec.record(0),
		Leader: x.leader(w, n.raft), Write: "w",
	})
	n.named = x.deletes && rule.Observation{Record: w.rec.record(0)}.Names(n.self(i).Membership)
	switch {
	case errors.Is(err, rule.ErrFenced):
		n.stop(fenced)
	case err != nil:
		n.stop(off)
	case want.Swap != nil:
		n.writes, n.want = true, fromRecord(want.Swap)
	case want.Hold:
		n.phase, n.beaten = up, true
		w = w.writeBeats(i, want, 0)
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
		if role == registry.Servers {
			w.sb[i] |= 1 << age
		} else {
			w.ab[i] |= 1 << age
		}
	}
	return w
}

// beatAsAgent reads the record for its time, as ac-heartbeat does, and decides
// again where nobody will ever bootstrap.
func (x *explorer) beatAsAgent(w world, i int8) world {
	n := &w.nodes[i]
	if w.store == storeDown {
		return w
	}
	known := false
	for j := range x.nodes {
		known = known || w.joined(i, j) && x.leader(w, w.nodes[j].raft)
	}
	order, err := rule.Serve(rule.Running{
		Self: n.self(i), Expiry: expiry, Time: epoch, Record: w.rec.record(0), Leader: known,
	})
	if err != nil {
		n.stop(off)
		return w
	}
	return w.writeBeats(i, order, 0)
}

// beat writes what the attendance wanted written, and then the heartbeat, which
// is stamped with the time of the look.
func (x *explorer) beat(w world, i int8) (world, string) {
	n := &w.nodes[i]
	if n.writes {
		want := n.want.aged(n.lag)
		n.writes, n.want, n.phase = false, xrec{}, up // and looks again
		n.beaten = w.store != storeOK
		if w.store == storeOK && n.fresh {
			w = w.write(want)
		}
		return w, ""
	}
	lag := n.lag
	n.phase, n.beaten, n.lag = up, true, 0
	if w.store != storeOK || lag >= old {
		return w, ""
	}
	n.known = max(n.known, 1)
	w = w.writeBeats(i, rule.Order{}, lag)
	for j, mask := range w.sb {
		if m := w.nodes[j]; !x.deletes && mask != 0 && m.raft != 0 && n.raft != 0 && m.raft != n.raft && m.phase != fenced && m.phase != dead {
			return w, fmt.Sprintf("two clusters are advertised, by %s and %s", nodeName(i), nodeName(int8(j)))
		}
	}
	return w, ""
}
