package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"time"

	"auto-consul/lib/claim"
	"auto-consul/lib/cli"
	"auto-consul/lib/consul"
	"auto-consul/lib/exit"
	"auto-consul/lib/members"
	"auto-consul/lib/node"
	"auto-consul/lib/registry"
	"auto-consul/lib/rule"
	"auto-consul/lib/store"
	"auto-consul/lib/wire"
)

//go:embed doc.go
var doc string

func main() {
	os.Exit(run(context.Background(), os.Args[1:], cli.Std("ac-decide")))
}

func run(ctx context.Context, args []string, s cli.Streams) int {
	return cli.Run(ctx, &program{}, doc, args, s)
}

func (p *program) Run(ctx context.Context, s cli.Streams) error {
	if p.set {
		return p.keep(s)
	}
	if !registry.NodeInDNS(p.node) {
		s.Warnf("Consul's DNS cannot find a node named %s: want [A-Za-z0-9-] only", p.node)
	}
	first, err := p.input(s)
	if err == nil {
		err = rule.CheckBirthWait(p.birthWait, p.expiry)
	}
	if err != nil {
		return exit.With(exit.Misuse, err)
	}
	st, err := store.Open(ctx, p.at)
	if err != nil {
		return err
	}
	// What it writes to see whether the store takes writes is removed again.
	ctx, stop := cli.Interruptible(ctx, s.Out)
	defer stop()
	observer := claim.Observer{Registry: &registry.Registry{Store: st, Expiry: p.expiry}}
	if p.recover {
		return p.recoverQuorum(ctx, s, observer)
	}
	return p.decide(ctx, s, observer, first)
}

// keep keeps what the operator has set for the next start.
func (p *program) keep(s cli.Streams) error {
	mode, err := registry.Mode(p.mode), error(nil)
	if p.offline {
		n := node.Preparer{Disk: p.dir, Random: claim.NewRandom(), Claims: p.claims == "on"}
		mode, err = n.AllowOffline()
	} else {
		err = node.SetMode(p.dir, mode)
	}
	if err != nil {
		return err
	}
	return s.Print(wire.Kept{Version: wire.Version, Mode: string(mode), DataDir: string(p.dir), Offline: p.offline})
}

// input reads a document of ac-members from standard input where no registry is given by its
// URL. It returns what the document shows, nil if the registry is to be read anew, and takes
// registry and expiry from it.
func (p *program) input(s cli.Streams) (*rule.Observation, error) {
	if p.url != "" {
		return nil, nil
	}
	d, err := wire.ReadMembers(s.In)
	if errors.Is(err, wire.ErrEmpty) {
		err = fmt.Errorf("no -registry, and %w", err)
	}
	if err != nil {
		return nil, err
	}
	if p.at, err = registry.ParseLocation(d.Registry); err != nil {
		return nil, err
	}
	p.expiry = time.Duration(d.ExpirySeconds) * time.Second
	return members.Observation(d)
}

// decide decides, keeps the decision and prints it.
func (p *program) decide(ctx context.Context, s cli.Streams, observer claim.Observer, first *rule.Observation) error {
	n := node.Preparer{
		Observer: observer, Disk: p.dir, Out: s, Random: claim.NewRandom(), Answers: consul.Answers,
		Node: p.node, Address: p.where.Announced(), Zone: p.zone, MustKeep: p.mode == kept,
		Policy: p.policy(), Claims: p.claims == "on",
		Wait: p.wait, Timeout: p.timeout, DryRun: p.dryRun, MayServe: p.mayServe,
	}
	if mode := registry.Mode(p.mode); mode.Known() {
		n.Mode = mode
	}
	decided, err := n.Prepare(ctx, first)
	if err := cli.Interrupted(ctx, err); err != nil {
		return err
	}
	return s.Print(decided.Document(p.at.String(), p.expiry))
}

// mayServe returns an error if Consul would not start a server on the data directory
// any more. What it cannot read of the configuration, Consul will refuse itself.
func (p *program) mayServe() error {
	files, err := consul.ReadConfig(consul.Launch{ConfigDir: p.configDir}.ConfigPaths())
	if err != nil {
		files = nil
	}
	return p.dir.CheckAge(consul.RejoinAgeMax(files))
}

// recoverQuorum brings a cluster back that has lost its quorum (R56).
func (p *program) recoverQuorum(ctx context.Context, s cli.Streams, observer claim.Observer) error {
	agent, err := consul.NewAgent()
	if err != nil {
		return exit.With(exit.Misuse, err)
	}
	r := node.Recoverer{
		Observer: observer, Disk: p.dir, Out: s, Random: claim.NewRandom(), Agent: agent, Answers: consul.Answers, ReadLog: p.dir.RaftLogAlone,
		Node: p.node, Address: p.where.Announced(), Zone: p.zone, Gone: p.gone,
		Policy: p.policy(), Wait: p.wait, Timeout: p.timeout,
	}
	if p.dryRun {
		return cli.Interrupted(ctx, r.Preview(ctx))
	}
	decided, seen, err := r.Recover(ctx)
	if err := cli.Interrupted(ctx, err); err != nil {
		return err
	}
	return s.Print(wire.Recovered{
		Version: wire.Version, Winner: decided.Winner, ClusterID: seen.Record.ClusterID, Generation: seen.Record.Bootstrap.Term,
	})
}
