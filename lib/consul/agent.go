package consul

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strconv"
	"time"

	"github.com/hashicorp/consul/api"
)

// Agent is the local Consul agent, asked through its HTTP API.
type Agent struct {
	client   *api.Client
	patience time.Duration
}

// NewAgent is the agent that Consul's own environment names: CONSUL_HTTP_ADDR,
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
	client, err := api.NewClient(config)
	if err != nil {
		return nil, fmt.Errorf("bad environment for Consul's client: %w", err)
	}
	return &Agent{client, 5 * time.Second}, nil
}

// Status is what an agent says of itself.
type Status struct {
	Node    string
	Address string // what it announces, an IP address without a port
	Server  bool
	Members int // of its cluster that it knows, itself counted, failed ones too
	// Leader is the address and port of the raft leader as a server knows it;
	// empty if it knows of none, and always on a client.
	Leader string
	// LogIndex is the index of a server's last raft log entry: 0 on one that has
	// never found a cluster, and on a client.
	LogIndex uint64
	// KnownServers is how many servers a client knows; 0 on a server.
	KnownServers int
}

// Alone reports that the agent has found nobody, or a server no leader.
func (s Status) Alone() bool {
	if s.Server {
		return s.Leader == ""
	}
	return s.KnownServers == 0
}

// Join makes the agent join another at an address, at any time and whether or
// not it knows it already. With ACLs it needs agent:write. The agent makes one
// join after the other, its own included, and goes on with one whose caller has
// gone.
func (a *Agent) Join(ctx context.Context, address string) error {
	// An address that swallows packets costs the agent 10 s, and others may be
	// before this one.
	limited, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	path := "/v1/agent/join/" + url.PathEscape(address)
	if _, err := a.client.Raw().Write(path, nil, nil, new(api.WriteOptions).WithContext(limited)); err != nil {
		return fmt.Errorf("join %s: %w", address, classify(ctx, "agent:write", err))
	}
	return nil
}

// Status asks the agent. It returns [ErrNotRunning], [ErrSilent] when no answer
// has come in 5 s, [ErrNoPermission] when the agent refuses, and the context's
// cause once the context is done. Any other error says that somebody answered and
// not as an agent would.
func (a *Agent) Status(ctx context.Context) (Status, error) {
	limited, cancel := context.WithTimeout(ctx, a.patience)
	defer cancel()
	var self self
	_, err := a.client.Raw().Query("/v1/agent/self", &self, new(api.QueryOptions).WithContext(limited))
	if err != nil {
		return Status{}, fmt.Errorf("ask the Consul agent: %w", classify(ctx, "agent:read", err))
	}
	status, err := self.status()
	if err != nil {
		return Status{}, fmt.Errorf("ask the Consul agent: %w", err)
	}
	return status, nil
}

// self is the part of /v1/agent/self that counts here.
type self struct {
	Config struct {
		NodeName string
		Server   bool
	}
	Member struct{ Addr string }
	Stats  struct {
		Consul struct {
			LeaderAddr   string `json:"leader_addr"`
			KnownServers string `json:"known_servers"`
		} `json:"consul"`
		Raft struct {
			LastLogIndex string `json:"last_log_index"`
		} `json:"raft"`
		SerfLAN struct {
			Members string `json:"members"`
		} `json:"serf_lan"`
	}
}

func (s self) status() (Status, error) {
	if s.Config.NodeName == "" || s.Member.Addr == "" {
		return Status{}, errors.New("the answer is not a Consul agent's")
	}
	out := Status{
		Node: s.Config.NodeName, Address: s.Member.Addr, Server: s.Config.Server,
		Leader: s.Stats.Consul.LeaderAddr,
	}
	var err error
	if out.Members, err = strconv.Atoi(s.Stats.SerfLAN.Members); err != nil {
		return Status{}, fmt.Errorf("the answer's serf_lan.members: %w", err)
	}
	if s.Config.Server {
		if out.LogIndex, err = strconv.ParseUint(s.Stats.Raft.LastLogIndex, 10, 64); err != nil {
			return Status{}, fmt.Errorf("the answer's raft.last_log_index: %w", err)
		}
		return out, nil
	}
	if out.KnownServers, err = strconv.Atoi(s.Stats.Consul.KnownServers); err != nil {
		return Status{}, fmt.Errorf("the answer's consul.known_servers: %w", err)
	}
	return out, nil
}
