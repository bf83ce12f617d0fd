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
	status, err := h.agent.Status(ctx)
	gone := errors.Is(err, consul.ErrNotRunning) && h.node != ""
	switch {
	case gone:
		h.out.Notef("%v; removing what is left of %s in the registry", err, h.node)
	case errors.Is(err, consul.ErrSilent):
		return fmt.Errorf("%w and may vote still; end it first, then leave with -node", err)
	case err != nil:
		return failure(err)
	case h.node != "" && h.node != status.Node:
		return cli.Failf(cli.Misuse, "-node %s, and the agent that would leave is %s", h.node, status.Node)
	}
	node, _ := h.self(status)
	incarnation, err := h.dir.Incarnation()
	if err != nil {
		return err
	}
	if incarnation == "" && (gone || status.Server) {
		if err := h.stranded(ctx, node, gone || h.force); err != nil {
			return err
		}
	}
	if !gone {
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
	gave, err := claim.Reader{Registry: h.registry}.GiveBack(ctx, incarnation, node, claim.NewDice())
	if err != nil {
		return failure(store.Fail(err))
	}
	return h.out.Print(wire.Left{Version: wire.Version, Node: node, Removed: removed, Slot: gave})
}

// stranded finds out whether a node whose data directory says nothing holds a
// slot all the same: it is the wrong directory, and the slot would stay. That is
// an error unless the node leaves anyway.
func (h *heart) stranded(ctx context.Context, node string, anyway bool) error {
	ctx, cancel := context.WithTimeout(ctx, h.timeout)
	defer cancel()
	look, err := claim.Reader{Registry: h.registry}.Record(ctx)
	switch {
	case anyway && err != nil:
		return nil // the requests that follow fail likewise
	case err != nil:
		return store.Fail(err)
	case look.Record == nil || !slices.ContainsFunc(look.Record.Servers, func(s claim.Slot) bool { return s.Node == node }):
		return nil
	}
	err = fmt.Errorf("the slot of %s cannot be given back: -data-dir %s has no incarnation, so it is not the one that the agent was decided with", node, h.dir)
	if anyway {
		h.out.Warnf("%v", err)
		return nil
	}
	return fmt.Errorf("%w; -force leaves all the same", err)
}

// leaveCluster makes the agent leave and waits until it is gone.
func (h *heart) leaveCluster(ctx context.Context, status consul.Status) error {
	if status.Server && !h.force {
		if err := h.spare(ctx, status.Node); err != nil {
			return err
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

// spare is an error if the others cannot spare a server.
func (h *heart) spare(ctx context.Context, node string) error {
	leaderless := fmt.Errorf("there is no leader, and so no quorum that %s could keep; -force leaves all the same", node)
	// Asked first: without a leader there is no answer as to who votes.
	switch leader, err := h.agent.Leader(ctx); {
	case err != nil:
		return fmt.Errorf("%w; -force leaves without asking", err)
	case leader == "":
		return leaderless
	}
	peers, err := h.agent.Peers(ctx)
	if err == nil {
		err = h.agent.Living(ctx, peers)
	}
	if err != nil {
		if leader, lost := h.agent.Leader(ctx); lost == nil && leader == "" {
			return leaderless
		}
		return fmt.Errorf("%w; -force leaves without asking", err)
	}
	if !consul.KeepQuorum(peers, node) {
		return fmt.Errorf("%s would take the quorum with it: no more than half of the other voters live; -force leaves all the same", node)
	}
	return nil
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
