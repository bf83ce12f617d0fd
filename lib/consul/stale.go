package consul

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/hashicorp/consul/api"

	"auto-consul/lib/node"
)

// serfHealth is the check that the raft leader keeps of each member, and of nothing else.
const serfHealth = "serfHealth"

// acl is what Consul says where a token may not.
const acl = "Permission denied"

// StaleNodes returns the nodes of the catalog that keep a member from registering. With
// ACLs it needs agent:read and node:read. An answer of which something is left out is
// [node.ErrNoPermission]: there may be such nodes all the same.
func (a *Agent) StaleNodes(ctx context.Context) ([]node.StaleNode, error) {
	limited, cancel := context.WithTimeout(ctx, a.patience)
	defer cancel()
	members, err := a.allMembers(limited)
	if err != nil {
		return nil, err
	}
	ids := map[string]string{} // of the members that live, by their names
	for _, m := range members {
		if m.Status == serfAlive && m.Tags["id"] != "" {
			ids[strings.ToLower(m.Name)] = m.Tags["id"]
		}
	}
	options := new(api.QueryOptions).WithContext(limited)
	nodes, meta, err := a.client.Catalog().Nodes(options)
	if err == nil && meta.ResultsFilteredByACLs {
		err = leftOut("some are left out")
	}
	if err != nil {
		return nil, fmt.Errorf("ask for the nodes: %w", classify(ctx, "node:read", err))
	}
	var out []node.StaleNode
	for _, n := range nodes {
		id := ids[strings.ToLower(n.Node)]
		if id == "" || id == n.ID {
			continue
		}
		checks, _, err := a.client.Health().Node(n.Node, options)
		if err != nil {
			return out, fmt.Errorf("ask for the checks of %s: %w", n.Node, classify(ctx, "node:read", err))
		}
		for _, c := range checks {
			if c.CheckID == serfHealth {
				out = append(out, node.StaleNode{Name: n.Node, ID: n.ID, Index: n.ModifyIndex})
			}
		}
	}
	return out, nil
}

// Deregister takes a node out of the catalog, unless it was written since. With ACLs it
// needs node:write.
func (a *Agent) Deregister(ctx context.Context, n node.StaleNode) error {
	limited, cancel := context.WithTimeout(ctx, a.patience)
	defer cancel()
	ok, answer, _, err := a.client.Txn().Txn(api.TxnOps{{Node: &api.NodeTxnOp{
		Verb: api.NodeDeleteCAS, Node: api.Node{Node: n.Name, ID: n.ID, ModifyIndex: n.Index},
	}}}, new(api.QueryOptions).WithContext(limited))
	if err == nil && !ok {
		err = errors.New(answer.Errors[0].What)
	}
	if err != nil && strings.Contains(err.Error(), acl) { // here it comes without a status
		err = api.StatusError{Code: http.StatusForbidden, Body: acl}
	}
	if err != nil {
		return fmt.Errorf("deregister node %s: %w", n.Name, classify(ctx, "node:write", err))
	}
	return nil
}
