package rule_test

import (
	"fmt"
	"time"

	"auto-consul/lib/registry"
	"auto-consul/lib/rule"
)

// theCase is what the rule is asked.
func (x *explorer) theCase(w world, i int8, recordOnly bool) rule.Input {
	n := w.nodes[i]
	c := rule.Input{
		Self:   n.self(i),
		Policy: rule.Policy{Desired: int(x.desired), Birth: x.birth, Lost: x.lost, Expiry: expiry},
		Seen:   rule.Observation{Record: n.look.record(n.lag), RecordOnly: recordOnly, HeartbeatsLater: n.later},
		New:    rule.NewIDs{ClusterID: fmt.Sprintf("c%d", w.clusters+1), Write: "w"},
	}
	c.Seen.Time = epoch
	if recordOnly {
		return c
	}
	c.Seen.Live = map[registry.Role][]registry.Member{
		registry.Servers: members(masked(n.sb, n.beatLag)), registry.Agents: members(masked(n.ab, n.beatLag)),
	}
	if w.expired {
		c.Seen.Expired = []string{"servers/20260101000000-x"}
	}
	c.SilentFor, c.Answers, c.UnansweredFor = map[string]time.Duration{}, map[string]bool{}, map[string]time.Duration{}
	for k, units := range n.watch {
		if units >= 0 {
			c.SilentFor[watchKey(k)] = time.Duration(units) * unit
		}
		if x.oneLook && k < len(n.watch)-1 {
			c.SilentFor[watchKey(k)] = expiry
		}
	}
	for j := range x.nodes {
		if n.unanswered[j] >= 0 {
			c.UnansweredFor[address(j)] = time.Duration(n.unanswered[j]) * unit
		}
		if n.asked&(1<<j) != 0 && n.phase == probing {
			c.Answers[address(j)] = n.answered&(1<<j) != 0 && !x.oneLook
		}
	}
	return c
}

func masked(masks [maxNodes]uint8, lag int8) [maxNodes]uint8 {
	for i := range masks {
		masks[i] = masks[i] << lag & 3
	}
	return masks
}

func (n xnode) self(i int8) rule.Self {
	s := rule.Self{
		Node: nodeName(i), Address: address(i), Incarnation: incName(n.inc),
		Mode: []registry.Mode{"", registry.Server, registry.Client}[n.mode], Raft: n.raft != 0,
	}
	s.Membership.Open = n.mode == 2
	if n.keptCluster != 0 {
		s.Membership.ClusterID, s.Membership.Term = fmt.Sprintf("c%d", n.keptCluster), int64(n.keptTerm)
		s.Membership.Desired, s.Membership.Birth = 1, rule.First
	}
	return s
}

// decision is what the node was decided to be, as far as it is kept.
func (n xnode) decision(i int8) rule.Decision {
	self := n.self(i)
	return rule.Decision{Mode: self.Mode, Bootstrap: n.boot, Expect: int(n.expect), HasSlot: n.slot, Membership: self.Membership}
}

// watchKey names the entries of a node's watch: two incarnations a node, nobody
// held, no record.
func watchKey(k int) string {
	switch k {
	case maxNodes * 2:
		return rule.AllServers
	case maxNodes*2 + 1:
		return rule.NoRecord
	}
	return incName(int8(k/2*4 + 1 + k%2))
}

func (x *explorer) observe(n *xnode, c rule.Input) {
	silent := map[string]bool{}
	for _, key := range c.SilentKeys() {
		silent[key] = true
	}
	for k := range n.watch {
		switch {
		case !silent[watchKey(k)]:
			n.watch[k] = -1
		case n.watch[k] < 0 || n.gap >= 2:
			n.watch[k] = 0
		}
	}
	n.gap = 0
}
