// Package node is the life of one node: it decides what the node is to be
// ([Preparer]), confirms that immediately before the agent starts ([Confirm]), beats
// beside the agent and joins it to others when it is alone ([Beater]), and takes it
// out of the cluster for good ([Beater.Leave]).
//
// The programs run this package on a real agent, a data directory and standard
// output. Package sim runs the same code on modelled ones. So the package declares
// what it needs of them as interfaces and imports none of them. When the loop beats and
// looks, and when it joins an agent that is alone, is decided by two pure state
// machines, in schedule.go and isolation.go.
package node

import (
	"context"
	"errors"
	"fmt"
	"io"

	"auto-consul/lib/registry"
	"auto-consul/lib/rule"
)

// Errors of agents and of this package.
var (
	// ErrNotRunning reports that nobody listens at the agent's address.
	ErrNotRunning = errors.New("the Consul agent is not running")
	// ErrNoAnswer reports that no answer has come in time. The agent may hang, or be
	// stopped, and still be a member, and a voter, of its cluster.
	ErrNoAnswer = errors.New("the Consul agent does not answer")
	// ErrNoPermission reports that the agent runs and refuses the token, or the
	// request without one.
	ErrNoPermission = errors.New("the Consul agent denies access")
	// ErrUnknownToken is an ErrNoPermission that may pass: the agent does not know the
	// token. A server that has just been started knows none before its raft data has
	// caught up, and a new cluster knows none before its first leader.
	ErrUnknownToken = fmt.Errorf("%w: it does not know the token", ErrNoPermission)
	// ErrOtherNode reports that the agent is another node than was meant.
	ErrOtherNode = errors.New("the agent is another node's")
	// ErrNoMode reports that no mode is kept where one must be.
	ErrNoMode = errors.New("no mode is kept")
)

// kind makes an error one of a kind, for [errors.Is], and leaves its words as they are.
type kind struct {
	error
	of error
}

// Unwrap returns the error and its kind.
func (k kind) Unwrap() []error { return []error{k.error, k.of} }

// Agent is the local Consul agent and the network around it.
type Agent interface {
	// Status asks the agent what it is. Its errors wrap [ErrNotRunning],
	// [ErrNoAnswer] or [ErrNoPermission].
	Status(ctx context.Context) (Status, error)
	// Join makes the agent join another at an address, whether or not it has done
	// so already.
	Join(ctx context.Context, address string) error
	// Blackholed reports whether an address neither accepts a connection nor refuses
	// it. To join such an address costs an agent 10 s, in which it joins nobody else.
	Blackholed(ctx context.Context, address string) bool
	// Leader returns the address of the raft leader, empty if there is none.
	Leader(ctx context.Context) (string, error)
	// Peers returns the raft configuration. Without a leader it is an error.
	Peers(ctx context.Context) ([]Peer, error)
	// OwnPeers returns the raft configuration as the agent's own server has it. The leader
	// may know of a change a moment sooner.
	OwnPeers(ctx context.Context) ([]Peer, error)
	// FillAlive finds out which of the peers are alive.
	FillAlive(ctx context.Context, peers []Peer) error
	// Servers returns the names of the servers that the agent's own gossip holds to be
	// alive, sorted. It needs no leader. An answer from which servers may have been left
	// out is an error that wraps [ErrNoPermission].
	Servers(ctx context.Context) ([]string, error)
	// Resign makes a server end without leaving its cluster, so that sessions stay: it
	// votes no more and is killed. [errors.ErrUnsupported]: this program cannot end the
	// agent in that way. After any other error the agent may run on.
	Resign(ctx context.Context, name string) error
	// Leave makes the agent leave its cluster and end.
	Leave(ctx context.Context) error
	// Snapshot writes a snapshot of the cluster's state, which is consistent and checked,
	// and returns the index of the last raft log entry that it holds.
	Snapshot(ctx context.Context, to io.Writer) (index uint64, err error)
	// StaleNodes returns the nodes of the catalog that keep a member from registering.
	StaleNodes(ctx context.Context) ([]StaleNode, error)
	// Deregister takes one of them out of the catalog, unless it was written since.
	Deregister(ctx context.Context, n StaleNode) error
}

// Status is what an agent says of itself.
type Status struct {
	Node    string
	Address string // what it announces, an IP address without a port
	Server  bool
	Members int // how many members of its cluster it knows, itself and failed ones counted
	// Leader is the address and port of the raft leader as a server knows it; empty
	// if it knows of none, and always on a client.
	Leader string
	// Leads reports whether a server takes itself for the raft leader.
	Leads bool
	// LogIndex is the index of a server's last raft log entry: 0 on a server that has
	// never found a cluster, and on a client.
	LogIndex uint64
	// Voter reports whether a server votes, by the raft configuration that it has itself,
	// which may be older than the leader's. It is false on a client, and on a server that
	// has found no cluster.
	Voter bool
	// Log is what a server's raft data says, as the agent tells it; zero on a client.
	Log Log
	// KnownServers is how many servers a client knows; 0 on a server.
	KnownServers int
}

// Log is what a server's raft data says, and Voting a voter in it, for the packages that
// know no rules.
type (
	Log    = rule.Log
	Voting = rule.Voter
)

// Mode returns what the agent runs as.
func (s Status) Mode() registry.Mode {
	if s.Server {
		return registry.Server
	}
	return registry.Client
}

// Alone reports whether the agent lacks a cluster: a client knows no server, a server no
// leader. It may know other members all the same.
func (s Status) Alone() bool {
	if s.Server {
		return s.Leader == ""
	}
	return s.KnownServers == 0
}

// Peer is a server of the raft configuration.
type Peer struct {
	Node  string
	Voter bool
	Alive bool // as the agent sees it, once [Agent.FillAlive] was asked
}

// Disk is a node's data directory.
type Disk interface {
	// Mode returns the kept mode, empty if none is kept.
	Mode() (registry.Mode, error)
	KeepMode(mode registry.Mode) error
	// Incarnation returns the data directory's random id, empty if it has none yet.
	Incarnation() (string, error)
	// KeepIncarnation gives the data directory its id. If it has another, the error
	// wraps [rule.ErrUndecided].
	KeepIncarnation(id string) error
	// Membership returns the cluster that the data directory belongs to.
	Membership() (rule.Membership, error)
	KeepMembership(m rule.Membership) error
	// SetRaftAside moves the raft data of a server that has left its cluster for good to
	// where no later start finds it.
	SetRaftAside() error
	// HasRaft reports whether raft data of a Consul server lies here.
	HasRaft() (bool, error)
	// Scratch returns an empty file that nobody else can read, and of which nothing stays.
	Scratch() (Scratch, error)
	// Addresses returns where the cluster's servers were when the node saw the registry
	// last, sorted; none if that is not kept (R58).
	Addresses() ([]string, error)
	KeepAddresses(addresses []string) error
	// Offline reports whether the operator lets the next decision do without the store
	// (R58).
	Offline() (bool, error)
	KeepOffline(allowed bool) error
	// FailedRestores returns the snapshots that this node has tried to restore in vain.
	FailedRestores() ([]rule.FailedRestore, error)
	KeepFailedRestores(list []rule.FailedRestore) error
	// String names the data directory, for messages.
	String() string
}

// Output is where a node tells what it does.
type Output interface {
	// Print writes one document.
	Print(document any) error
	// Notef reports progress, Warnf what went wrong without ending anything.
	Notef(format string, args ...any)
	Warnf(format string, args ...any)
}
