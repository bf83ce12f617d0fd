package consul

import (
	"fmt"
	"testing"
)

// votingSelf is the part of what a server of Consul 1.22.3 says of itself that has to do
// with its vote.
const votingSelf = `{"Config":{"Datacenter":"dc1","NodeName":"s2","NodeID":%q,"Server":%t,"Version":"1.22.3"},"Member":{"Name":"s2","Addr":"127.0.7.3"},
	"Stats":{"consul":{"acl":"disabled","bootstrap":"false","leader":"false","leader_addr":"127.0.7.1:8300","known_servers":"2","server":"true"},
	"raft":{"last_log_index":"52","latest_configuration":%q,"latest_configuration_index":"0","num_peers":"0","state":"Follower","term":"2"},
	"serf_lan":{"members":"3"}}}`

// twoVoters is a raft configuration that such a server showed.
const twoVoters = `[{Suffrage:Voter ID:213fafe3-4e40-fdd4-0335-29f2a8e49929 Address:127.0.7.1:8300} {Suffrage:Voter ID:ed93a8f3-6efd-c1b9-d8ac-930a33b50791 Address:127.0.7.2:8300} {Suffrage:Nonvoter ID:abb8730e-c964-9c10-48d1-bc123ebccfba Address:127.0.7.3:8300}]`

func TestVoter(t *testing.T) {
	t.Parallel()
	const first, second, third = "213fafe3-4e40-fdd4-0335-29f2a8e49929", "ed93a8f3-6efd-c1b9-d8ac-930a33b50791", "abb8730e-c964-9c10-48d1-bc123ebccfba"
	for _, test := range []struct {
		name, id, configuration string
		server, want            bool
	}{
		{"the first", first, twoVoters, true, true},
		{"the second", second, twoVoters, true, true},
		{"no vote yet", third, twoVoters, true, false},
		{"not a peer", "b1f1ab1e-0000-4000-8000-000000000000", twoVoters, true, false},
		{"the beginning of an id", first[:8], twoVoters, true, false},
		{"the end of an id", first[24:], twoVoters, true, false},
		{"no id", "", twoVoters, true, false},
		{"no cluster", first, "[]", true, false},
		{"not known", first, "", true, false},
		{"a client", first, twoVoters, false, false},
		{"IPv6", first, "[{Suffrage:Voter ID:" + first + " Address:[2001:db8::7]:8300}]", true, true},
	} {
		got, err := askingSelf(t, 200, fmt.Sprintf(votingSelf, test.id, test.server, test.configuration)).Status(t.Context())
		if err != nil || got.Voter != test.want {
			t.Errorf("%s: got %t, %v, want %t", test.name, got.Voter, err, test.want)
		}
	}
}
