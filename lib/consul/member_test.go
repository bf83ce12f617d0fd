package consul

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"auto-consul/lib/node"
)

// knowing is what an agent says of itself that knows so many members.
func knowing(members string) string {
	return strings.Replace(clientSelf, `"members":"4"`, `"members":"`+members+`"`, 1)
}

// mixedMembers is what Consul 1.22.3 answers, without what nobody reads here: two servers
// are alive, one has failed and one has left, and there are two clients.
const mixedMembers = `[
{"Name":"c","Addr":"127.0.7.2","Port":8301,"Tags":{"build":"1.22.3:","dc":"dc1","id":"ed93a8f3-6efd-c1b9-d8ac-930a33b50791","role":"node","segment":"","vsn":"2","vsn_max":"3","vsn_min":"2"},"Status":1},
{"Name":"s2","Addr":"127.0.7.3","Port":8301,"Tags":{"acls":"0","build":"1.22.3:","dc":"dc1","port":"8300","raft_vsn":"3","role":"consul","segment":"","vsn":"2"},"Status":1},
{"Name":"s1","Addr":"127.0.7.1","Port":8301,"Tags":{"acls":"0","bootstrap":"1","build":"1.22.3:","dc":"dc1","port":"8300","raft_vsn":"3","role":"consul","segment":"","vsn":"2"},"Status":1},
{"Name":"s3","Addr":"127.0.7.4","Port":8301,"Tags":{"dc":"dc1","port":"8300","role":"consul"},"Status":4},
{"Name":"s4","Addr":"127.0.7.5","Port":8301,"Tags":{"dc":"dc1","port":"8300","role":"consul"},"Status":3},
{"Name":"d","Addr":"127.0.7.6","Port":8301,"Tags":{"dc":"dc1","role":"node"},"Status":4}]`

func TestServers(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		self, members string
		want          []string
	}{
		"two of four":        {knowing("6"), mixedMembers, []string{"s1", "s2"}},
		"one came meanwhile": {knowing("5"), mixedMembers, []string{"s1", "s2"}},
		"clients alone":      {strings.Replace(knowing("1"), `"3"`, `"0"`, 1), `[{"Name":"c","Tags":{"role":"node"},"Status":1}]`, nil},
	} {
		agent, fake := asking(t, map[string]string{"self": test.self, "members": test.members})
		if got, err := agent.Servers(t.Context()); err != nil || !slices.Equal(got, test.want) {
			t.Errorf("%s: got %v, %v, want %v", name, got, err, test.want)
		}
		// The other way round, who came between the two questions would look left out.
		if want := []string{"GET /v1/agent/self", "GET /v1/agent/members"}; !slices.Equal(fake.Requests(), want) {
			t.Errorf("%s: sent %v, want %v", name, fake.Requests(), want)
		}
	}
}

// A client counts for ever who was a server and is a client now without having failed in
// between: its gossip counts. Where that cannot be asked, what the client says has to do.
func TestStatusCountsServersByGossip(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		self    string
		answers map[string]string // to the question for members
		want    int
	}{
		"one is a client now":   {knowing("6"), map[string]string{"members": mixedMembers}, 2},
		"it knows fewer":        {strings.Replace(knowing("6"), `"3"`, `"1"`, 1), map[string]string{"members": mixedMembers}, 1},
		"it knows none":         {strings.Replace(knowing("6"), `"3"`, `"0"`, 1), map[string]string{"members": mixedMembers}, 0},
		"no server is shown":    {knowing("6"), map[string]string{"members": `[{"Name":"c","Tags":{"role":"node"},"Status":1}]`}, 3},
		"members are denied":    {knowing("6"), nil, 3},
		"the answer is no list": {knowing("6"), map[string]string{"members": `{}`}, 3},
	} {
		answers := map[string]string{"self": test.self}
		maps.Copy(answers, test.answers)
		agent, fake := asking(t, answers)
		if got, err := agent.Status(t.Context()); err != nil || got.KnownServers != test.want {
			t.Errorf("%s: got %d servers, %v, want %d", name, got.KnownServers, err, test.want)
		}
		if n, want := fake.Count("GET /v1/agent/members"), min(test.want, 1); n != want {
			t.Errorf("%s: asked for the members %d times, want %d", name, n, want)
		}
	}
}

// An agent shows a token without rights no member, and one that may read its own node
// nobody else. Neither says that no server is alive.
func TestServersLeftOut(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		answers map[string]string
		want    string
	}{
		"all":          {map[string]string{"self": knowing("1"), "members": "[]"}, "node:read: 1 of its 1 members"},
		"all others":   {map[string]string{"self": knowing("6"), "members": `[{"Name":"agent1","Status":1}]`}, "node:read: 5 of its 6 members"},
		"some":         {map[string]string{"self": knowing("7"), "members": mixedMembers}, "node:read: 1 of its 7 members"},
		"denied":       {map[string]string{"self": knowing("6")}, "node:read: Permission denied"},
		"not its self": {map[string]string{"members": mixedMembers}, "agent:read: Permission denied"},
	} {
		agent, _ := asking(t, test.answers)
		got, err := agent.Servers(t.Context())
		if !errors.Is(err, node.ErrNoPermission) || !strings.Contains(err.Error(), test.want) || got != nil {
			t.Errorf("%s: got %v, %v, want the permission %s", name, got, err, test.want)
		}
	}
	gone, fake := asking(t, nil)
	fake.Stop()
	if got, err := gone.Servers(t.Context()); !errors.Is(err, node.ErrNotRunning) {
		t.Errorf("not running: got %v, %v, want %v", got, err, node.ErrNotRunning)
	}
}
