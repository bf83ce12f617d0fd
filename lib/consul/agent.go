package consul

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strconv"
	"time"

	"github.com/hashicorp/consul/api"

	"auto-consul/lib/node"
)

// Agent is the local Consul agent, asked through its HTTP API. It is a [node.Agent].
type Agent struct {
	// Process finds out the number of the agent's process, for [Agent.Resign]: 0 if it is
	// not known. nil: it never is.
	Process func() (int, error)

	client   *api.Client
	patience time.Duration
}

// NewAgent returns the agent that Consul's own environment names: CONSUL_HTTP_ADDR,
// CONSUL_HTTP_TOKEN, CONSUL_HTTP_TOKEN_FILE, CONSUL_HTTP_SSL, CONSUL_CACERT and
// the rest. An environment that cannot be right is an error.
func NewAgent() (*Agent, error) {
	// Consul's client takes what is no boolean for false, and so an unreadable
	// wish to verify certificates for the wish not to.
	for _, name := range []string{api.HTTPSSLEnvName, api.HTTPSSLVerifyEnvName} {
		if v := os.Getenv(name); v != "" {
			if _, err := strconv.ParseBool(v); err != nil {
				return nil, fmt.Errorf("bad %s %.40q: want true or false", name, v)
			}
		}
	}
	return newAgent(api.DefaultConfig())
}

func newAgent(config *api.Config) (*Agent, error) {
	client, err := api.NewClient(config) // which fills in config.HttpClient
	if err != nil {
		return nil, fmt.Errorf("bad environment for Consul's client: %w", err)
	}
	config.HttpClient.Transport = withContact{config.HttpClient.Transport}
	return &Agent{client: client, patience: 5 * time.Second}, nil
}

// Join makes the agent join another at an address, at any time and whether or not
// it knows it already. With ACLs it needs agent:write. The agent makes one join after
// the other, its own included, and goes on with one whose caller has gone.
func (a *Agent) Join(ctx context.Context, address string) error {
	// An address that never answers costs the agent 10 s, and others may come before
	// this one.
	limited, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	path := "/v1/agent/join/" + url.PathEscape(address)
	if _, err := a.client.Raw().Write(path, nil, nil, new(api.WriteOptions).WithContext(limited)); err != nil {
		return fmt.Errorf("join %s: %w", address, classify(ctx, "agent:write", err))
	}
	return nil
}

// Status asks the agent what it is. Its error is [node.ErrNotRunning],
// [node.ErrNoAnswer] when no answer has come in 5 s, [node.ErrNoPermission] when the
// agent refuses, or the context's cause once the context is done. Any other error
// says that somebody answered, and not as an agent would.
func (a *Agent) Status(ctx context.Context) (node.Status, error) {
	self, err := a.self(ctx)
	if err != nil {
		return node.Status{}, err
	}
	status, err := self.status()
	if err != nil {
		return node.Status{}, fmt.Errorf("ask the Consul agent: %w", err)
	}
	if !status.Server {
		status.KnownServers = a.stillServers(ctx, status.KnownServers)
	}
	return status, nil
}

// self returns what the agent says of itself.
func (a *Agent) self(ctx context.Context) (out self, err error) {
	limited, cancel := context.WithTimeout(ctx, a.patience)
	defer cancel()
	if _, err = a.client.Raw().Query("/v1/agent/self", &out, new(api.QueryOptions).WithContext(limited)); err != nil {
		err = fmt.Errorf("ask the Consul agent: %w", classify(ctx, "agent:read", err))
	}
	return out, err
}

// self is the part of /v1/agent/self that counts here.
type self struct {
	Config struct {
		NodeName string
		NodeID   string
		Server   bool
	}
	Member struct{ Addr string }
	Stats  struct {
		Consul struct {
			Leader       string `json:"leader"`
			LeaderAddr   string `json:"leader_addr"`
			KnownServers string `json:"known_servers"`
		} `json:"consul"`
		Raft struct {
			LastLogIndex        string `json:"last_log_index"`
			LastLogTerm         string `json:"last_log_term"`
			LatestConfiguration string `json:"latest_configuration"`
		} `json:"raft"`
		SerfLAN struct {
			Members string `json:"members"`
		} `json:"serf_lan"`
	}
}

func (s self) status() (node.Status, error) {
	if s.Config.NodeName == "" || s.Member.Addr == "" {
		return node.Status{}, errors.New("the answer is not a Consul agent's")
	}
	out := node.Status{
		Node: s.Config.NodeName, Address: s.Member.Addr, Server: s.Config.Server,
		Leader: s.Stats.Consul.LeaderAddr,
	}
	var err error
	if out.Members, err = strconv.Atoi(s.Stats.SerfLAN.Members); err != nil {
		return node.Status{}, fmt.Errorf("the answer's serf_lan.members: %w", err)
	}
	if s.Config.Server {
		if out.LogIndex, err = strconv.ParseUint(s.Stats.Raft.LastLogIndex, 10, 64); err != nil {
			return node.Status{}, fmt.Errorf("the answer's raft.last_log_index: %w", err)
		}
		out.Leads = s.Stats.Consul.Leader == "true"
		out.Log = s.log(out.LogIndex)
		out.Voter = slices.ContainsFunc(out.Log.Voters, func(v node.Voting) bool { return v.ID == out.Log.ID })
		return out, nil
	}
	if out.KnownServers, err = strconv.Atoi(s.Stats.Consul.KnownServers); err != nil {
		return node.Status{}, fmt.Errorf("the answer's consul.known_servers: %w", err)
	}
	return out, nil
}

// voter matches a voter in what Consul prints of a raft configuration, which is
// [{Suffrage:Voter ID:… Address:…} {Suffrage:Nonvoter ID:… Address:…}].
var voter = regexp.MustCompile(`\{Suffrage:Voter ID:(\S+) Address:(\S+)\}`)

// log returns what the server says of its raft data.
func (s self) log(index uint64) node.Log {
	out := node.Log{ID: s.Config.NodeID, Index: index}
	out.Term, _ = strconv.ParseUint(s.Stats.Raft.LastLogTerm, 10, 64) // absent in tests only
	for _, m := range voter.FindAllStringSubmatch(s.Stats.Raft.LatestConfiguration, -1) {
		if host, _, err := net.SplitHostPort(m[2]); err == nil {
			out.Voters = append(out.Voters, node.Voting{ID: m[1], Address: host})
		}
	}
	return out
}
