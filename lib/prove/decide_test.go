package prove

import (
	"context"
	"fmt"
	"time"

	"auto-consul/lib/claim"
)

// decide is what ac-decide does.
func (n *node) decide(ctx context.Context) (claim.Verdict, *claim.Record, error) {
	self := claim.Self{Node: n.name, Address: n.address}
	policy := n.policy
	n.w.do(func() {
		if n.disk.incarnation == "" {
			n.disk.incarnation = n.dice.id()
		}
		self.Incarnation, self.Mode, self.Kept, self.Raft = n.disk.incarnation, n.disk.mode, n.disk.kept, n.disk.raft != nil
		if n.resize > 0 {
			policy.Resize, policy.Desired = true, n.resize
			n.resize = 0
		}
	})
	switch {
	case n.w.plain:
		return n.decidePlain(ctx, self)
	case n.w.oneLook:
		return n.decideAtOnce(ctx, self, policy)
	}
	d := claim.Decider{
		Reader: n.reader, Self: self, Policy: policy,
		Wait: policy.Expiry * 5 / 2, Timeout: n.w.timeout,
		Keep:    func() error { return nil }, // a lost incarnation is a lost disk
		Answers: n.probe, Dice: n.dice.claims(),
		Progress: n.progress,
	}
	var first *claim.Look
	if n.hit(0.2) { // the look came through a pipe
		look, err := n.all(ctx)
		if err != nil {
			return claim.Verdict{}, nil, err
		}
		sleep(ctx, n.span(0, 2*time.Second))
		first = &look
	}
	v, look, err := d.Decide(ctx, first)
	return v, look.Record, err
}

// progress goes into the trace, but for errors: of several requests that fail at
// once any may be named.
func (n *node) progress(format string, args ...any) {
	n.w.do(func() {
		if _, failed := args[0].(error); failed {
			args[0] = "the store"
		}
		n.w.note(n.name+" "+format, args...)
	})
}

func (n *node) all(ctx context.Context) (claim.Look, error) {
	ctx, cancel := context.WithTimeout(ctx, n.w.timeout)
	defer cancel()
	return n.reader.All(ctx)
}

// probe asks whether anybody answers at an address.
func (n *node) probe(ctx context.Context, address string) (answers bool) {
	if !sleep(ctx, span(mix(n.w.seed, uint64(n.id), uint64(time.Since(n.w.start)), name(address)), time.Millisecond, time.Second)) {
		return false
	}
	if n.hold(ctx) != nil {
		return false
	}
	n.w.do(func() { answers = n.answers(address) })
	return answers
}

// decidePlain is a control: the original's rule.
func (n *node) decidePlain(ctx context.Context, self claim.Self) (claim.Verdict, *claim.Record, error) {
	ctx, cancel := context.WithTimeout(ctx, n.w.timeout)
	defer cancel()
	look, err := n.reader.Heartbeats(ctx)
	if err != nil {
		return claim.Verdict{}, nil, err
	}
	self.Incarnation, self.Kept = "", claim.Kept{}
	return claim.Plain(self, n.policy.Desired, look.Snapshot), nil, nil
}

// decideAtOnce is a control: the rule, with proof of every death made up.
func (n *node) decideAtOnce(ctx context.Context, self claim.Self, policy claim.Policy) (claim.Verdict, *claim.Record, error) {
	for range 30 {
		look, err := n.all(ctx)
		if err != nil {
			return claim.Verdict{}, nil, err
		}
		look.BeatsLater = true
		c := claim.Case{
			Self: self, Policy: policy, Look: look,
			Evidence: claim.Evidence{Silent: map[string]time.Duration{}, Answers: map[string]bool{}},
			Random:   claim.Random{ClusterID: n.dice.id(), Write: n.dice.id()},
		}
		for _, key := range c.Silences() {
			c.Silent[key] = policy.Expiry
		}
		if look.Record != nil {
			for _, s := range look.Record.Servers {
				c.Answers[s.Address] = false
			}
		}
		step := claim.Decide(c)
		switch {
		case step.Err != nil:
			return claim.Verdict{}, nil, step.Err
		case step.Verdict != nil:
			return *step.Verdict, look.Record, nil
		case step.Swap != nil:
			if body, err := step.Swap.Encode(); err == nil {
				_ = n.registry.Store.Swap(ctx, claim.RecordKey, body, look.ETag) // the next look tells
			}
		}
		if !sleep(ctx, n.span(0, time.Second)) {
			return claim.Verdict{}, nil, ctx.Err()
		}
	}
	return claim.Verdict{}, nil, fmt.Errorf("%w: waited", claim.ErrUndecided)
}

// runGem is what a node of the original does: it knows of heartbeats only. The
// first of them founds the cluster and the others join it, for their race is not
// what is looked at here.
func (n *node) runGem(ctx context.Context) error {
	n.w.do(func() {
		n.launch(&agent{server: true, bootstrap: n.id == 0, knows: 1})
	})
	return n.beatOn(ctx)
}
