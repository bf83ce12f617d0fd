package main

import (
	"context"
	"time"

	"auto-consul/lib/claim"
	"auto-consul/lib/exit"
	"auto-consul/lib/registry"
	"auto-consul/lib/rule"
	"auto-consul/lib/store"
	"auto-consul/lib/wire"
)

// claimOf returns the claim that a decision rests on, as its document has it (R27).
func claimOf(d wire.Decision) rule.Claim {
	decision := rule.Decision{
		Mode: registry.Mode(d.Mode), Bootstrap: d.Bootstrap, Expect: d.BootstrapExpect, HasSlot: d.Slot, Recover: d.Recover, Offline: d.Offline,
		Membership: rule.Membership{ClusterID: d.ClusterID, Term: d.Generation},
	}
	self := rule.Self{Node: d.Node, Address: d.Address, Incarnation: d.Incarnation}
	return decision.Claim(self, time.Duration(d.ExpirySeconds)*time.Second)
}

// recordOf returns what reads the cluster record of a registry. The time is store time.
func (p *program) recordOf(url string) func(ctx context.Context) (*rule.Record, time.Time, error) {
	return func(ctx context.Context) (*rule.Record, time.Time, error) {
		ctx, cancel := context.WithTimeout(ctx, p.timeout)
		defer cancel()
		st, err := p.open(ctx, url)
		if err != nil {
			return nil, time.Time{}, err
		}
		seen, err := claim.Observer{Registry: &registry.Registry{Store: st}}.Record(ctx)
		return seen.Record, seen.Time, err
	}
}

// open opens the store of a registry.
func (p *program) open(ctx context.Context, url string) (registry.Store, error) {
	at, err := registry.ParseLocation(url)
	if err != nil {
		return nil, exit.With(exit.Misuse, err)
	}
	return store.Open(ctx, at)
}
