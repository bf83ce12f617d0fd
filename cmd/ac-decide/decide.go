package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"auto-consul/lib/claim"
	"auto-consul/lib/cli"
	"auto-consul/lib/consul"
	"auto-consul/lib/datadir"
	"auto-consul/lib/registry"
	"auto-consul/lib/wire"
)

// claiming decides with claims: without a race.
func (p *program) claiming(ctx context.Context, s cli.Streams, r claim.Reader, self claim.Self, first *claim.Look) (claim.Verdict, claim.Look, error) {
	d := claim.Decider{
		Reader: r, Self: self, Policy: p.policy(r.Registry.Expiry, p.at),
		Wait: p.wait, Timeout: p.timeout, DryRun: p.dryRun,
		Keep: func() error {
			if err := datadir.Dir(p.dir).KeepIncarnation(self.Incarnation); err != nil {
				return cli.Fail(cli.Failure, err) // it is no fault of the registry
			}
			return nil
		},
		Answers: consul.Answers, Dice: claim.NewDice(), Progress: s.Notef,
	}
	// What it writes to see whether the store takes writes is removed again.
	ctx, stop := cli.Interruptible(ctx)
	defer stop()
	v, look, err := d.Decide(ctx, first)
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return v, look, err
}

// plain decides by the plain rule, race and all.
func (p *program) plain(ctx context.Context, _ cli.Streams, r claim.Reader, self claim.Self, first *claim.Look) (claim.Verdict, claim.Look, error) {
	if first == nil {
		ctx, cancel := context.WithTimeout(ctx, p.timeout)
		defer cancel()
		look, err := r.Heartbeats(ctx)
		if err != nil {
			return claim.Verdict{}, look, err
		}
		first = &look
	}
	first.Record = nil // it is the claims' alone
	return claim.Plain(self, p.servers, first.Snapshot), *first, nil
}

// input is the registry that is given by its URL, or the one that an ac-members
// document on standard input names, with the look that the document is.
func (p *program) input(s cli.Streams) (registry.Location, time.Duration, *claim.Look, error) {
	if p.url != "" {
		return p.at, p.expiry, nil, nil
	}
	d, err := wire.ReadMembers(s.In)
	if errors.Is(err, wire.ErrEmpty) {
		err = fmt.Errorf("no -registry, and %w", err)
	}
	if err != nil {
		return p.at, 0, nil, err
	}
	if p.at, err = registry.ParseLocation(d.Registry); err != nil {
		return p.at, 0, nil, err
	}
	look, err := fromDocument(d)
	if err == nil && d.ServersTotal > len(d.Servers) {
		look = nil // it was limited and shows too little: look anew
	}
	return p.at, time.Duration(d.ExpirySeconds) * time.Second, look, err
}
