package node

import (
	"time"

	"auto-consul/lib/registry"
	"auto-consul/lib/rule"
	"auto-consul/lib/wire"
)

// Document returns the decision as it is printed, for the registry at a URL. The document
// calls the term generation and the proof evidence. Cluster id and term are the record's where
// there is one: a client's membership may be of an earlier birth.
func (p Prepared) Document(url string, expiry time.Duration) wire.Decision {
	out := wire.Decision{
		Version: wire.Version, Mode: string(p.Mode), Bootstrap: p.Bootstrap, BootstrapExpect: p.Expect, Restore: p.Restore, Recover: p.Recover, Join: p.Join,
		Node: p.Self.Node, Address: p.Self.Address, Zone: p.Self.Zone, Registry: url,
		Incarnation: p.Self.Incarnation, Slot: p.HasSlot, Reason: p.Reason, Evidence: append([]string{}, p.Proof...),
		ExpirySeconds: int64(expiry / time.Second), DesiredServers: p.Desired, HeldServers: p.Held, DecidedAt: p.Seen.Time,
		Offline: p.Offline,
	}
	if p.Offline {
		out.DecidedAt = time.Now().UTC().Truncate(time.Second) // there is no store to ask for the time
	}
	out.ClusterID, out.Generation = p.Membership.ClusterID, p.Membership.Term
	if rec := p.Seen.Record; rec != nil {
		out.ClusterID, out.Generation = rec.ClusterID, rec.Bootstrap.Term
	}
	return out
}

// ClaimOf returns the claim that a decision rests on, as its document has it (R27).
func ClaimOf(d wire.Decision) rule.Claim {
	decision := rule.Decision{
		Mode: registry.Mode(d.Mode), Bootstrap: d.Bootstrap, Expect: d.BootstrapExpect, HasSlot: d.Slot, Recover: d.Recover, Offline: d.Offline,
		Membership: rule.Membership{ClusterID: d.ClusterID, Term: d.Generation},
	}
	self := rule.Self{Node: d.Node, Address: d.Address, Incarnation: d.Incarnation}
	return decision.Claim(self, time.Duration(d.ExpirySeconds)*time.Second)
}
