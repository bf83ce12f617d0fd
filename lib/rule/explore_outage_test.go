package rule_test

import "auto-consul/lib/rule"

// Nodes that start while the store is away (R58).

// remember keeps what a reading has shown: the addresses of the other servers, and whether
// the node's birth is established.
func (x *explorer) remember(n *modelNode, i int8, seen modelRecord) {
	if !x.outages || !seen.exists {
		return
	}
	if seen.cluster == n.keptCluster && seen.term == n.keptTerm {
		n.keptEstablished = seen.established
	}
	known := uint8(0)
	for _, s := range seen.slots[:seen.count] {
		if nodeOf(s.incarnation) != i {
			known |= 1 << nodeOf(s.incarnation)
		}
	}
	if known != 0 {
		n.known = known
	}
}

// mayRestart reports whether a node may be stopped now and start again: wherever the
// store is away, which costs no fault.
func (x *explorer) mayRestart(w world, i int8) bool {
	n := w.nodes[i]
	return x.outages && w.store == storeDown && !n.paused && (n.phase == serverUp || n.phase == clientUp && !n.candidate)
}

// startOffline lets a node that was stopped be decided without the store. The operator
// allows it wherever that is of use; ok is false where it is of none.
func (x *explorer) startOffline(w world, i int8) (_ world, ok bool) {
	n := &w.nodes[i]
	if !x.outages || w.store != storeDown || n.incarnation == 0 {
		return w, false
	}
	var known []string
	for j := range x.nodes {
		if n.known&(1<<j) != 0 {
			known = append(known, address(j))
		}
	}
	d, ok := rule.Offline(n.self(i), known, true, "it is away")
	if x.bootstrapsOffline && n.raft == 0 && n.keptCluster != 0 { // the control
		d.Mode, d.Bootstrap, ok = "server", true, true
		d.Membership = n.self(i).Membership
	}
	if !ok {
		return w, false
	}
	n.keep(d)
	n.offline = true
	return w, true
}
