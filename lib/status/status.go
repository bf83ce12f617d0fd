// Package status shows people and monitoring how a cluster is, from one reading of its
// registry: which places are held and which clients are live, what is missing, and what
// happens next. It computes text and does nothing else. What it says is what the rules
// of package rule do, so whoever changes those changes the sentences here.
package status

import (
	"slices"
	"time"

	"auto-consul/lib/registry"
	"auto-consul/lib/rule"
)

// Status is what one reading of a registry showed.
type Status struct {
	Registry string           // the registry's URL
	Seen     rule.Observation // with the heartbeats of all roles
	Expiry   time.Duration    // the age at which a heartbeat no longer counts
	Purged   int              // how many of Seen.Expired were removed just now
	// Snapshot is the cluster's newest snapshot that the registry keeps; nil if there is
	// none, or if NoSnapshot says in words why it is not known.
	Snapshot   *registry.ConsulSnapshot
	NoSnapshot string
	// Sample is about how many clients have a live heartbeat at a time where there are
	// more of them (R47); 0 where every client beats.
	Sample int
}

// liveServers returns the members that beat as servers.
func (s Status) liveServers() []registry.Member { return s.Seen.Live[registry.Servers] }

// unplaced returns the live servers that hold no slot, such as those of the Ruby gem.
func (s Status) unplaced() []registry.Member {
	return slices.DeleteFunc(slices.Clone(s.liveServers()), func(m registry.Member) bool {
		return slices.ContainsFunc(s.Seen.Slots(), func(slot rule.Slot) bool { return slot.Node == m.Node })
	})
}

// zones returns the zones that places name, sorted and each once.
func (s Status) zones() []string {
	var out []string
	for _, slot := range s.Seen.Slots() {
		if slot.Zone != "" {
			out = append(out, slot.Zone)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// clients returns the live members that neither are servers nor have the right to be. A
// server that has not found its cluster yet beats under agents/ alone (R31), and holds
// its slot.
func (s Status) clients() []registry.Member {
	held := s.Seen.HeldServers(s.Expiry)
	return slices.DeleteFunc(slices.Clone(s.Seen.Live[registry.Agents]), func(m registry.Member) bool {
		return slices.Contains(held, m.Node)
	})
}

// lastBeat returns a node's newest heartbeat as a server, if it is in the registry.
func (s Status) lastBeat(node string) (time.Time, bool) {
	return s.Seen.Newest(registry.Servers, node)
}
