package members

import (
	"errors"
	"fmt"

	"auto-consul/lib/registry"
	"auto-consul/lib/rule"
	"auto-consul/lib/wire"
)

// Observation returns what a document shows as the rules see it, and nil if the document
// was limited to fewer servers than there are: that is too little to decide by. The document
// may come from anywhere, so its members are checked like the store's.
func Observation(d wire.Members) (*rule.Observation, error) {
	if d.Roles != nil && len(d.Roles) < 2 {
		return nil, fmt.Errorf("the ac-members document shows %v only: a decision wants -role all", d.Roles)
	}
	seen := &rule.Observation{Snapshot: registry.Snapshot{
		Time: d.Time.UTC(), Live: map[registry.Role][]registry.Member{}, Expired: d.Purged,
	}}
	if d.ExpiredTotal > len(d.Purged) {
		seen.Expired = append(seen.Expired, "") // that there are any is what counts
	}
	for role, list := range map[registry.Role][]wire.Member{registry.Servers: d.Servers, registry.Agents: d.Agents} {
		live, err := liveOf(list)
		if err != nil {
			return nil, err
		}
		seen.Live[role] = live
	}
	if d.AgentsTotal > len(d.Agents) {
		seen.More = []registry.Role{registry.Agents} // which are the freshest is not known (R26)
	}
	if err := addRecord(seen, d.Cluster); err != nil {
		return nil, fmt.Errorf("bad cluster in the ac-members document: %w", err)
	}
	if d.ServersTotal > len(d.Servers) {
		return nil, nil
	}
	return seen, nil
}

// liveOf returns the members of a role, sorted as the registry sorts them.
func liveOf(list []wire.Member) (live []registry.Member, err error) {
	for _, m := range list {
		if err := errors.Join(registry.CheckNode(m.Node), registry.CheckAddress(m.Address)); err != nil {
			return nil, fmt.Errorf("bad member in the ac-members document: %w", err)
		}
		if m.Oldest.IsZero() {
			m.Oldest = m.Heartbeat
		}
		live = append(live, registry.Member{
			Node: m.Node, Address: m.Address, Heartbeat: m.Heartbeat, Oldest: m.Oldest, Ahead: m.Future,
		})
	}
	registry.SortMembers(live)
	return live, nil
}

// addRecord adds the cluster record, if there is one.
func addRecord(seen *rule.Observation, c *wire.Cluster) error {
	if c == nil {
		return nil
	}
	rec, err := rule.DecodeRecord(c.Record)
	switch {
	case err != nil:
		return err
	case c.ETag == "":
		return errors.New("etag is missing")
	}
	seen.Record, seen.ETag = &rec, c.ETag
	if !c.Time.IsZero() {
		seen.Horizon = new(registry.Registry).Horizon(c.Time.UTC())
	}
	return nil
}
