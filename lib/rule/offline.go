package rule

import (
	"fmt"

	"auto-consul/lib/registry"
)

// Offline returns the decision of a node that starts while the store is away, which rests
// on nothing but its data directory (R58). known are the addresses of the cluster's
// servers that the directory keeps, allowed says that the operator lets this one decision
// do without the store, and outage names what is wrong with the store, in words. ok is
// false where the node needs the store: ask [NeedsStore] why.
//
// The decision never bootstraps anything, and names the cluster that the data directory
// belongs to, so that the first reading of the record ends a server whose cluster was
// replaced (R30).
func Offline(self Self, known []string, allowed bool, outage string) (d Decision, ok bool) {
	d = Decision{
		Mode: self.Mode, Join: []string{}, Held: []string{}, Membership: self.Membership,
		Desired: max(1, self.Membership.Desired), Offline: true,
	}
	for _, address := range known {
		if address != self.Address && len(d.Join) < MaxJoin {
			d.Join = append(d.Join, address)
		}
	}
	switch {
	case self.Mode == registry.Client && !self.Raft:
		d.Reason = fmt.Sprintf("the store is away (%s); the data directory keeps mode agent and whom to join", outage)
		d.Notes = []string{fmt.Sprintf("started without the store (%s): this client joins the servers that its data directory remembers", outage)}
		return d, len(d.Join) > 0
	case NeedsStore(self) == "" && allowed:
		d.Mode = registry.Server
		d.Reason = fmt.Sprintf("the store is away (%s); the operator has let this server start with its raft data", outage)
		d.Notes = []string{"started without the store, as the operator has allowed: should this server's cluster have been given up, or recovered without it, nothing tells so until the store is back"}
		return d, true
	}
	return Decision{}, false
}

// NeedsStore says in words why a node cannot be a server without the store, even where
// the operator allows that; empty if it can (R58). A node that was decided without
// claims has no incarnation, and belongs to no cluster.
func NeedsStore(self Self) string {
	switch {
	case self.Mode == registry.Client:
		return "this node is a client, which starts without the store by itself"
	case !self.Raft:
		return "the data directory holds no raft data, so this node has nothing to start with"
	case self.Membership.ClusterID == "" && self.Incarnation != "":
		return "the data directory does not say which cluster its raft data belongs to"
	case !self.Membership.Established && self.Incarnation != "":
		return "the data directory does not say that the birth of its cluster has succeeded"
	}
	return ""
}
