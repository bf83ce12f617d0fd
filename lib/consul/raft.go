package consul

import (
	"context"
	"fmt"

	"github.com/hashicorp/consul/api"
)

// Peer is a server of the raft configuration.
type Peer struct {
	Node  string
	Voter bool
	Alive bool // as this agent sees it
}

// serfAlive is a member's status in /v1/agent/members.
const serfAlive = 1

// Peers asks for the raft configuration, and for who of it lives. With ACLs it
// needs operator:read. Without a leader it is an error, which may be [ErrSilent].
func (a *Agent) Peers(ctx context.Context) ([]Peer, error) {
	limited, cancel := context.WithTimeout(ctx, a.patience)
	defer cancel()
	q := new(api.QueryOptions).WithContext(limited)
	raft, err := a.client.Operator().RaftGetConfiguration(q)
	if err != nil {
		return nil, fmt.Errorf("ask for the raft peers: %w", classify(ctx, "operator:read", err))
	}
	var members []api.AgentMember
	if _, err := a.client.Raw().Query("/v1/agent/members", &members, q); err != nil {
		return nil, fmt.Errorf("ask for the members: %w", classify(ctx, "node:read", err))
	}
	alive := map[string]bool{}
	for _, m := range members {
		alive[m.Name] = m.Status == serfAlive
	}
	var out []Peer
	for _, s := range raft.Servers {
		out = append(out, Peer{Node: s.Node, Voter: s.Voter, Alive: alive[s.Node]})
	}
	return out, nil
}

// KeepQuorum reports whether more than half of the voters that are left live
// once a node has left.
func KeepQuorum(peers []Peer, leaving string) bool {
	voters, alive := 0, 0
	for _, p := range peers {
		if p.Voter && p.Node != leaving {
			voters++
			if p.Alive {
				alive++
			}
		}
	}
	return alive*2 > voters
}

// Leader asks for the raft leader's address; empty if there is none.
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
