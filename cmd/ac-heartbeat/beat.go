package main

import (
	"context"
	"slices"
	"time"

	"auto-consul/lib/claim"
	"auto-consul/lib/cli"
	"auto-consul/lib/consul"
	"auto-consul/lib/datadir"
	"auto-consul/lib/registry"
	"auto-consul/lib/store"
	"auto-consul/lib/wire"
)

// heart makes a node's beats.
type heart struct {
	*program
	agent    *consul.Agent
	registry *registry.Registry
	dir      datadir.Dir
	out      cli.Streams
	written  []string  // own heartbeats that have not been removed
	last     time.Time // store time of the last beat as a server
	beaten   time.Time // the same, by the own clock
	due      time.Time // when the next beat is
	absent   bool      // the agent was not running at the last look
	held     time.Time // since when a server's beats are held; zero: they are not
	troubled bool      // the last look failed
	others   []string  // addresses of those who hold slots too
	named    bool      // the record named this server's cluster at the last look
	unkept   bool      // the data directory could not be written
	alone    solitude
	joins    *joins
}

// beat asks the agent, attends to the cluster record, and writes the heartbeat.
// hold reports that a server's own was held.
func (h *heart) beat(ctx context.Context) (status consul.Status, hold bool, err error) {
	status, look, hold, err := h.attend(ctx)
	if err != nil {
		return status, false, err
	}
	node, address := h.self(status)
	role, roles := wire.Agent, []registry.Role{registry.Agents}
	if status.Server {
		role = wire.Server
		if !hold {
			roles = append(roles, registry.Servers)
		}
	}
	ctx, cancel := context.WithTimeout(ctx, h.timeout)
	defer cancel()
	keys, err := h.registry.Beat(ctx, node, address, look.Time, roles...)
	if err != nil {
		return status, hold, store.Fail(err)
	}
	if status.Server && !hold {
		h.last, h.beaten = look.Time, time.Now()
	}
	h.tidy(ctx, keys, look.Time)
	return status, hold, h.out.Print(wire.Beat{
		Version: wire.Version, Node: node, Address: address, Role: role, Time: look.Time, Keys: keys,
	})
}

// self is the node's name and address: the agent's own unless they were given.
func (h *heart) self(status consul.Status) (node, address string) {
	node, address = h.node, h.where.Announced()
	if node == "" {
		node = status.Node
	}
	if address == "" {
		address = status.Address
	}
	return node, address
}

// attend looks at the agent and attends to the record. The look tells the
// store's time too. hold forbids a server's heartbeat.
func (h *heart) attend(ctx context.Context) (status consul.Status, look claim.Look, hold bool, err error) {
	if status, err = h.agent.Status(ctx); err != nil {
		return status, look, false, err
	}
	ctx, cancel := context.WithTimeout(ctx, h.timeout)
	defer cancel()
	a := claim.Attendance{
		Expiry: h.expiry, Agent: !status.Server, LastBeat: h.last,
		Leader: status.Leader != "" || status.KnownServers > 0, Raft: status.LogIndex > 0,
		Named: h.named,
	}
	if !h.held.IsZero() {
		a.Held = time.Since(h.held)
	}
	a.Called = status.Node
	a.Self.Node, a.Self.Address = h.self(status)
	if a.Self.Kept, err = h.dir.Cluster(); err != nil {
		return status, look, false, err
	}
	if a.Self.Incarnation, err = h.dir.Incarnation(); err != nil {
		return status, look, false, err
	}
	look, hold, wrote, err := claim.Reader{Registry: h.registry}.Attend(ctx, a, claim.NewDice())
	for _, why := range wrote {
		h.out.Notef("wrote the cluster record: %s", why)
	}
	h.others = claim.Targets(wire.Server, a.Self, look)
	if err == nil {
		h.named = look.Names(a.Self.Kept)
		if status.Server {
			h.remember(look, a.Self.Kept)
		}
	}
	return status, look, hold, store.Fail(err)
}

// remember keeps the number of servers that the record wants now, so that a
// record that vanishes is written back with it.
func (h *heart) remember(look claim.Look, seen claim.Kept) {
	if !h.named || look.Record.Desired == seen.Desired {
		return
	}
	kept, err := h.dir.Cluster() // as it is now: another program may have tied it anew
	if err == nil && kept == seen {
		kept.Desired = look.Record.Desired
		err = h.dir.KeepCluster(kept)
	}
	if err != nil && !h.unkept {
		h.out.Warnf("keep the desired number of servers, %d now: %v", look.Record.Desired, err)
		h.unkept = true
	}
}

// keepTrying is how many own heartbeats that could not be removed are tried again,
// so that a beat stays a few requests where nothing may ever be removed.
const keepTrying = 8

// tidy removes what the loop wrote and has expired since, so that a registry
// that nobody lists does not grow. What cannot be removed is tried again.
func (h *heart) tidy(ctx context.Context, keys []string, now time.Time) {
	var live, expired []string
	for _, key := range h.written {
		if beat, err := registry.ParseKey(key); err == nil && !beat.Live(now, h.expiry) {
			expired = append(expired, key)
		} else {
			live = append(live, key)
		}
	}
	gone, err := h.registry.Purge(ctx, expired)
	if err != nil {
		h.out.Warnf("remove own expired heartbeats: %v", err)
	}
	expired = slices.DeleteFunc(expired, func(key string) bool { return slices.Contains(gone, key) })
	h.written = slices.Concat(expired[max(0, len(expired)-keepTrying):], live, keys)
}
