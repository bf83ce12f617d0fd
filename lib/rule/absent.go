package rule

import (
	"fmt"
	"slices"
	"strings"

	"auto-consul/lib/registry"
)

// Absent is a server that may hold raft data of the cluster and takes no part in the
// recovery of its quorum (R56).
type Absent struct {
	Name    string // its node name; its address where that is not known
	Address string
	Votes   bool // by this server's own raft data
	Gone    bool // the operator has named it as gone
	Beats   bool // it has a live heartbeat as a server
	Lives   bool // that came after recover was typed here
	Young   bool // its slot is fresh: it may be about to start
	NoData  bool // the node at its address, which may be the same, holds no raft data
}

// Absent returns the servers that may hold raft data and take no part: the voters of this
// server's own raft configuration, whoever beats as a server, and the slots but those at
// whose address a node without raft data lives, sorted by name.
func (in Input) Absent() []Absent {
	var out []Absent
	add := func(a Absent) {
		known := slices.ContainsFunc(out, func(o Absent) bool { return o.Address == a.Address || o.Name == a.Name })
		if known || in.takesPart(a) {
			return
		}
		a.Gone = slices.Contains(in.Recover.Gone, a.Name) || slices.Contains(in.Recover.Gone, a.Address)
		for _, m := range in.Seen.Live[registry.Servers] {
			if m.Node == a.Name {
				a.Beats, a.Lives = true, m.Heartbeat.After(in.Recover.Since)
			}
		}
		a.NoData = in.noDataAt(a.Address)
		out = append(out, a)
	}
	if in.Recover.Log != nil {
		for _, v := range in.Recover.Log.Voters {
			if v.ID == in.Recover.Log.ID || slices.ContainsFunc(in.survivors(), func(s Survivor) bool { return s.ID == v.ID }) {
				continue
			}
			add(Absent{Name: in.nameAt(v.Address), Address: v.Address, Votes: true})
		}
	}
	for _, m := range in.Seen.Live[registry.Servers] {
		add(Absent{Name: m.Node, Address: m.Address})
	}
	for _, s := range in.slotsOfOthers() {
		if !in.noDataAt(s.Address) {
			add(Absent{Name: s.Node, Address: s.Address})
		}
	}
	for i, a := range out {
		out[i].Young = slices.ContainsFunc(in.slotsOfOthers(), func(s Slot) bool { return s.Node == a.Name && in.fresh(s) })
	}
	slices.SortFunc(out, func(a, b Absent) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// takesPart reports whether a server is this one, or one that has an entry.
func (in Input) takesPart(a Absent) bool {
	return a.Name == in.Self.Node || slices.ContainsFunc(in.survivors(), func(s Survivor) bool { return s.Node == a.Name })
}

// noDataAt reports whether a node lives at an address that holds no raft data: a server
// that has found no cluster does not beat as one, and a client never does (R31). Its
// heartbeat must be so young that a server's of the same beat would still be live (R7).
func (in Input) noDataAt(address string) bool {
	return slices.ContainsFunc(in.Seen.Live[registry.Agents], func(m registry.Member) bool {
		return m.Address == address && !in.beatsAsServer(m.Node) && in.Seen.Time.Sub(m.Heartbeat) < in.Policy.Expiry/2
	})
}

// nameAt returns the name of the server at an address, as far as the record or a heartbeat
// tells it, and else the address.
func (in Input) nameAt(address string) string {
	for _, s := range in.slots() {
		if s.Address == address {
			return s.Node
		}
	}
	for _, m := range in.Seen.Live[registry.Servers] {
		if m.Address == address {
			return m.Node
		}
	}
	return address
}

// othersTakePart finds out whether every server that may hold raft data takes part, or is
// named as gone and silent. One that lives is waited for, until recover is typed there,
// too. The action is empty if nothing is missing, or else an error, probes or a wait.
func (in Input) othersTakePart() (pending Action) {
	var unnamed []string
	for _, a := range in.Absent() {
		answers, asked := in.Answers[a.Address]
		switch {
		case a.Gone && a.Lives:
			return refuse("%s was named as gone and sends heartbeats", a.Name)
		case !asked && !a.NoData:
			pending = pending.mergeWith(Action{Probe: []string{a.Address}})
			continue
		}
		answers = answers && !a.NoData
		switch {
		case a.Gone && answers:
			return refuse("%s was named as gone, and somebody answers at %s", a.Name, a.Address)
		case a.Gone && a.Beats:
			pending = pending.mergeWith(Action{Wait: fmt.Sprintf("for the heartbeats of %s, which was named as gone, to expire", a.Name)})
		case a.Gone && a.Young:
			pending = pending.mergeWith(Action{Wait: fmt.Sprintf("for %s, which was named as gone and has claimed its slot a short time ago, to stay silent", a.Name)})
		case a.Gone:
		case a.Beats || answers || a.Young:
			pending = pending.mergeWith(Action{Wait: fmt.Sprintf("for recover to be typed on %s, which lives", a.Name)})
		default:
			unnamed = append(unnamed, "-gone "+a.Name)
		}
	}
	if pending.Probe == nil && len(unnamed) > 0 {
		return refuse("not every server that may hold newer data takes part: type recover there, too; those that are powered off for good are named by %s", strings.Join(unnamed, " "))
	}
	return pending
}
