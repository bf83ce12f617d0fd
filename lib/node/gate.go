package node

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"auto-consul/lib/rule"
)

// Gate is what a script waits for.
type Gate string

// Gates.
const (
	Joined Gate = "joined" // the agent has found others, or a server has a leader
	Leader Gate = "leader" // the agent knows of a raft leader
	Voter  Gate = "voter"  // a server votes; for a client the same as Leader
)

// Gates are all of them.
var Gates = []Gate{Joined, Leader, Voter}

// Until waits until the agent has reached a gate, and beats once. If that does not
// happen in time, the error wraps [rule.ErrUndecided] and says what was missing. The
// agent is asked once however short the time is. A token that may not ask ends the wait
// at once; one that the agent does not know is waited for, for it may not know it yet.
func (b *Beater) Until(ctx context.Context, gate Gate, wait time.Duration) error {
	limited, cancel := context.WithTimeout(ctx, max(wait, agentPause))
	defer cancel()
	missing, told := "the Consul agent did not answer", ""
	for begin := time.Now(); ; {
		err := b.reached(limited, gate)
		switch {
		case err == nil:
			return b.Beat(ctx)
		case errors.Is(err, ErrNoPermission) && !errors.Is(err, ErrUnknownToken):
			return err
		case limited.Err() == nil:
			missing = err.Error()
		}
		// An agent that is not running may be about to start: that is no news yet.
		if news := !errors.Is(err, ErrNotRunning) || time.Since(begin) >= agentGrace; news && limited.Err() == nil && missing != told {
			told = missing
			b.Out.Notef("waiting until %s (%v at most): %s", gate, wait, missing)
		}
		if !sleep(limited, agentPause) {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			return kind{fmt.Errorf("not %s in %v: %s", gate, wait, missing), rule.ErrUndecided}
		}
	}
}

// reached returns nil if the agent has reached a gate, and otherwise what is missing.
func (b *Beater) reached(ctx context.Context, gate Gate) error {
	status, err := b.Agent.Status(ctx)
	switch {
	case err != nil:
		return err
	case gate == Joined && status.Alone() && status.Members < 2:
		return errors.New("the agent is alone")
	case gate == Joined:
		return nil
	}
	switch address, err := b.Agent.Leader(ctx); {
	case err != nil:
		return err
	case address == "":
		return errors.New("there is no leader")
	case gate == Leader || !status.Server:
		return nil
	}
	peers, err := b.Agent.Peers(ctx)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(peers, func(p Peer) bool { return p.Voter && p.Node == status.Node }) {
		return fmt.Errorf("%s is not a voter yet", status.Node)
	}
	return nil
}
