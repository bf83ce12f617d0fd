package claim

import (
	"fmt"
	"slices"

	"auto-consul/lib/registry"
	"auto-consul/lib/wire"
)

// Plain is the original's rule: enough live servers, agent; none, bootstrap;
// else join as a server. Two nodes that look at the same moment both bootstrap.
func Plain(self Self, desired int, snap registry.Snapshot) Verdict {
	servers := others(snap.Live[registry.Servers], self.Node)
	v := Verdict{Mode: self.Mode, Held: nodeNames(servers), Desired: desired}
	switch {
	case v.Mode == wire.Agent:
		v.Reason = "the data directory keeps mode agent"
	case self.Raft:
		v.Mode = wire.Server
		v.Reason = "the data directory holds a server's raft state: it joins, and never bootstraps"
	case len(servers) == 0:
		v.Mode, v.Bootstrap = wire.Server, true
		v.Reason = "no live servers"
	case v.Mode == wire.Server:
		v.Reason = "the data directory keeps mode server"
	case len(servers) >= desired:
		v.Mode = wire.Agent
		v.Reason = fmt.Sprintf("%d live servers, %d desired", len(servers), desired)
	default:
		v.Mode = wire.Server
		v.Reason = fmt.Sprintf("%d live servers, %d desired", len(servers), desired)
	}
	v.Join = targets(v.Mode, self, snap, nil)
	return v
}

func others(members []registry.Member, node string) []registry.Member {
	return slices.DeleteFunc(slices.Clone(members), func(m registry.Member) bool { return m.Node == node })
}

func nodeNames(members []registry.Member) []string {
	out := []string{}
	for _, m := range members {
		out = append(out, m.Node)
	}
	slices.Sort(out)
	return out
}
