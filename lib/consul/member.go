package consul

import (
	"context"
	"fmt"
	"net/http"
	"slices"

	"github.com/hashicorp/consul/api"

	"auto-consul/lib/node"
)

// serfAlive is a member's status in /v1/agent/members.
const serfAlive = 1

// FillAlive finds out which of the peers are alive. With ACLs it needs node:read.
func (a *Agent) FillAlive(ctx context.Context, peers []node.Peer) error {
	members, err := a.members(ctx)
	for i := range peers {
		of := slices.IndexFunc(members, func(m api.AgentMember) bool { return m.Name == peers[i].Node })
		switch {
		case of >= 0:
			peers[i].Alive = members[of].Status == serfAlive
		case err == nil:
			err = leftOut(peers[i].Node + " is not among them")
		}
	}
	if err != nil {
		return fmt.Errorf("ask for the members: %w", classify(ctx, "node:read", err))
	}
	return nil
}

// Servers returns the names of the servers that the agent's gossip holds to be alive,
// sorted. With ACLs it needs agent:read and node:read. An answer with fewer members than
// the agent knew just before is [node.ErrNoPermission], because read as it is it would
// take servers for dead.
func (a *Agent) Servers(ctx context.Context) ([]string, error) {
	status, err := a.Status(ctx)
	if err != nil {
		return nil, err
	}
	members, err := a.members(ctx)
	if err == nil && len(members) < status.Members {
		err = leftOut(fmt.Sprintf("%d of its %d members are left out", status.Members-len(members), status.Members))
	}
	if err != nil {
		return nil, fmt.Errorf("ask for the members: %w", classify(ctx, "node:read", err))
	}
	var out []string
	for _, m := range members {
		if m.Tags["role"] == "consul" && m.Status == serfAlive {
			out = append(out, m.Name)
		}
	}
	slices.Sort(out)
	return out, nil
}

// members returns the members that the agent shows.
func (a *Agent) members(ctx context.Context) (members []api.AgentMember, err error) {
	limited, cancel := context.WithTimeout(ctx, a.patience)
	defer cancel()
	_, err = a.client.Raw().Query("/v1/agent/members", &members, new(api.QueryOptions).WithContext(limited))
	return members, err
}

// leftOut is the denial that Consul does not utter: what a token may not see is left out
// of an answer without a word.
func leftOut(what string) error {
	return api.StatusError{Code: http.StatusForbidden, Body: what}
}
