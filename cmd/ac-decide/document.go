package main

import (
	"errors"
	"fmt"
	"time"

	"auto-consul/lib/cli"
	"auto-consul/lib/registry"
	"auto-consul/lib/rule"
	"auto-consul/lib/wire"
)

// input returns the registry that is given by its URL, or the one that an ac-members
// document on standard input names, with the observation that the document is.
func (p *program) input(s cli.Streams) (registry.Location, time.Duration, *rule.Observation, error) {
	if p.url != "" {
		return p.at, p.expiry, nil, nil
	}
	d, err := wire.ReadMembers(s.In)
	if errors.Is(err, wire.ErrEmpty) {
		err = fmt.Errorf("no -registry, and %w", err)
	}
	if err != nil {
		return p.at, 0, nil, err
	}
	at, err := registry.ParseLocation(d.Registry)
	if err != nil {
		return at, 0, nil, err
	}
	seen, err := fromDocument(d)
	if err == nil && d.ServersTotal > len(d.Servers) {
		seen = nil // it was limited and shows too little: observe anew
	}
	return at, time.Duration(d.ExpirySeconds) * time.Second, seen, err
}

// fromDocument returns the observation that an ac-members document shows. The
// document may come from anywhere, so its members are checked like the store's.
func fromDocument(d wire.Members) (*rule.Observation, error) {
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
		for _, m := range list {
			if err := cli.Problems(registry.CheckNode(m.Node), registry.CheckAddress(m.Address)); err != nil {
				return nil, fmt.Errorf("bad member in the ac-members document: %w", err)
			}
			if m.Oldest.IsZero() {
				m.Oldest = m.Heartbeat
			}
			seen.Live[role] = append(seen.Live[role], registry.Member{
				Node: m.Node, Address: m.Address, Heartbeat: m.Heartbeat, Oldest: m.Oldest, Ahead: m.Future,
			})
		}
		registry.SortMembers(seen.Live[role])
	}
	if d.AgentsTotal > len(d.Agents) {
		seen.More = []registry.Role{registry.Agents} // which are the freshest is not known (R26)
	}
	if d.Cluster == nil {
		return seen, nil
	}
	rec, err := rule.DecodeRecord(d.Cluster.Record)
	if err != nil {
		return nil, fmt.Errorf("bad cluster in the ac-members document: %w", err)
	}
	seen.Record, seen.ETag = &rec, d.Cluster.ETag
	if !d.Cluster.Time.IsZero() {
		seen.Horizon = new(registry.Registry).Horizon(d.Cluster.Time.UTC())
	}
	if seen.ETag == "" {
		return nil, fmt.Errorf("bad cluster in the ac-members document: etag is missing")
	}
	return seen, nil
}
