package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"auto-consul/lib/claim"
	"auto-consul/lib/cli"
	"auto-consul/lib/consul"
	"auto-consul/lib/registry"
	"auto-consul/lib/store"
	"auto-consul/lib/wire"
)

// leave takes the node out of its cluster for good: the agent leaves gracefully,
// and then its heartbeats and its slot go, so that a replacement need not wait
// for them to expire.
func (h *heart) leave(ctx context.Context) error {
	node := h.node
	status, err := h.agent.Status(ctx)
	switch {
	case errors.Is(err, consul.ErrNotRunning) && node != "":
		h.out.Notef("%v; removing what is left of %s in the registry", err, node)
	case err != nil:
		return failure(err)
	default:
		node, _ = h.self(status)
		if err := h.leaveCluster(ctx, status); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, h.timeout)
	defer cancel()
	removed, err := h.removeBeats(ctx, node)
	if err != nil {
		return store.Fail(err)
	}
	incarnation, err := h.dir.Incarnation()
	if err != nil {
		return err
	}
	gave, err := claim.Reader{Registry: h.registry}.GiveBack(ctx, incarnation, claim.NewDice())
	if err != nil {
		return failure(store.Fail(err))
	}
	return h.out.Print(wire.Left{Version: wire.Version, Node: node, Removed: removed, Slot: gave})
}

// leaveCluster makes the agent leave and waits until it is gone.
func (h *heart) leaveCluster(ctx context.Context, status consul.Status) error {
	if status.Server && !h.force {
		peers, err := h.agent.Peers(ctx)
		if err != nil {
			return fmt.Errorf("%w; -force leaves without asking", err)
		}
		if !consul.KeepQuorum(peers, status.Node) {
			return cli.Failf(cli.Failure, "%s would take the quorum with it: no more than half of the other voters live; -force leaves all the same", status.Node)
		}
	}
	ctx, cancel := context.WithTimeout(ctx, h.timeout)
	defer cancel()
	// Its answer may be lost as the agent ends; what counts is that it does.
	left := h.agent.Leave(ctx)
	if errors.Is(left, consul.ErrNoPermission) {
		return left
	}
	for {
		_, err := h.agent.Status(ctx)
		switch {
		case errors.Is(err, consul.ErrNotRunning):
			return nil
		case ctx.Err() != nil:
			return errors.Join(fmt.Errorf("the agent has not ended in %v", h.timeout), left)
		}
		time.Sleep(agentPoll)
	}
}

func (h *heart) removeBeats(ctx context.Context, node string) ([]string, error) {
	keys := []string{}
	for _, role := range []registry.Role{registry.Agents, registry.Servers} {
		list, err := h.registry.Store.List(ctx, string(role))
		if err != nil {
			return nil, err
		}
		keys = append(keys, slices.DeleteFunc(list.Keys, func(key string) bool {
			beat, err := registry.ParseKey(key)
			return err != nil || beat.Node != node
		})...)
	}
	gone, err := h.registry.Purge(ctx, keys)
	return append([]string{}, gone...), err
}
