package members

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"auto-consul/lib/registry"
	"auto-consul/lib/rule"
	"auto-consul/lib/wire"
)

// Document returns the reading as ac-members prints it, of the registry at a URL.
func (o Reading) Document(url string, expiry time.Duration) wire.Members {
	seen := o.Seen()
	d := wire.Members{
		Version: wire.Version, Registry: url, Time: seen.Time,
		ExpirySeconds: int64(expiry / time.Second),
		Servers:       o.members(registry.Servers), Agents: o.members(registry.Agents),
		ServersTotal: len(o.Live[registry.Servers]), AgentsTotal: len(o.Live[registry.Agents]),
		Purged: append([]string{}, o.Purged...), ExpiredTotal: len(o.Expired),
		Ignored: []wire.Ignored{}, Future: future(seen), Roles: []string{}, Cluster: record(seen, expiry),
	}
	if d.Cluster != nil {
		d.Cluster.Time = o.Cluster.Time
	}
	for role := range o.Live {
		d.Roles = append(d.Roles, string(role))
	}
	slices.Sort(d.Roles)
	for _, i := range o.Ignored {
		d.Ignored = append(d.Ignored, wire.Ignored(i))
	}
	if n := o.ConsulSnapshot; n != nil {
		d.Snapshot = &wire.Snapshot{Key: n.Key(), Time: n.Time, Size: n.Size}
	}
	return d
}

// Lines returns one line for each member: role, node, address, heartbeat, with tabs
// between them.
func (o Reading) Lines() string {
	var b strings.Builder
	for _, role := range []registry.Role{registry.Servers, registry.Agents} {
		for _, m := range o.members(role) {
			fmt.Fprintf(&b, "%s\t%s\t%s\t%s\n", role, m.Node, m.Address, m.Heartbeat.Format(time.RFC3339))
		}
	}
	return b.String()
}

func (o Reading) members(role registry.Role) []wire.Member {
	out := []wire.Member{}
	for _, m := range o.Joinable(role) {
		out = append(out, wire.Member{
			Node: m.Node, Address: m.Address, Heartbeat: m.Heartbeat, Oldest: m.Oldest,
			Future: m.Ahead, AgeSeconds: max(0, int64(o.Time.Sub(m.Heartbeat)/time.Second)),
		})
	}
	slices.SortFunc(out, func(a, b wire.Member) int {
		return cmp.Or(a.Heartbeat.Compare(b.Heartbeat), strings.Compare(a.Node, b.Node))
	})
	return out
}

// future returns what is dated in the future (R53).
func future(seen rule.Observation) []wire.Future {
	var out []wire.Future
	for _, t := range seen.Ahead() {
		out = append(out, wire.Future{Key: t.Key, What: t.What, Time: t.Time, AheadSeconds: int64(t.Time.Sub(seen.Time) / time.Second)})
	}
	return out
}

// record returns the cluster record's part of the document; nil where there is none.
func record(seen rule.Observation, expiry time.Duration) *wire.Cluster {
	rec := seen.Record
	if rec == nil {
		return nil
	}
	c := &wire.Cluster{
		ClusterID: rec.ClusterID, Generation: rec.Bootstrap.Term, State: string(rec.State), ETag: seen.ETag,
		Bootstrap: rec.Bootstrap.Node, Desired: rec.Desired, Servers: []wire.Slot{}, Vacant: vacant(seen, expiry), Record: seen.Raw,
	}
	for _, slot := range rec.Servers {
		c.Servers = append(c.Servers, wire.Slot{Node: slot.Node, Address: slot.Address, Since: slot.Since, Promoted: slot.Promoted, Zone: slot.Zone})
	}
	if l := rec.Leaving; l != nil {
		c.Leaving = &wire.Leaving{Node: l.Node, Since: l.Since}
	}
	slices.SortFunc(c.Servers, func(a, b wire.Slot) int { return strings.Compare(a.Node, b.Node) })
	return c
}

// vacant returns the slots that are not held, nil where that is not known because the
// heartbeats of servers were not read.
func vacant(seen rule.Observation, expiry time.Duration) []wire.Vacant {
	if _, read := seen.Live[registry.Servers]; !read {
		return nil
	}
	out := []wire.Vacant{}
	for _, slot := range seen.Vacant(expiry) {
		v := wire.Vacant{Node: slot.Node}
		if last, ok := seen.Newest(registry.Servers, slot.Node); ok {
			v.LastHeartbeat = &last
		}
		out = append(out, v)
	}
	return out
}
