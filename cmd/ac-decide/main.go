package main

import (
	"context"
	_ "embed"
	"os"
	"time"

	"auto-consul/lib/claim"
	"auto-consul/lib/cli"
	"auto-consul/lib/consul"
	"auto-consul/lib/datadir"
	"auto-consul/lib/exit"
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
	at, expiry, first, err := p.input(s)
	if err == nil {
		err = p.checkBirthWait(expiry)
	}
	if err != nil {
		return exit.With(exit.Misuse, err)
	}
	st, err := store.Open(ctx, at)
	if err != nil {
		return err
	}
	// What it writes to see whether the store takes writes is removed again.
	ctx, stop := cli.Interruptible(ctx, s.Out)
	defer stop()
	if p.recover {
		return p.recoverQuorum(ctx, s, st, at, expiry)
	}
	decided, err := p.preparer(s, st, at, expiry).Prepare(ctx, first)
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		return err
	}
	return s.Print(document(decided, at, expiry))
}

// keep keeps what the operator has set for the next start.
func (p *program) keep(s cli.Streams) error {
	mode, err := registry.Mode(p.mode), error(nil)
	if p.offline {
		n := node.Preparer{Disk: datadir.Dir(p.dir), Random: claim.NewRandom(), Claims: p.claims == "on"}
		mode, err = n.AllowOffline()
	} else {
		err = node.SetMode(datadir.Dir(p.dir), mode)
	}
	if err != nil {
		return err
	}
	return s.Print(wire.Kept{Version: wire.Version, Mode: string(mode), DataDir: p.dir, Offline: p.offline})
}

// preparer returns what decides, as the flags say.
func (p *program) preparer(s cli.Streams, st registry.Store, at registry.Location, expiry time.Duration) node.Preparer {
	n := node.Preparer{
		Observer: claim.Observer{Registry: &registry.Registry{Store: st, Expiry: expiry}},
		Disk:     datadir.Dir(p.dir), Out: s, Random: claim.NewRandom(), Answers: consul.Answers,
		Node: p.node, Address: p.where.Announced(), Zone: p.zone, MustKeep: p.mode == kept,
		Policy: p.policy(at, expiry), Claims: p.claims == "on",
		Wait: p.wait, Timeout: p.timeout, DryRun: p.dryRun, MayServe: p.mayServe,
	}
	if mode := registry.Mode(p.mode); mode.Known() {
		n.Mode = mode
	}
	return n
}

// mayServe returns an error if Consul would not start a server on the data directory
// any more. What it cannot read of the configuration, Consul will refuse itself.
func (p *program) mayServe() error {
	files, err := consul.ReadConfig(p.configPaths())
	if err != nil {
		files = nil
	}
	return datadir.Dir(p.dir).CheckAge(consul.RejoinAgeMax(files))
}

// document returns the decision as it is printed.
func document(d node.Prepared, at registry.Location, expiry time.Duration) wire.Decision {
	out := wire.Decision{
		Version: wire.Version, Mode: string(d.Mode), Bootstrap: d.Bootstrap, BootstrapExpect: d.Expect, Restore: d.Restore, Recover: d.Recover, Join: d.Join,
		Node: d.Self.Node, Address: d.Self.Address, Zone: d.Self.Zone, Registry: at.String(),
		Incarnation: d.Self.Incarnation, Slot: d.HasSlot, Reason: d.Reason, Evidence: append([]string{}, d.Proof...),
		ExpirySeconds: int64(expiry / time.Second), DesiredServers: d.Desired, HeldServers: d.Held, DecidedAt: d.Seen.Time,
		Offline: d.Offline,
	}
	if d.Offline {
		out.DecidedAt = time.Now().UTC().Truncate(time.Second) // there is no store to ask for the time
	}
	out.ClusterID, out.Generation = d.Membership.ClusterID, d.Membership.Term
	if rec := d.Seen.Record; rec != nil {
		out.ClusterID, out.Generation = rec.ClusterID, rec.Bootstrap.Term
	}
	return out
}

func (p *program) policy(at registry.Location, expiry time.Duration) rule.Policy {
	return rule.Policy{
		Desired: p.servers, Birth: rule.Birth(p.birth), BirthWait: p.waitForBirth(expiry), Lost: rule.Lost(p.lost), LostTyped: p.flags.Given("lost-cluster"),
		Resize: p.resize, Expiry: expiry,
		StartOver: p.command(at, expiry, rule.LostBootstrap), Restore: p.command(at, expiry, rule.LostRestore),
		Retry: "rm " + datadir.Dir(p.dir).FailedRestoresFile(), Remove: removal(at),
	}
}
