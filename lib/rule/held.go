package rule

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"auto-consul/lib/registry"
)

// desired returns how many servers there should be. If there is a record it is the
// record's number, so that nodes that were told different numbers agree (R24).
func (in Input) desired() int {
	if in.Seen.Record != nil {
		return in.Seen.Record.Desired
	}
	return in.Policy.Desired
}

// fresh reports whether a slot is younger than the expiry.
func (in Input) fresh(s Slot) bool { return s.Fresh(in.Seen.Time, in.Policy.Expiry) }

// beatsAsServer reports whether a node has a live server heartbeat.
func (in Input) beatsAsServer(node string) bool { return in.Seen.BeatsAsServer(node) }

// BeatsAsServer reports whether a node has a live server heartbeat (R7). The observation
// must have the heartbeats.
func (o Observation) BeatsAsServer(node string) bool {
	return slices.ContainsFunc(o.Live[registry.Servers], func(m registry.Member) bool { return m.Node == node })
}

// held reports whether a slot is held.
func (in Input) held(s Slot) bool { return in.Seen.Held(s, in.Policy.Expiry) }

// Held reports whether a slot is held: its node beats as a server, or still has time
// to start (R8), or was stopped to be recovered (R56). The observation must have the
// heartbeats.
func (o Observation) Held(s Slot, expiry time.Duration) bool {
	return o.BeatsAsServer(s.Node) || s.Fresh(o.Time, expiry) || o.Record.SurvivorOf(s.Incarnation, o.Time, expiry) != nil
}

// slots returns the record's slots; none if there is no record.
func (in Input) slots() []Slot { return in.Seen.Slots() }

// Slots returns the record's slots in the order of their claims; none if there is no
// record.
func (o Observation) Slots() []Slot {
	if o.Record == nil {
		return nil
	}
	return o.Record.Servers
}

// Vacant returns the slots that are not held (R8), by node. The observation must have
// the heartbeats.
func (o Observation) Vacant(expiry time.Duration) []Slot {
	out := slices.DeleteFunc(slices.Clone(o.Slots()), func(s Slot) bool { return o.Held(s, expiry) })
	slices.SortStableFunc(out, func(a, b Slot) int { return strings.Compare(a.Node, b.Node) })
	return out
}

// HeldServers returns the names of the nodes that are servers or have the right to be,
// sorted and each once, as an observer sees them who is no node itself (R8). The
// observation must have the heartbeats.
func (o Observation) HeldServers(expiry time.Duration) []string {
	held := slices.DeleteFunc(slices.Clone(o.Slots()), func(s Slot) bool { return !o.Held(s, expiry) })
	return namesOf(held, o.Live[registry.Servers])
}

// slotsOfOthers returns the slots of other incarnations than this node's.
func (in Input) slotsOfOthers() []Slot {
	return slices.DeleteFunc(slices.Clone(in.slots()), func(s Slot) bool { return s.Incarnation == in.Self.Incarnation })
}

// ownSlot returns this node's slot, nil if it holds none.
func (in Input) ownSlot() *Slot {
	if in.Seen.Record == nil {
		return nil
	}
	return in.Seen.Record.SlotOf(in.Self.Incarnation)
}

// nameConflict returns the slot that another incarnation holds under this node's name,
// nil if there is none (R21).
func (in Input) nameConflict() *Slot {
	for i, s := range in.slots() {
		if s.Node == in.Self.Node && s.Incarnation != in.Self.Incarnation {
			return &in.Seen.Record.Servers[i]
		}
	}
	return nil
}

// survivors returns the entries of other servers that recover a lost quorum (R56).
func (in Input) survivors() []Survivor {
	if in.Seen.Record == nil {
		return nil
	}
	all := in.Seen.Record.LiveSurvivors(in.Seen.Time, in.Policy.Expiry)
	return slices.DeleteFunc(all, func(s Survivor) bool { return s.Incarnation == in.Self.Incarnation })
}

// heldSlots returns the slots of others that are held.
func (in Input) heldSlots() []Slot {
	return slices.DeleteFunc(in.slotsOfOthers(), func(s Slot) bool { return !in.held(s) })
}

// silentSlots returns the slots of others that are not held, the longest claimed
// first.
func (in Input) silentSlots() []Slot {
	out := slices.DeleteFunc(in.slotsOfOthers(), in.held)
	slices.SortStableFunc(out, func(a, b Slot) int { return a.Since.Compare(b.Since) })
	return out
}

// heldByOthers returns the names of the other nodes that are servers or have the right
// to be, each once: the nodes of held slots, and live servers without a slot (R8).
func (in Input) heldByOthers() []string {
	return namesOf(in.heldSlots(), others(in.Seen.Live[registry.Servers], in.Self.Node))
}

// namesOf returns the names of the nodes of slots and of members, sorted and each once.
func namesOf(slots []Slot, members []registry.Member) []string {
	var out []string
	for _, s := range slots {
		out = append(out, s.Node)
	}
	for _, m := range members {
		out = append(out, m.Node)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// others returns the members but a node itself.
func others(members []registry.Member, node string) []registry.Member {
	return slices.DeleteFunc(slices.Clone(members), func(m registry.Member) bool { return m.Node == node })
}

// noOtherServerBeats reports whether no other node has a live server heartbeat.
func (in Input) noOtherServerBeats() bool {
	return len(others(in.Seen.Live[registry.Servers], in.Self.Node)) == 0
}

// SilentKeys returns the keys of [Evidence.SilentFor] that this observation found
// silent (R11). The observer starts to measure at the first observation that names one.
func (in Input) SilentKeys() []string {
	var out []string
	for _, s := range in.silentSlots() {
		out = append(out, s.Incarnation)
	}
	if in.noOtherServerBeats() && !in.beatsAsServer(in.Self.Node) && len(in.survivors()) == 0 {
		out = append(out, AllServers)
	}
	if in.Seen.Record == nil {
		out = append(out, NoRecord)
	}
	return out
}

// waitForOwnName waits for live server heartbeats under this node's name. A node that
// decides does not beat, so they are of its earlier life and will expire, or they are
// another machine's (R21).
func (in Input) waitForOwnName() Action {
	return Action{Wait: fmt.Sprintf("for the heartbeats of another node %s, or of this one's earlier life, to expire", in.Self.Node)}
}

// waitForNamesake waits for the other incarnation that holds a slot under this node's
// name (R21).
func waitForNamesake(other Slot) Action {
	return Action{Wait: fmt.Sprintf("for another incarnation of node %s, at %s, to be gone", other.Node, other.Address)}
}
