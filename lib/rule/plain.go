package rule

import (
	"fmt"
	"slices"

	"auto-consul/lib/registry"
)

// Plain returns the decision of the original rule, which uses no record (R42): enough
// live servers, client; none, bootstrap; else join as a server. Two nodes that read the
// heartbeats in the same moment both bootstrap.
func Plain(self Self, desired int, snap registry.Snapshot) Decision {
	servers := others(snap.Live[registry.Servers], self.Node)
	d := Decision{Mode: self.Mode, Held: nodeNames(servers), Desired: desired}
	switch {
	case d.Mode == registry.Client:
		d.Reason = "the data directory keeps mode agent"
	case self.Raft:
		d.Mode = registry.Server
		d.Reason = "the data directory holds a server's raft data: it joins, and never bootstraps"
	case len(servers) == 0:
		d.Mode, d.Bootstrap = registry.Server, true
		d.Reason = "no live servers"
	case d.Mode == registry.Server:
		d.Reason = "the data directory keeps mode server"
	case len(servers) >= desired:
		d.Mode = registry.Client
		d.Reason = fmt.Sprintf("%d live servers, %d desired", len(servers), desired)
	default:
		d.Mode = registry.Server
		d.Reason = fmt.Sprintf("%d live servers, %d desired", len(servers), desired)
	}
	d.Join = joinTargets(d.Mode, self, snap, nil)
	return d
}

// nodeNames returns the names of the members, sorted.
func nodeNames(members []registry.Member) []string {
	out := []string{}
	for _, m := range members {
		out = append(out, m.Node)
	}
	slices.Sort(out)
	return out
}
