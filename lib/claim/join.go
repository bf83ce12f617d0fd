package claim

import (
	"slices"

	"auto-consul/lib/registry"
	"auto-consul/lib/wire"
)

// MaxJoin is how many addresses Consul is given. A black-holed one costs it
// 10 s, so a long list of dead ones would be slow.
const MaxJoin = 5

// Targets are the addresses that a node in a mode may join now: live members, and
// where there are none the addresses last known.
func Targets(mode string, self Self, look Look) []string {
	var slots []Slot
	if look.Record != nil {
		slots = look.Record.Servers
	}
	return targets(mode, self, look.Snapshot, slots)
}

// targets are the addresses to join: a server joins servers; an agent joins
// whoever beat last, one server among them, for nobody knows yet whether the
// freshest agents have found the cluster themselves. Where there are too many
// agents to know the freshest, it joins servers first.
func targets(mode string, self Self, snap registry.Snapshot, slots []Slot) []string {
	servers := addresses(snap.Joinable(registry.Servers), slots, self)
	if mode == wire.Server {
		return servers[:min(len(servers), MaxJoin)]
	}
	out, then := addresses(snap.Joinable(registry.Agents), nil, self), servers
	if slices.Contains(snap.More, registry.Agents) {
		out, then = slices.Clone(servers), out
	}
	for _, a := range then {
		if !slices.Contains(out, a) {
			out = append(out, a)
		}
	}
	if len(out) <= MaxJoin {
		return out
	}
	isServer := func(address string) bool { return slices.Contains(servers, address) }
	if !slices.ContainsFunc(out[:MaxJoin], isServer) && len(servers) > 0 {
		out[MaxJoin-1] = servers[0]
	}
	return out[:MaxJoin]
}

// addresses of members, the freshest first, then of slots, the youngest first;
// each once and without the node's own.
func addresses(members []registry.Member, slots []Slot, self Self) []string {
	out := []string{}
	add := func(node, address string) {
		if node != self.Node && address != self.Address && !slices.Contains(out, address) {
			out = append(out, address)
		}
	}
	for _, m := range slices.Backward(members) {
		add(m.Node, m.Address)
	}
	young := slices.Clone(slots)
	slices.SortStableFunc(young, func(a, b Slot) int { return b.Since.Compare(a.Since) })
	for _, s := range young {
		add(s.Node, s.Address)
	}
	return out
}
