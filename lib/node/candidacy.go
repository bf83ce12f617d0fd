package node

import (
	"context"
	"errors"
	"fmt"
	"time"

	"auto-consul/lib/claim"
	"auto-consul/lib/registry"
	"auto-consul/lib/rule"
)

// candidatePause is how often a client that may become a server asks its agent how many
// servers live. The store is asked nothing.
const candidatePause = 5 * time.Second

// candidacy is for how long a client's agent has known fewer servers than desired, and
// when the client looks in the registry whether a place is vacant (R48). It is a value like
// [schedule]. The zero value is that of a client whose agent knows enough.
type candidacy struct {
	since time.Time     // since when it has known too few
	due   time.Time     // the next look at the registry
	pause time.Duration // before the one after that, without what is drawn

	filled time.Time // when a place was taken last that had been vacant for long
	again  int       // how many were so in a row, each soon after the one before
}

// next returns the candidacy after a look at the agent, and whether to look in the registry
// now. The first look comes after wait. A second for each client is drawn from then on,
// so that of thousands the first has taken the place before most have looked.
//
// Where one place after the other is taken and soon vacant again, no client may be able to
// serve. Each wait is then twice as long as the one before, so that not all of them are
// restarted one by one (R51).
func (c candidacy) next(now time.Time, few bool, wait time.Duration, clients int, draw float64) (_ candidacy, look bool) {
	spread := time.Duration(draw * float64(clients) * float64(time.Second))
	switch {
	case !few && !c.since.IsZero() && now.Sub(c.since) >= wait:
		return candidacy{filled: now, again: c.again + 1}, false
	case !few:
		return candidacy{filled: c.filled, again: c.again}, false
	case c.since.IsZero():
		if now.Sub(c.filled) >= 4*wait+lastsFor {
			c.filled, c.again = time.Time{}, 0
		}
		c.since, c.pause = now, wait<<min(max(c.again-1, 0), mostDoublings)
		c.due = now.Add(c.pause + spread)
		return c, false
	case now.Before(c.due):
		return c, false
	}
	c.due, c.pause = now.Add(c.pause+spread), max(c.pause, min(2*c.pause, 10*wait))
	return c, true
}

// lastsFor is for how long a server must live, beside four waits, to have been no attempt in
// vain: longer than one that does not come to vote has time (R51).
const lastsFor = 5 * time.Minute

// mostDoublings is how often the wait for a look doubles at most.
const mostDoublings = 5

// later returns the candidacy with the next look so much later. What was drawn for it
// stays, so that clients which wait for the same time do not look at once.
func (c candidacy) later(by time.Duration) candidacy {
	c.due = c.due.Add(by)
	return c
}

// untilAsk returns how long until the agent is asked again: at the time of the next look at
// the registry, if that comes first.
func (c candidacy) untilAsk(now time.Time) time.Duration {
	if c.due.After(now) {
		return min(candidatePause, c.due.Sub(now))
	}
	return candidatePause
}

// fewFor returns for how long the agent has known too few servers.
func (c candidacy) fewFor(now time.Time) time.Duration {
	if c.since.IsZero() {
		return 0
	}
	return now.Sub(c.since)
}

// grace returns how long a vacant place is left to nodes that start.
func (b *Beater) grace() time.Duration {
	if b.Grace > 0 {
		return b.Grace
	}
	return b.Expiry
}

// ask is a turn of the loop between two beats. Of a client that may become a server and
// has a cluster, the agent's answer is all that is wanted.
func (b *Beater) ask(ctx context.Context, status Status) (observation, error) {
	if !b.Eligible || status.Server || status.Alone() {
		return b.observe(ctx, status)
	}
	return observation{Status: status}, nil
}

// standsBy lets a client take a vacant place once its agent has known too few servers for
// long enough (R48). Its error wraps [rule.ErrUndecided]: the client has a place, and
// must be decided again to be a server.
func (b *Beater) standsBy(ctx context.Context, status Status, draw float64) error {
	few := b.Eligible && !status.Server && !status.Alone() && b.record != nil && status.KnownServers < b.record.Desired
	before := b.candidacy
	var look bool
	b.candidacy, look = before.next(time.Now(), few, b.Expiry+b.grace(), status.clients(), draw)
	if !few {
		b.toldWhyNot = ""
	}
	if !look {
		return nil
	}
	decision, err := b.candidate(ctx, status)
	whyNot := ""
	switch {
	case errors.Is(err, rule.ErrFenced), ctx.Err() != nil:
		return ctx.Err() // as a client it goes on
	case err != nil:
		whyNot = err.Error()
	case decision.Mode == registry.Server:
		return fmt.Errorf("%w: this client takes a place as a server: %s", rule.ErrUndecided, decision.Reason)
	default:
		whyNot = decision.Reason
	}
	if decision.LookAgain > 0 { // R52
		b.candidacy = before.later(decision.LookAgain)
	}
	told := whyNot
	if errors.Is(err, registry.ErrDenied) || errors.Is(err, registry.ErrUnavailable) {
		told = "the store" // of several requests that fail at once any may be named
	}
	if told != b.toldWhyNot {
		b.toldWhyNot = told
		b.Out.Notef("a server is missing, and this client does not take its place: %s", whyNot)
	}
	return nil
}

// candidate decides for a client that runs whether it takes a vacant place, and claims it
// (R48). The questions that cost the store nothing come first.
func (b *Beater) candidate(ctx context.Context, status Status) (rule.Decision, error) {
	limited, cancel := context.WithTimeout(ctx, b.Timeout)
	defer cancel()
	r, err := b.running(status)
	if err != nil {
		return rule.Decision{}, err
	}
	if !r.Self.Membership.Open {
		return rule.Decision{Mode: registry.Client, Reason: "the operator has set its mode"}, nil
	}
	leader, err := b.Agent.Leader(limited)
	if err != nil {
		return rule.Decision{}, err
	}
	if leader == "" {
		return rule.Decision{Mode: registry.Client, Reason: "there is no leader, who could take a server in"}, nil
	}
	servers, err := b.Agent.Servers(limited)
	if err != nil {
		return rule.Decision{}, err
	}
	candidate := &rule.Candidacy{Grace: b.grace(), Servers: servers, FewFor: b.candidacy.fewFor(time.Now())}
	if d := candidate.LeaveToZones(r.Self, b.record, b.Expiry); d != nil && !status.Server {
		return *d, nil
	}
	d := claim.Decider{
		Observer: b.Observer, Random: b.Random, Self: r.Self,
		Policy:    rule.Policy{Desired: b.record.Desired, Expiry: b.Expiry},
		Candidate: candidate,
		Wait:      b.Timeout, Timeout: b.Timeout, Answers: b.Answers, Progress: b.Out.Notef,
		Keep: func() error { // nobody claims what it cannot fill
			if err := b.MayServe(limited); err != nil {
				return err
			}
			return b.Disk.KeepIncarnation(r.Self.Incarnation)
		},
	}
	b.sampling = sampling{} // a claim that seems lost may be written later: the next beat reads the record
	decision, _, err := d.Decide(limited, nil)
	return decision, err
}
