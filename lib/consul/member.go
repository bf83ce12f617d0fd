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
	members, err := a.allMembers(ctx)
	if err != nil {
		return nil, err
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

// allMembers returns the members that the agent shows, and [node.ErrNoPermission] where it
// knows more.
func (a *Agent) allMembers(ctx context.Context) ([]api.AgentMember, error) {
	self, err := a.self(ctx)
	if err != nil {
		return nil, err
	}
	status, err := self.status()
	if err != nil {
		return nil, fmt.Errorf("ask the Consul agent: %w", err)
	}
	members, err := a.members(ctx)
	if err == nil && len(members) < status.Members {
		err = leftOut(fmt.Sprintf("%d of its %d members are left out", status.Members-len(members), status.Members))
	}
	if err != nil {
		return nil, fmt.Errorf("ask for the members: %w", classify(ctx, "node:read", err))
	}
	return members, nil
}

// serverRole is true of members that are servers.
const serverRole = `Tags.role == "consul"`

// stillServers returns how many servers a client knows, of as many as it says. It counts
// for ever whoever was a server and is a client now without having failed in between; its
// gossip knows better. With ACLs that needs node:read. Where the gossip shows none, what
// the client says has to do.
func (a *Agent) stillServers(ctx context.Context, known int) int {
	if known == 0 {
		return 0
	}
	servers, err := a.filteredMembers(ctx, serverRole)
	alive := 0
	for _, m := range servers {
		if m.Tags["role"] == "consul" && m.Status == serfAlive {
			alive++
		}
	}
	if err != nil || alive == 0 {
		return known
	}
	return min(known, alive)
}

// members returns the members that the agent shows.
func (a *Agent) members(ctx context.Context) ([]api.AgentMember, error) {
	return a.filteredMembers(ctx, "")
}

// filteredMembers returns those members that the agent shows for which an expression
// holds; all where it is empty, or the agent's release knows no expressions.
func (a *Agent) filteredMembers(ctx context.Context, expression string) (members []api.AgentMember, err error) {
	limited, cancel := context.WithTimeout(ctx, a.patience)
	defer cancel()
	options := &api.QueryOptions{Filter: expression}
	meta, err := a.client.Raw().Query("/v1/agent/members", &members, options.WithContext(limited))
	if err == nil && expression != "" && meta.ResultsFilteredByACLs {
		err = leftOut("some are left out")
	}
	return members, err
}

// withContact adds the header X-Consul-LastContact to answers that lack it, such as that of
// /v1/agent/members. Consul's client reads no header after one that is missing, and so not
// that something was left out.
type withContact struct{ http.RoundTripper }

// RoundTrip implements [http.RoundTripper].
func (w withContact) RoundTrip(req *http.Request) (*http.Response, error) {
	const contact = "X-Consul-LastContact"
	res, err := w.RoundTripper.RoundTrip(req)
	if err == nil && res.Header.Get(contact) == "" {
		res.Header.Set(contact, "0")
	}
	return res, err
}

// leftOut is the denial that Consul does not utter: what a token may not see is left out
// of an answer without a word.
func leftOut(what string) error {
	return api.StatusError{Code: http.StatusForbidden, Body: what}
}
