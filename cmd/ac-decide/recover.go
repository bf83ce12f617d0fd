package main

import (
	"context"
	"errors"
	"time"

	"auto-consul/lib/claim"
	"auto-consul/lib/cli"
	"auto-consul/lib/consul"
	"auto-consul/lib/datadir"
	"auto-consul/lib/exit"
	"auto-consul/lib/node"
	"auto-consul/lib/registry"
	"auto-consul/lib/rule"
	"auto-consul/lib/wire"
)

// recoverQuorum brings a cluster back that has lost its quorum (R56).
func (p *program) recoverQuorum(ctx context.Context, s cli.Streams, st registry.Store, at registry.Location, expiry time.Duration) error {
	agent, err := consul.NewAgent()
	if err != nil {
		return exit.With(exit.Misuse, err)
	}
	r := node.Recoverer{
		Observer: claim.Observer{Registry: &registry.Registry{Store: st, Expiry: expiry}},
		Disk:     datadir.Dir(p.dir), Out: s, Random: claim.NewRandom(), Agent: agent, Answers: consul.Answers, ReadLog: p.readLog,
		Node: p.node, Address: p.where.Announced(), Zone: p.zone, Gone: p.gone,
		Policy: p.policy(at, expiry), Wait: p.wait, Timeout: p.timeout,
	}
	if p.dryRun {
		return r.Preview(ctx)
	}
	decided, seen, err := r.Recover(ctx)
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		return err
	}
	return s.Print(wire.Recovered{
		Version: wire.Version, Winner: decided.Winner, ClusterID: seen.Record.ClusterID, Generation: seen.Record.Bootstrap.Term,
	})
}

// readLog reads the raft log, and keeps agents from starting on the data directory until
// this program ends. ok is false as long as one runs.
func (p *program) readLog() (log rule.Log, ok bool, err error) {
	dir := datadir.Dir(p.dir)
	if err := dir.Occupy(0, func() {}); errors.Is(err, datadir.ErrOccupied) {
		return log, false, nil
	} else if err != nil {
		return log, false, err
	}
	log, err = dir.RaftLog()
	return log, err == nil, err
}
