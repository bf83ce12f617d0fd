package node

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"auto-consul/lib/rule"
)

// helpTime is how long after a join the agent is asked whether it is still alone, and the
// shortest pause between two turns of the loop for that question.
const helpTime = time.Second

// Consul joins nobody again after its first success, and never learns an address
// that it was not started with. An agent that stays alone is joined to the members
// of now, with pauses that grow from [firstJoinPause] to the tick.

// rejoin takes note of whether the agent is alone and joins it to others if it has
// been for a while. It returns how long it may be until the next call; 0 sets no limit.
//
// The agents that this one has joined may be as lonely as itself, so only its own
// status tells whether that has helped.
func (b *Beater) rejoin(ctx context.Context, status Status) time.Duration {
	before, now := b.isolation, time.Now()
	var join bool
	b.isolation, join = before.next(now, status.Alone(), b.Ticks)
	switch {
	case !status.Alone() && before.tried && status.Server:
		b.Out.Notef("the agent has found a leader")
	case !status.Alone() && before.tried:
		b.Out.Notef("the agent has found a server")
	case join && b.joinOthers(ctx, status):
		return helpTime
	}
	if !status.Alone() {
		return 0
	}
	return max(time.Until(b.isolation.due), helpTime)
}

// symptom says what an agent that is alone lacks.
func (s Status) symptom() string {
	switch {
	case s.Members < 2:
		return "the agent is alone"
	case s.Server:
		return "the agent has no leader"
	}
	return "the agent knows no server"
}

// joinOthers joins the agent to the members of now and reports whether it has joined
// any.
func (b *Beater) joinOthers(ctx context.Context, status Status) bool {
	targets, err := b.joinTargets(ctx, status)
	if err != nil {
		b.Out.Warnf("%s, and the registry does not say whom to join: %v", status.symptom(), err)
		return false
	}
	var joined []string
	var denied error
	for _, one := range b.joins.joinEach(ctx, b.Agent, targets) {
		switch {
		case one.err == nil:
			joined = append(joined, one.address)
		case errors.Is(one.err, ErrNoPermission):
			denied = one.err
		}
	}
	slices.Sort(joined)
	switch {
	case len(joined) > 0:
		b.Out.Notef("%s; it has joined %s", status.symptom(), strings.Join(joined, ", "))
	case denied != nil:
		b.Out.Warnf("%s: %v", status.symptom(), denied)
	case len(targets) > 0:
		b.Out.Warnf("%s, and nobody could be joined at %s", status.symptom(), strings.Join(targets, ", "))
	}
	return len(joined) > 0
}

// joinTargets returns the addresses of those whom the agent may join now.
func (b *Beater) joinTargets(ctx context.Context, status Status) ([]string, error) {
	limited, cancel := context.WithTimeout(ctx, b.Timeout)
	defer cancel()
	seen, err := b.Observer.All(limited)
	var self rule.Self
	self.Node, self.Address = b.self(status)
	return rule.JoinTargets(status.Mode(), self, seen), err
}

// holderPause is how long another slot's holder that was joined is left alone.
const holderPause = 5 * time.Second

// joinHolders joins a server that has found no cluster yet to the others that hold slots
// (R41). Consul retries the addresses that it was started with only every two seconds
// and never learns of later ones, and a birth would wait for that. Nothing waits for the
// answers: a server that is not there yet is joined at a later look.
func (b *Beater) joinHolders(ctx context.Context, addresses []string) {
	targets := b.joins.notJoinedWithin(holderPause, addresses)
	if len(targets) > 0 {
		go b.joins.joinEach(ctx, b.Agent, targets)
	}
}
