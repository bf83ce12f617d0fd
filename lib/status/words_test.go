package status

import (
	"slices"
	"strings"
	"testing"
	"time"

	"auto-consul/lib/registry"
	"auto-consul/lib/rule"
	"auto-consul/lib/ruletest"
)

// Short names, for the table.
var (
	slot  = ruletest.Slot
	rec   = ruletest.Record
	with  = ruletest.With
	beats = ruletest.Member
)

// quorum makes a record one of a birth by all servers that came of a gathering.
func quorum(r *rule.Record) {
	r.Birth, r.Gather = rule.Quorum, &rule.Gather{Since: ruletest.Epoch.Add(-30 * time.Second), Until: ruletest.Epoch, WaitSeconds: 30}
}

// gather makes a record one of a gathering that ends at a time from now.
func gather(end time.Duration) func(r *rule.Record) {
	return func(r *rule.Record) {
		r.Birth, r.Gather = rule.Auto, &rule.Gather{Since: ruletest.Epoch.Add(end - 30*time.Second), Until: ruletest.Epoch.Add(end), WaitSeconds: 30}
	}
}

const (
	young = 5 * time.Second
	old   = time.Hour
)

// members are those of a list, each with one young heartbeat.
func members(nodes ...int) []registry.Member {
	var out []registry.Member
	for _, n := range nodes {
		out = append(out, beats(n, young))
	}
	return out
}

const (
	clientsDo    = " So may a running client that has found no server: it decides again."
	clientsLater = " A running client that may change its role does once the place has been open for that client's -grace."
	clientsWait  = " A running client does not before the change that is under way is done."
	noHeartbeat  = " is vacant: the registry holds no heartbeat of it as a server."
)

// sentence is what is said of a record and of the servers that are live.
type sentence struct {
	name   string
	record *rule.Record
	live   []registry.Member
	want   []string
}

