package claim

import (
	"slices"
	"time"

	"auto-consul/lib/registry"
)

// desired is how many servers there should be: the record's word, if there is
// one, so that nodes told different numbers agree all the same.
func (c Case) desired() int {
	if c.Look.Record != nil {
		return c.Look.Record.Desired
	}
	return c.Policy.Desired
}

func (c Case) age(t time.Time) time.Duration { return c.Look.Time.Sub(t) }

// young: too young to have started its agent and beaten.
func (c Case) young(s Slot) bool { return c.age(s.Since) < c.Policy.Expiry }

// beats: the node has a live server heartbeat.
func (c Case) beats(node string) bool {
	return slices.ContainsFunc(c.Look.Live[registry.Servers], func(m registry.Member) bool { return m.Node == node })
}

// held: its node lives as a server, or has the right to and time to start.
func (c Case) held(s Slot) bool { return c.beats(s.Node) || c.young(s) }

// own is this node's slot, nil if it holds none.
func (c Case) own() *Slot {
	if c.Look.Record == nil {
		return nil
	}
	return c.Look.Record.slot(c.Self.Incarnation)
}

// twin is the slot of another incarnation under this node's name.
func (c Case) twin() *Slot {
	for i, s := range c.slots() {
		if s.Node == c.Self.Node && s.Incarnation != c.Self.Incarnation {
			return &c.Look.Record.Servers[i]
		}
	}
	return nil
}

func (c Case) slots() []Slot {
	if c.Look.Record == nil {
		return nil
	}
	return c.Look.Record.Servers
}

// heldOthers are the nodes, this one aside, that are servers or have the right
// to be: held slots, and live servers without one.
func (c Case) heldOthers() []string {
	var out []string
	for _, s := range c.heldSlots() {
		out = append(out, s.Node)
	}
	for _, m := range c.Look.Live[registry.Servers] {
		if m.Node != c.Self.Node {
			out = append(out, m.Node)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func (c Case) heldSlots() []Slot {
	return slices.DeleteFunc(slices.Clone(c.slots()), func(s Slot) bool {
		return s.Incarnation == c.Self.Incarnation || !c.held(s)
	})
}

// silentSlots are the slots of others that are not held, the longest claimed
// first.
func (c Case) silentSlots() []Slot {
	out := slices.DeleteFunc(slices.Clone(c.slots()), func(s Slot) bool {
		return s.Incarnation == c.Self.Incarnation || c.held(s)
	})
	slices.SortStableFunc(out, func(a, b Slot) int { return a.Since.Compare(b.Since) })
	return out
}

// silence: no other node beats as a server.
func (c Case) silence() bool {
	return len(others(c.Look.Live[registry.Servers], c.Self.Node)) == 0
}

// Silences are the keys of [Evidence.Silent] that this look found silent.
func (c Case) Silences() []string {
	var out []string
	for _, s := range c.silentSlots() {
		out = append(out, s.Incarnation)
	}
	if c.silence() && !c.beats(c.Self.Node) {
		out = append(out, Everybody)
	}
	if c.Look.Record == nil {
		out = append(out, NoRecord)
	}
	return out
}

// inherited is who announces a silent slot's address now, in words: another live
// node, or its own as an agent. Whoever answers there is not the slot's server:
// one that has not found its cluster beats like an agent too, but ends when the
// slot is as old as the expiry.
func (c Case) inherited(s Slot) string {
	if by := c.heir(s); by != "" {
		return by
	}
	for _, m := range c.Look.Live[registry.Agents] {
		if m.Node == s.Node && m.Address == s.Address && c.Look.Record.State == Established && m.Heartbeat.Sub(s.Since) >= c.Policy.Expiry {
			return "agent " + m.Node
		}
	}
	return ""
}

// heir is another node that has announced a slot's address since its claim.
func (c Case) heir(s Slot) string {
	for _, role := range []registry.Role{registry.Servers, registry.Agents} {
		for _, m := range c.Look.Live[role] {
			if m.Address == s.Address && m.Node != s.Node && m.Heartbeat.After(s.Since) {
				return m.Node
			}
		}
	}
	return ""
}

// exchanged: another server has claimed a slot with this one's address since. It
// proves nothing of who is silent: a claim may name a wrong address.
func (c Case) exchanged(s Slot) bool {
	return slices.ContainsFunc(c.slots(), func(o Slot) bool {
		return o.Address == s.Address && o.Node != s.Node && o.Since.After(s.Since)
	})
}
