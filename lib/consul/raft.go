package consul

import (
	"context"
	"errors"
	"fmt"
	"regexp"

	"github.com/hashicorp/consul/api"

	"auto-consul/lib/node"
)

// Peers returns the raft configuration. With ACLs it needs operator:read. Without
// a leader it is an error, which may be [node.ErrNoAnswer].
func (a *Agent) Peers(ctx context.Context) ([]node.Peer, error) {
	limited, cancel := context.WithTimeout(ctx, a.patience)
	defer cancel()
	raft, err := a.client.Operator().RaftGetConfiguration(new(api.QueryOptions).WithContext(limited))
	if err != nil {
		return nil, fmt.Errorf("ask for the raft peers: %w", classify(ctx, "operator:read", err))
	}
	var out []node.Peer
	for _, s := range raft.Servers {
		out = append(out, node.Peer{Node: s.Node, Voter: s.Voter})
	}
	return out, nil
}

// OwnPeers returns the raft configuration as this agent's own server has it, which may be
// a moment older than the leader's. With ACLs it needs agent:read and node:read.
func (a *Agent) OwnPeers(ctx context.Context) ([]node.Peer, error) {
	self, err := a.self(ctx)
	if err != nil {
		return nil, err
	}
	members, err := a.members(ctx)
	if err != nil {
		return nil, fmt.Errorf("ask for the members: %w", classify(ctx, "node:read", err))
	}
	names := map[string]string{}
	for _, m := range members {
		names[m.Tags["id"]] = m.Name
	}
	var out []node.Peer
	for _, s := range peerPattern.FindAllStringSubmatch(self.Stats.Raft.LatestConfiguration, -1) {
		name := names[s[2]]
		if name == "" {
			return nil, fmt.Errorf("ask for the members: %w", classify(ctx, "node:read", leftOut("none has the raft peer's id "+s[2])))
		}
		out = append(out, node.Peer{Node: name, Voter: s[1] == "Voter"})
	}
	if len(out) == 0 {
		return nil, errors.New("ask for the raft peers: this agent knows none")
	}
	return out, nil
}

// peerPattern is a server in what Consul prints of its raft configuration:
// [{Suffrage:Voter ID:… Address:…} {Suffrage:Nonvoter ID:… Address:…}].
var peerPattern = regexp.MustCompile(`\{Suffrage:(\w+) ID:(\S+) Address:`)

// Leader returns the address of the raft leader, empty if there is none.
func (a *Agent) Leader(ctx context.Context) (string, error) {
	limited, cancel := context.WithTimeout(ctx, a.patience)
	defer cancel()
	leader, err := a.client.Status().LeaderWithQueryOptions(new(api.QueryOptions).WithContext(limited))
	if err != nil {
		return "", fmt.Errorf("ask for the leader: %w", classify(ctx, "agent:read", err))
	}
	return leader, nil
}

// Leave makes the agent leave its cluster gracefully and end. With ACLs it needs
// agent:write.
func (a *Agent) Leave(ctx context.Context) error {
	// A server drains for some seconds before it answers.
	if _, err := a.client.Raw().Write("/v1/agent/leave", nil, nil, new(api.WriteOptions).WithContext(ctx)); err != nil {
		return fmt.Errorf("leave: %w", classify(ctx, "agent:write", err))
	}
	return nil
}