var sentences = []sentence{
	{
		name: "several servers without a record (R15)", live: members(1, 2),
		want: []string{
			"No cluster record: 2 servers are live. A server that knows its cluster's record writes it back.",
			"A new node whose -servers is 2 or less becomes a client. Another waits until there has been no record for 2m0s, and then writes one for this cluster.",
		},
	},
	{
		name: "the time for a gathering is over (R45)", record: with(rec(rule.Gathering, 3, slot(1, young)), gather(-young)),
		want: []string{"Gathering: 1 of 3 servers is here, and the time for the others ended 5s ago: one of them bootstraps alone."},
	},
	{
		name: "nobody who gathered is left (R45)", record: with(rec(rule.Gathering, 3, slot(1, old)), gather(-old)),
		want: []string{"Gathering: 0 of 3 servers are here, so a new node that starts takes a place, and bootstraps alone if nobody else comes."},
	},
	{
		name: "a slot is older than the gathering (R44)", record: with(rec(rule.Gathering, 3, slot(1, time.Minute), slot(2, young)), gather(young)),
		want: []string{"Gathering: 1 of 3 servers is here, until 2026-01-02T03:04:10Z, in 5s. If all come in time they bootstrap together. Otherwise one of them bootstraps alone, and the others join it."},
	},
	{
		name: "zones have servers (R52)", record: with(rec(rule.Gathering, 3, ruletest.InZone(1, "a", young)), gather(young)),
		want: []string{"Gathering: 1 of 3 servers is here, until 2026-01-02T03:04:10Z, in 5s. If all come in time they bootstrap together. Otherwise one of them bootstraps alone, and the others join it. A node whose zone has a server leaves the places to other zones for half of the gathering at most."},
	},
	{
		name: "a place is free, and others are in zones (R52)", record: rec(rule.Established, 2, ruletest.InZone(1, "a", young)), live: members(1),
		want: []string{"1 of 2 servers is live.", "1 place is free.", "A new node that starts takes a free place at once." + clientsLater + " One whose zone has a server waits up to half of it longer."},
	},
	{
		name: "one server starts (R25)", record: rec(rule.Bootstrapping, 1, slot(1, young)),
		want: []string{"Bootstrapping: s1 starts the cluster. No server has reported a leader yet."},
	},
	{
		name: "one server starts, others join (R25)", record: rec(rule.Bootstrapping, 3, slot(1, young), slot(2, young)),
		want: []string{
			"Bootstrapping: s1 starts the cluster and the other servers join it. No server has reported a leader yet.",
			"1 place is free.", "A new node that starts takes a free place at once." + clientsDo,
		},
	},
	{
		name: "the one that starts is silent (R19)", record: rec(rule.Bootstrapping, 2, slot(1, old), slot(2, young)),
		want: []string{
			"Bootstrapping: s1 starts the cluster and the other servers join it. No server has reported a leader yet.",
			"The place of s1" + noHeartbeat,
			"A new node that starts takes it at once if it finds s1 dead." + clientsDo + " If s1 comes back first, it keeps its place.",
			"s1 is silent: another server of the cluster, or a new node, starts the cluster in its stead if it finds s1 dead.",
		},
	},
	{
		name: "a birth by quorum has lost a server (R46)", record: with(rec(rule.Bootstrapping, 2, slot(1, young), slot(2, old)), quorum),
		want: []string{
			"Bootstrapping: 2 servers start the cluster together. No server has reported a leader yet.",
			"The place of s2" + noHeartbeat,
			"A new node that starts takes it at once if it finds s2 dead." + clientsDo + " If s2 comes back first, it keeps its place.",
			"If nobody takes the place of a server that is dead, the others gather again.",
		},
	},
	{
		name:   "a birth by quorum that never gathered does not gather again (R46)",
		record: with(rec(rule.Bootstrapping, 2, slot(1, young), slot(2, old)), func(r *rule.Record) { r.Birth = rule.Quorum }),
		want: []string{
			"Bootstrapping: 2 servers start the cluster together. No server has reported a leader yet.",
			"The place of s2" + noHeartbeat,
			"A new node that starts takes it at once if it finds s2 dead." + clientsDo + " If s2 comes back first, it keeps its place.",
		},
	},
	{
		name: "the only server", record: rec(rule.Established, 1, slot(1, old)), live: members(1),
		want: []string{"The server is live."},
	},
	{
		name: "a server has time to start (R8)", record: rec(rule.Established, 2, slot(1, old), slot(2, young)), live: members(1),
		want: []string{
			"1 of 2 servers is live.",
			"The place of s2 is kept until 2026-01-02T03:06:00Z, in 1m55s: its server has no live heartbeat yet.",
		},
	},
	{
		name: "no server is live yet", record: rec(rule.Established, 1, slot(1, young)),
		want: []string{
			"The server is not live.",
			"The place of s1 is kept until 2026-01-02T03:06:00Z, in 1m55s: its server has no live heartbeat yet.",
		},
	},
	{
		name: "several are silent (R18)", record: rec(rule.Established, 3, slot(3, old), slot(1, old), slot(2, old)), live: members(1),
		want: []string{
			"1 of 3 servers is live.", "The place of s2" + noHeartbeat, "The place of s3" + noHeartbeat,
			"A new node that starts takes one of them at once if it finds that one's server dead." + clientsLater + " A server that comes back first keeps its place.",
		},
	},
	{
		name: "one is silent, one place is free (R18)", record: rec(rule.Established, 3, slot(1, old), slot(2, old)), live: members(1),
		want: []string{
			"1 of 3 servers is live.", "The place of s2" + noHeartbeat, "1 place is free.",
			"A new node that starts takes a free place at once, or a vacant one if it finds that one's server dead." + clientsLater,
		},
	},
	{
		name: "servers without a place are enough (R17)", record: rec(rule.Established, 2, slot(1, old), slot(2, old)), live: members(1, 7),
		want: []string{
			"All 2 servers are live.", "The place of s2" + noHeartbeat,
			"There are enough other servers, so a new node becomes a client, and no client becomes a server.",
			"s7 has no place, and all are taken. If it may change its role, it steps down and becomes a client, as soon as the server of every place votes and the cluster can spare it.",
		},
	},
	{
		name: "a lost cluster of one server (R20)", record: rec(rule.Established, 1, slot(1, old)),
		want: []string{
			"The server is not live.", "The place of s1" + noHeartbeat,
			"A server that starts again with its data goes on as a server. A new node watches for 2m0s. If it finds nobody at the address of a place then, it restores the newest snapshot, or starts an empty cluster if there is none, unless its -lost-cluster says otherwise.",
		},
	},
}

func TestWords(t *testing.T) {
	t.Parallel()
	for _, tt := range slices.Concat(sentences, changes, recoveries) {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := Status{Expiry: ruletest.Expiry, Seen: rule.Observation{Record: tt.record}}
			s.Seen.Time, s.Seen.Live = ruletest.Epoch, map[registry.Role][]registry.Member{registry.Servers: tt.live}
			if got, want := strings.Join(s.words(), "\n"), strings.Join(tt.want, "\n"); got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}
