package consul

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"syscall"
	"time"

	"github.com/hashicorp/consul/api"
)

// serverService is the service under which Consul lists its servers in the catalog. It
// takes no client out of it that was a server.
const serverService = "consul"

// resignPause is the time between two looks for another leader.
const resignPause = 200 * time.Millisecond

// clientTime is how long a server that has resigned may take to start as a client.
const clientTime = 10 * time.Second

// relistTime is for how long after its election a new leader may list all servers.
const relistTime = 3 * time.Second

// Resign makes the agent, which is a server under the name given, end without leaving its
// cluster, so that its node, services and sessions stay for the client that is started in
// its place: another server leads, it is taken out of the service of the servers and of
// the raft configuration, and its process is killed. The error wraps
// [errors.ErrUnsupported] if that is not known. After any other error the agent may have
// lost its vote and runs still. With ACLs it needs operator:write, and service:write for
// the service consul.
func (a *Agent) Resign(ctx context.Context, name string) error {
	process, err := a.process()
	if err != nil {
		return err
	}
	options := new(api.WriteOptions).WithContext(ctx)
	server, led, err := a.following(ctx, name)
	if err != nil {
		return err
	}
	if err := a.unlist(ctx, name, led); err != nil {
		return err
	}
	if server != nil {
		if err := a.client.Operator().RaftRemovePeerByID(server.ID, options); err != nil {
			return fmt.Errorf("take %s out of the raft configuration: %w", name, classify(ctx, "operator:write", err))
		}
	}
	if err := syscall.Kill(process, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("end the agent: %w", err)
	}
	return nil
}

// process returns the number of the agent's process.
func (a *Agent) process() (int, error) {
	process, err := 0, error(nil)
	if a.Process != nil {
		process, err = a.Process()
	}
	if err == nil && process <= 1 {
		err = fmt.Errorf("end the agent without leaving: %w", errors.ErrUnsupported)
	}
	return process, err
}

// looksAgain waits until it is time for another look, and reports whether the context
// allows one.
func looksAgain(ctx context.Context) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(resignPause):
		return true
	}
}

// unlist takes a server out of the service of the servers. A new leader lists all servers
// once more soon after its election: where this one has led, it is taken out again and
// again until that is over.
func (a *Agent) unlist(ctx context.Context, name string, led bool) error {
	options := new(api.WriteOptions).WithContext(ctx)
	listed := api.CatalogDeregistration{Node: name, ServiceID: serverService}
	for begin := time.Now(); ; {
		if _, err := a.client.Catalog().Deregister(&listed, options); err != nil {
			return fmt.Errorf("take %s out of the service %s: %w", name, serverService, classify(ctx, "service:write for "+serverService, err))
		}
		if !led || time.Since(begin) >= relistTime {
			return nil
		}
		if !looksAgain(ctx) {
			return fmt.Errorf("take %s out of the service %s: %w", name, serverService, context.Cause(ctx))
		}
	}
}

// awaitPeersOnly waits until each server that the gossip shows is one of the raft peers, but
// not for long. One that has just resigned is shown as a server until its client starts,
// and a new leader would list it for good.
func (a *Agent) awaitPeersOnly(ctx context.Context, raft *api.RaftConfiguration) {
	limited, cancel := context.WithTimeout(ctx, clientTime)
	defer cancel()
	for limited.Err() == nil {
		members, err := a.filteredMembers(limited, serverRole)
		if err != nil || !slices.ContainsFunc(members, func(m api.AgentMember) bool {
			isPeer := func(s *api.RaftServer) bool { return s.Node == m.Name }
			return m.Tags["role"] == "consul" && m.Status == serfAlive && !slices.ContainsFunc(raft.Servers, isPeer)
		}) {
			return
		}
		looksAgain(limited)
	}
}

// following returns a server's entry of the raft configuration as soon as another one
// leads, to which it hands leadership over if it leads itself; nil if it has no entry. It
// tells whether the server has led.
func (a *Agent) following(ctx context.Context, name string) (server *api.RaftServer, led bool, err error) {
	for told := false; ; {
		raft, err := a.client.Operator().RaftGetConfiguration(new(api.QueryOptions).WithContext(ctx))
		if err != nil && !told { // while leadership is handed over nobody may answer
			return nil, told, fmt.Errorf("ask for the raft peers: %w", classify(ctx, "operator:read", err))
		}
		if err == nil {
			i := slices.IndexFunc(raft.Servers, func(s *api.RaftServer) bool { return s.Node == name })
			if i < 0 {
				return nil, told, nil
			}
			if !raft.Servers[i].Leader {
				return raft.Servers[i], told, nil
			}
		}
		if !told {
			a.awaitPeersOnly(ctx, raft)
			told = true
			if _, err := a.client.Operator().RaftLeaderTransfer("", new(api.QueryOptions).WithContext(ctx)); err != nil {
				return nil, told, fmt.Errorf("hand leadership over: %w", classify(ctx, "operator:write", err))
			}
		}
		if !looksAgain(ctx) {
			return nil, told, fmt.Errorf("hand leadership over: %w", context.Cause(ctx))
		}
	}
}
