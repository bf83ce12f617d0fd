package main

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"auto-consul/lib/cli"
	"auto-consul/lib/registry"
	"auto-consul/lib/rule"
	"auto-consul/lib/status"
	"auto-consul/lib/wire"
)

// checkFormat returns what is wrong with the format, by itself or with other flags.
func (p *program) checkFormat() error {
	switch {
	case (p.format == "table" || p.format == "prometheus") && p.role != "all":
		return fmt.Errorf("-format %s wants -role all: it shows servers and clients", p.format)
	case p.format == "prometheus" && p.watch > 0:
		return errors.New("-format prometheus cannot be used with -watch: a file of metrics is written as a whole")
	}
	return cli.OneOf("format", p.format, "json", "tsv", "table", "prometheus")
}

func (p *program) print(s cli.Streams, o observation) error {
	shown := status.Status{
		Registry: p.at.String(), Seen: o.seen(), Expiry: p.expiry, Purged: len(o.purged), Sample: p.sample,
		Snapshot: o.snapshot, NoSnapshot: p.snapshotWords(o),
	}
	var text string
	switch p.format {
	case "tsv":
		text = o.lines()
	case "table":
		text = shown.Table()
	case "prometheus":
		return s.PrintText(shown.Metrics())
	default:
		d := o.document(p.at, p.expiry)
		d.Sampled = p.sample
		return s.Print(d)
	}
	if p.watch > 0 {
		text += "\n" // an empty line ends each table of a stream
	}
	return s.PrintText(text)
}

// document translates what was read into the document that is printed.
func (o observation) document(at registry.Location, expiry time.Duration) wire.Members {
	seen := o.seen()
	d := wire.Members{
		Version: wire.Version, Registry: at.String(), Time: seen.Time,
		ExpirySeconds: int64(expiry / time.Second),
		Servers:       o.members(registry.Servers), Agents: o.members(registry.Agents),
		ServersTotal: len(o.Live[registry.Servers]), AgentsTotal: len(o.Live[registry.Agents]),
		Purged: append([]string{}, o.purged...), ExpiredTotal: len(o.Expired),
		Ignored: []wire.Ignored{}, Future: future(seen), Roles: []string{}, Cluster: record(seen, expiry), Snapshot: o.shownSnapshot(),
	}
	if d.Cluster != nil {
		d.Cluster.Time = o.cluster.Time
	}
	for role := range o.Live {
		d.Roles = append(d.Roles, string(role))
	}
	slices.Sort(d.Roles)
	for _, i := range o.Ignored {
		d.Ignored = append(d.Ignored, wire.Ignored(i))
	}
	return d
}

// future returns what is dated in the future (R53).
func future(seen rule.Observation) []wire.Future {
	var out []wire.Future
	for _, t := range seen.Ahead() {
		out = append(out, wire.Future{Key: t.Key, What: t.What, Time: t.Time, AheadSeconds: int64(t.Time.Sub(seen.Time) / time.Second)})
	}
	return out
}

// seen returns record and heartbeats as the rules see them, as of the earlier of both:
// who has beaten between the two must not look silent (R5).
func (o observation) seen() rule.Observation {
	if len(o.Live) == 0 {
		return o.cluster
	}
	return o.cluster.WithHeartbeats(o.Snapshot)
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

func (o observation) members(role registry.Role) []wire.Member {
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

// lines returns one line for each member: role, node, address, heartbeat.
func (o observation) lines() string {
	var b strings.Builder
	for _, role := range []registry.Role{registry.Servers, registry.Agents} {
		for _, m := range o.members(role) {
			fmt.Fprintf(&b, "%s\t%s\t%s\t%s\n", role, m.Node, m.Address, m.Heartbeat.Format(time.RFC3339))
		}
	}
	return b.String()
}

// roster returns the membership in a form that can be compared: the record, which of
// its slots are vacant, the nodes and, where all addresses were read, where they are.
func (p *program) roster(o observation) []string {
	out := []string{o.cluster.ETag}
	for _, v := range vacant(o.seen(), p.expiry) {
		out = append(out, "vacant "+v.Node)
	}
	for role, live := range o.Live {
		for _, m := range live {
			line := string(role) + " " + m.Node
			if p.limit == 0 {
				line += " " + m.Address
			}
			out = append(out, line)
		}
	}
	slices.Sort(out)
	return out
}
