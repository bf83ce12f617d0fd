package main

import (
	"fmt"

	"auto-consul/lib/claim"
	"auto-consul/lib/cli"
	"auto-consul/lib/registry"
	"auto-consul/lib/wire"
)

// fromDocument is the look that an ac-members document shows. The document may
// come from anywhere, so its members are checked like the store's.
func fromDocument(d wire.Members) (*claim.Look, error) {
	if d.Roles != nil && len(d.Roles) < 2 {
		return nil, fmt.Errorf("the ac-members document shows %v only: a decision wants -role all", d.Roles)
	}
	look := &claim.Look{Snapshot: registry.Snapshot{
		Time: d.Time.UTC(), Live: map[registry.Role][]registry.Member{}, Expired: d.Purged,
	}}
	if d.ExpiredTotal > len(d.Purged) {
		look.Expired = append(look.Expired, "") // that there are any is what counts
	}
	for role, list := range map[registry.Role][]wire.Member{registry.Servers: d.Servers, registry.Agents: d.Agents} {
		for _, m := range list {
			if err := cli.Problems(registry.CheckNode(m.Node), registry.CheckAddress(m.Address)); err != nil {
				return nil, fmt.Errorf("bad member in the ac-members document: %w", err)
			}
			if m.Oldest.IsZero() {
				m.Oldest = m.Heartbeat
			}
			look.Live[role] = append(look.Live[role], registry.Member{
				Node: m.Node, Address: m.Address, Heartbeat: m.Heartbeat, Oldest: m.Oldest,
			})
		}
		registry.SortMembers(look.Live[role])
	}
	if d.Cluster == nil {
		return look, nil
	}
	rec, err := claim.DecodeRecord(d.Cluster.Record)
	if err != nil {
		return nil, fmt.Errorf("bad cluster in the ac-members document: %w", err)
	}
	look.Record, look.ETag = &rec, d.Cluster.ETag
	if look.ETag == "" {
		return nil, fmt.Errorf("bad cluster in the ac-members document: etag is missing")
	}
	return look, nil
}
