package wire_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"auto-consul/lib/wire"
)

var at = time.Date(2026, 11, 23, 1, 16, 10, 0, time.UTC)

func members() wire.Members {
	return wire.Members{
		Version: wire.Version, Registry: "s3://my-bucket/consul", Time: at, ExpirySeconds: 120,
		Roles: []string{"agents", "servers"},
		Servers: []wire.Member{{
			Node: "server1", Address: "192.168.50.100",
			Heartbeat: at.Add(-22 * time.Second), Oldest: at.Add(-82 * time.Second), AgeSeconds: 22,
		}},
		Agents: []wire.Member{}, ServersTotal: 1,
		Purged:       []string{"servers/20261123011310-server1"},
		ExpiredTotal: 1,
		Ignored:      []wire.Ignored{{Key: "servers/x", Reason: "not a heartbeat"}},
	}
}

const membersText = `{"version":1,"registry":"s3://my-bucket/consul","time":"2026-11-23T01:16:10Z","expiry_seconds":120,"roles":["agents","servers"],` +
	`"servers":[{"node":"server1","address":"192.168.50.100","heartbeat":"2026-11-23T01:15:48Z","oldest":"2026-11-23T01:14:48Z","age_seconds":22}],` +
	`"agents":[],"servers_total":1,"agents_total":0,"purged":["servers/20261123011310-server1"],"expired_total":1,` +
	`"ignored":[{"key":"servers/x","reason":"not a heartbeat"}]}`

// sampled is the document where only some clients beat.
func sampled() wire.Members {
	m := members()
	m.Sampled = 100
	return m
}

// withCluster is the document where there is a cluster record.
func withCluster() wire.Members {
	m := members()
	m.Cluster = &wire.Cluster{
		ClusterID: "c1", Generation: 2, State: "established", ETag: `"e"`, Bootstrap: "server1", Desired: 3,
		Servers: []wire.Slot{{Node: "server1", Address: "192.168.50.100", Since: at}},
		Record:  json.RawMessage(`{"version":1}`),
	}
	return m
}

// withVacancies is the document where two servers are silent.
func withVacancies(vacant ...wire.Vacant) wire.Members {
	m := withCluster()
	m.Cluster.Vacant = vacant
	return m
}

const vacantText = `"vacant":[{"node":"server2","last_heartbeat":"2026-11-23T01:16:10Z"},{"node":"server3","last_heartbeat":null}],`

// withChanges is the document where a client has claimed a place, and a server steps down.
func withChanges() wire.Members {
	m := withCluster()
	m.Cluster.Servers[0].Promoted = at
	m.Cluster.Leaving = &wire.Leaving{Node: "server4", Since: at}
	return m
}

var changesText = strings.Replace(clusterText,
	`"}],"record"`, `","promoted":"2026-11-23T01:16:10Z"}],"leaving":{"node":"server4","since":"2026-11-23T01:16:10Z"},"record"`, 1)

const clusterText = `"cluster":{"cluster_id":"c1","generation":2,"state":"established","etag":"\"e\"","bootstrap":"server1",` +
	`"desired_servers":3,"servers":[{"node":"server1","address":"192.168.50.100","since":"2026-11-23T01:16:10Z"}],` +
	`"record":{"version":1}}`

func decision() wire.Decision {
	return wire.Decision{
		Version: wire.Version, Mode: wire.Server, Bootstrap: true, Join: []string{},
		Node: "server1", Address: "192.168.50.100", Registry: "s3://my-bucket/consul",
		ClusterID: "c1", Generation: 1, Incarnation: "i1", Reason: "no live servers",
		Evidence: []string{"server0 is silent"}, ExpirySeconds: 120, DesiredServers: 1,
		HeldServers: []string{"server1"}, DecidedAt: at,
	}
}

const decisionText = `{"version":1,"mode":"server","bootstrap":true,"bootstrap_expect":0,"join":[],"node":"server1",` +
	`"address":"192.168.50.100","registry":"s3://my-bucket/consul","cluster_id":"c1","generation":1,"incarnation":"i1",` +
	`"reason":"no live servers","evidence":["server0 is silent"],"expiry_seconds":120,"desired_servers":1,"held_servers":["server1"],"decided_at":"2026-11-23T01:16:10Z"}`

