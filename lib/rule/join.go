package rule

import (
	"slices"

	"auto-consul/lib/registry"
)

// MaxJoin is how many addresses Consul is given (R26). An address that never answers
// costs it 10 s, so a long list of dead ones would be slow.
const MaxJoin = 5

// JoinTargets returns the addresses that a node in a mode may join now: those of live
// members first, then those of the record's slots, [MaxJoin] in all (R26).
func JoinTargets(mode registry.Mode, self Self, seen Observation) []string {
	var slots []Slot
	if seen.Record != nil {
		slots = seen.Record.Servers
	}
	return joinTargets(mode, self, seen.Snapshot, slots)
}

// joinTargets returns the addresses to join. A server joins servers. A client joins the
// members that have beaten last, with one server among them, because nobody knows yet
// whether the freshest clients have found the cluster themselves. Where there are too
// many clients to know the freshest, it joins servers first.
func joinTargets(mode registry.Mode, self Self, snap registry.Snapshot, slots []Slot) []string {
	servers := addresses(snap.Joinable(registry.Servers), slots, self)
	if mode == registry.Server {
		return servers[:min(len(servers), MaxJoin)]
	}
	first, then := addresses(snap.Joinable(registry.Agents), nil, self), servers
	if slices.Contains(snap.More, registry.Agents) {
		first, then = slices.Clone(servers), first
	}
	out := first
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

// addresses returns the addresses of members, the freshest first, and then of
// slots, the youngest first, each once and without the node's own.
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
	youngestFirst := slices.Clone(slots)
	slices.SortStableFunc(youngestFirst, func(a, b Slot) int { return b.Since.Compare(a.Since) })
	for _, s := range youngestFirst {
		add(s.Node, s.Address)
	}
	return out
}
