package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"auto-consul/lib/cli"
	"auto-consul/lib/consul"
)

// Gates that -wait takes.
const (
	joined = "joined" // the agent has found others, or a server is a leader's
	leader = "leader" // it knows of a raft leader
	voter  = "voter"  // a server votes; for an agent the same as leader
)

// gate waits until the agent has reached what -wait names, and beats once.
func (h *heart) gate(ctx context.Context) error {
	limited, cancel := context.WithTimeout(ctx, h.timeout)
	defer cancel()
	missing := ""
	for {
		err := h.reached(limited)
		if err == nil {
			_, _, err = h.beat(ctx)
			return failure(err)
		}
		if errors.Is(err, consul.ErrNoPermission) {
			return failure(err)
		}
		switch {
		case missing == "" && limited.Err() != nil:
			missing = "the Consul agent did not answer"
		case limited.Err() == nil && err.Error() != missing:
			missing = err.Error()
			h.out.Notef("waiting until %s (%v at most): %s", h.wait, h.timeout, missing)
		}
		select {
		case <-limited.Done():
			return cli.Failf(cli.Undecided, "not %s in %v: %s", h.wait, h.timeout, missing)
		case <-time.After(agentPoll):
		}
	}
}

// reached says what is missing.
func (h *heart) reached(ctx context.Context) error {
	status, err := h.agent.Status(ctx)
	switch {
	case err != nil:
		return err
	case h.wait == joined && status.Alone() && status.Members < 2:
		return errors.New("the agent is alone")
	case h.wait == joined:
		return nil
	}
	switch address, err := h.agent.Leader(ctx); {
	case err != nil:
		return err
	case address == "":
		return errors.New("there is no leader")
	case h.wait == leader || !status.Server:
		return nil
	}
	peers, err := h.agent.Peers(ctx)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(peers, func(p consul.Peer) bool { return p.Voter && p.Node == status.Node }) {
		return fmt.Errorf("%s is not a voter yet", status.Node)
	}
	return nil
}