const plainText = `{"version":1,"mode":"agent","bootstrap":false,"bootstrap_expect":0,"join":["192.0.2.1"],"node":"n",` +
	`"address":"192.0.2.2","registry":"file:///r","reason":"1 live servers, 1 desired","evidence":[],` +
	`"expiry_seconds":60,"desired_servers":1,"held_servers":[],"decided_at":"2026-11-23T01:16:10Z"}`

// Scripts in the field read these, byte for byte.
func TestDocuments(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		doc  any
		want string
	}{
		{"members", members(), membersText},
		{"members of a sample", sampled(), strings.Replace(membersText, `"purged"`, `"sampled":100,"purged"`, 1)},
		{"members with a cluster", withCluster(), withKey(membersText, clusterText)},
		{
			"members with vacant slots", withVacancies(wire.Vacant{Node: "server2", LastHeartbeat: &at}, wire.Vacant{Node: "server3"}),
			withKey(membersText, strings.Replace(clusterText, `"record"`, vacantText+`"record"`, 1)),
		},
		{
			"members with no vacant slot", withVacancies([]wire.Vacant{}...),
			withKey(membersText, strings.Replace(clusterText, `"record"`, `"vacant":[],"record"`, 1)),
		},
		{"members with changes of role", withChanges(), withKey(membersText, changesText)},
		{"decision", decision(), decisionText},
		{"decision of the plain rule", wire.Decision{
			Version: wire.Version, Mode: wire.Agent, Join: []string{"192.0.2.1"}, Node: "n", Address: "192.0.2.2",
			Registry: "file:///r", Reason: "1 live servers, 1 desired", Evidence: []string{}, ExpirySeconds: 60, DesiredServers: 1, HeldServers: []string{},
			DecidedAt: at,
		}, plainText},
		{"beat", wire.Beat{
			Version: wire.Version, Node: "server1", Address: "192.168.50.100", Role: wire.Server, Time: at,
			Keys: []string{"agents/20261123011610-server1", "servers/20261123011610-server1"},
		}, `{"version":1,"node":"server1","address":"192.168.50.100","role":"server","time":"2026-11-23T01:16:10Z",` +
			`"keys":["agents/20261123011610-server1","servers/20261123011610-server1"]}`},
		{
			"command",
			wire.Command{Version: wire.Version, Argv: []string{"consul", "agent"}},
			`{"version":1,"argv":["consul","agent"]}`,
		},
		{
			"kept",
			wire.Kept{Version: wire.Version, Mode: wire.Agent, DataDir: "/d"},
			`{"version":1,"mode":"agent","data_dir":"/d"}`,
		},
		{
			"left",
			wire.Left{Version: wire.Version, Node: "a", Removed: []string{"agents/20261123011610-a"}, Slot: true},
			`{"version":1,"node":"a","removed":["agents/20261123011610-a"],"slot":true}`,
		},
		{
			"recovered",
			wire.Recovered{Version: wire.Version, Winner: "a", ClusterID: "c", Generation: 2},
			`{"version":1,"winner":"a","cluster_id":"c","generation":2}`,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := json.Marshal(tt.doc)
			if err != nil || string(got) != tt.want {
				t.Errorf("got %s, %v\nwant %s", got, err, tt.want)
			}
		})
	}
}

func TestReadMembers(t *testing.T) {
	t.Parallel()
	for _, text := range []string{membersText, " \n" + membersText + "\n", withKey(membersText, `"later":{"version":2}`)} {
		got, err := wire.ReadMembers(strings.NewReader(text))
		if want := members(); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v, %v\nwant %+v", got, err, want)
		}
	}
}

func TestReadMembersCluster(t *testing.T) {
	t.Parallel()
	got, err := wire.ReadMembers(strings.NewReader(withKey(membersText, clusterText)))
	if want := withCluster(); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v\nwant %+v", got, err, want)
	}
}

func TestReadDecision(t *testing.T) {
	t.Parallel()
	for _, text := range []string{decisionText, decisionText + "\n\n", withKey(decisionText, `"later":[]`)} {
		got, err := wire.ReadDecision(strings.NewReader(text))
		if want := decision(); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v, %v\nwant %+v", got, err, want)
		}
	}
}

// withKey adds a key to a document.
func withKey(text, key string) string { return strings.TrimSuffix(text, "}") + "," + key + "}" }
