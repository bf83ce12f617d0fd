package status

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"auto-consul/lib/rule"
)

// Metrics returns the status in Prometheus' text format, for the textfile collector of
// the node exporter. What is not known has no line, such as the desired number where
// there is no record.
func (s Status) Metrics() string {
	var b strings.Builder
	rec := s.Seen.Record
	gauge(&b, "record", "Whether the registry holds a cluster record.", truth(rec != nil))
	gauge(&b, "record_established", "Whether the cluster record says that there was a leader.",
		truth(rec != nil && rec.State == rule.Established))
	if rec != nil {
		gauge(&b, "servers_desired", "How many servers there should be, by the cluster record.", rec.Desired)
		gauge(&b, "changes_under_way", "Clients that have claimed a place and do not vote yet, and servers that step down.",
			s.changesUnderWay(*rec))
	}
	gauge(&b, "servers_held", "Nodes whose place as a server is held, and live servers without a place.",
		len(s.Seen.HeldServers(s.Expiry)))
	s.zoneServers(&b)
	gauge(&b, "servers_live", "Nodes with a live heartbeat as a server.", len(s.liveServers()))
	gauge(&b, "clients_live", "Nodes with a live heartbeat that are no servers.", len(s.clients()))
	if s.Sample > 0 {
		gauge(&b, "clients_sample", "About how many clients have a live heartbeat at a time where there are more of them.", s.Sample)
	}
	gauge(&b, "keys_ignored", "Keys under servers/ and agents/ that do not count as heartbeats.", len(s.Seen.Ignored))
	gauge(&b, "times_in_future", "Heartbeats and times of the cluster record that lie in the future, because the store's clock was set back.", len(s.Seen.Ahead()))
	s.heartbeatAges(&b)
	if snap := s.Snapshot; snap != nil {
		gauge(&b, "snapshot_age_seconds", "Age of the newest snapshot of Consul's state, by the store's clock.",
			max(0, int(s.Seen.Time.Sub(snap.Time)/time.Second)))
		gauge(&b, "snapshot_size_bytes", "Size of the newest snapshot of Consul's state.", int(snap.Size))
	}
	return b.String()
}

// zoneServers writes how many places are held in each zone that a place names: 0 in one
// whose servers are all silent.
func (s Status) zoneServers(b *strings.Builder) {
	const name = "zone_servers_held"
	for i, zone := range s.zones() {
		if i == 0 {
			describe(b, name, "Places that are held by nodes of a zone.")
		}
		held := 0
		for _, slot := range s.Seen.Slots() {
			if slot.Zone == zone && s.Seen.Held(slot, s.Expiry) {
				held++
			}
		}
		fmt.Fprintf(b, "%s%s{zone=\"%s\"} %d\n", prefix, name, escape(zone), held)
	}
}

// heartbeatAges writes the age of the newest heartbeat of each server, also of a silent
// one as long as its heartbeat is in the registry. One from the future is no second old.
func (s Status) heartbeatAges(b *strings.Builder) {
	var nodes []string
	for _, slot := range s.Seen.Slots() {
		nodes = append(nodes, slot.Node)
	}
	for _, m := range s.liveServers() {
		nodes = append(nodes, m.Node)
	}
	slices.Sort(nodes)
	const name = "server_heartbeat_age_seconds"
	described := false
	for _, node := range slices.Compact(nodes) {
		at, ok := s.lastBeat(node)
		if !ok {
			continue
		}
		if !described {
			describe(b, name, "Age of a server's newest heartbeat, by the store's clock.")
			described = true
		}
		age := max(0, int64(s.Seen.Time.Sub(at)/time.Second))
		fmt.Fprintf(b, "%s%s{node=\"%s\"} %d\n", prefix, name, escape(node), age)
	}
}

// prefix begins the name of each metric.
const prefix = "auto_consul_"

// gauge writes a metric that has one value.
func gauge(b *strings.Builder, name, help string, value int) {
	describe(b, name, help)
	fmt.Fprintf(b, "%s%s %d\n", prefix, name, value)
}

func describe(b *strings.Builder, name, help string) {
	fmt.Fprintf(b, "# HELP %s%s %s\n# TYPE %s%s gauge\n", prefix, name, help, prefix, name)
}

// truth returns 1 for true and 0 for false.
func truth(is bool) int {
	if is {
		return 1
	}
	return 0
}

// escape returns the value of a label as it stands between quotes.
func escape(value string) string {
	return strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(value)
}
