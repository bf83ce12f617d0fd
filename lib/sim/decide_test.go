package sim

import (
	"context"
	"fmt"
	"time"

	"auto-consul/lib/node"
	"auto-consul/lib/rule"
)

// prepare does what ac-decide does.
func (n *machine) prepare(l life) (node.Prepared, error) {
	policy := n.policy
	n.w.do(func() {
		if n.resize > 0 {
			policy.Resize, policy.Desired = true, n.resize
			n.resize = 0
		}
	})
	if n.w.oneReading {
		return n.decideAtOnce(l, policy)
	}
	p := node.Preparer{
		Observer: n.observer, Disk: l, Out: l, Random: n.claimRandom(), Answers: n.probe,
		Node: n.name, Address: n.address, Zone: n.zone, Policy: policy, Claims: !n.w.plainRule,
		Wait: policy.Expiry * 5 / 2, Timeout: n.w.timeout, MayServe: func() error { return nil },
	}
	var first *rule.Observation
	if !n.w.plainRule && n.hit(0.2) { // the observation came through a pipe
		seen, err := n.all(l.ctx)
		if err != nil {
			return node.Prepared{}, err
		}
		sleep(l.ctx, n.span(0, 2*time.Second))
		first = &seen
	}
	return p.Prepare(l.ctx, first)
}

func (n *machine) all(ctx context.Context) (rule.Observation, error) {
	ctx, cancel := context.WithTimeout(ctx, n.w.timeout)
	defer cancel()
	return n.observer.All(ctx)
}

// probe reports whether anybody answers at an address. It takes up to a second.
func (n *machine) probe(ctx context.Context, address string) (answers bool) {
	if !sleep(ctx, span(mix(n.w.seed, uint64(n.id), uint64(time.Since(n.w.start)), name(address)), time.Millisecond, time.Second)) {
		return false
	}
	if (life{n, n.ctx}).hold(ctx) != nil {
		return false
	}
	n.w.do(func() { answers = n.answers(address) })
	return answers
}

// decideAtOnce is a control: the rule, with proof of every death made up.
func (n *machine) decideAtOnce(l life, policy rule.Policy) (node.Prepared, error) {
	self := rule.Self{Node: n.name, Address: n.address}
	n.w.do(func() {
		if n.disk.incarnation == "" {
			n.disk.incarnation = n.random.id()
		}
		self.Incarnation, self.Mode, self.Membership, self.Raft = n.disk.incarnation, n.disk.mode, n.disk.membership, n.disk.raft != nil
	})
	for range 30 {
		seen, err := n.all(l.ctx)
		if err != nil {
			return node.Prepared{}, err
		}
		seen.HeartbeatsLater = true
		in := rule.Input{
			Self: self, Policy: policy, Seen: seen,
			Evidence: rule.Evidence{SilentFor: map[string]time.Duration{}, Answers: map[string]bool{}},
			New:      rule.NewIDs{ClusterID: n.random.id(), Write: n.random.id()},
		}
		for _, key := range in.SilentKeys() {
			in.SilentFor[key] = policy.Expiry
		}
		if seen.Record != nil {
			for _, s := range seen.Record.Servers {
				in.Answers[s.Address] = false
			}
		}
		action := rule.Decide(in)
		switch {
		case action.Err != nil:
			return node.Prepared{}, action.Err
		case action.Decision != nil:
			n.w.do(func() { n.disk.mode = action.Decision.Mode })
			if action.Decision.Membership != (rule.Membership{}) {
				_ = l.KeepMembership(action.Decision.Membership) // it cannot fail
			}
			return node.Prepared{Decision: *action.Decision, Self: self, Seen: seen}, nil
		case action.Swap != nil:
			if body, err := action.Swap.Encode(); err == nil {
				_ = n.observer.Registry.Store.Swap(l.ctx, rule.RecordKey, body, seen.ETag) // the next observation tells
			}
		}
		if !sleep(l.ctx, n.span(0, time.Second)) {
			return node.Prepared{}, l.ctx.Err()
		}
	}
	return node.Prepared{}, fmt.Errorf("%w: waited", rule.ErrUndecided)
}

// runGem does what a node of the Ruby gem does, which knows of heartbeats only. The first
// of them founds the cluster and the others join it, for their race is not tested here.
func (n *machine) runGem(l life) error {
	n.w.do(func() {
		n.launch(&agent{server: true, bootstrap: n.id == 0, knows: 1})
	})
	return n.beater(l).Run(l.ctx)
}
