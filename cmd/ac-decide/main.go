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
	"auto-consul/lib/datadir"
	"auto-consul/lib/registry"
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
	dir := datadir.Dir(p.dir)
	if p.set {
		if err := set(dir, p.mode); err != nil {
			return err
		}
		return s.Print(wire.Kept{Version: wire.Version, Mode: p.mode, DataDir: p.dir})
	}
	if !registry.NodeInDNS(p.node) {
		s.Warnf("Consul's DNS cannot find a node named %s: want [A-Za-z0-9-] only", p.node)
	}
	at, expiry, first, err := p.input(s)
	if err != nil {
		return cli.Fail(cli.Misuse, err)
	}
	self, err := p.self(dir)
	if err != nil {
		return err
	}
	st, err := store.Open(ctx, at)
	if err != nil {
		return store.Fail(err)
	}
	reader := claim.Reader{Registry: &registry.Registry{Store: st, Expiry: expiry}}
	decide := p.claiming
	if p.claims == "off" {
		decide = p.plain
	}
	verdict, look, err := decide(ctx, s, reader, self, first)
	if err != nil {
		return store.Fail(err)
	}
	for _, i := range look.Ignored {
		s.Warnf("ignored %s: %s", i.Key, i.Reason)
	}
	for _, note := range verdict.Notes {
		s.Notef("%s", note)
	}
	if !p.dryRun {
		if err := keep(dir, self, verdict); errors.Is(err, claim.ErrUndecided) {
			return store.Fail(err)
		} else if err != nil {
			return err
		}
	}
	return s.Print(p.document(verdict, look, reader.Registry, at, self))
}

// self is what this node knows of itself. A new data directory gets its id when
// the first claim is made or the decision is kept, no sooner: one that has come to
// nothing may be part of an image of many machines.
func (p *program) self(dir datadir.Dir) (claim.Self, error) {
	self := claim.Self{Node: p.node, Address: p.where.Announced(), Mode: p.mode}
	var err error
	if p.mode == "auto" || p.mode == "kept" {
		if self.Mode, err = dir.Mode(); err != nil {
			return self, err
		}
	}
	if p.mode == "kept" && self.Mode == "" {
		return self, cli.Failf(cli.Misuse, "no mode is kept in %s: run, set_server or set_agent keeps one", p.dir)
	}
	if self.Raft, err = dir.HasRaft(); err != nil || p.claims == "off" {
		return self, err
	}
	if self.Kept, err = dir.Cluster(); err != nil {
		return self, err
	}
	if self.Incarnation, err = dir.Incarnation(); err != nil || self.Incarnation != "" {
		return self, err
	}
	self.Incarnation = claim.NewID()
	return self, nil
}

// set keeps a mode that is the operator's word: it is not decided anew.
func set(dir datadir.Dir, mode string) error {
	kept, err := dir.Cluster()
	if err != nil {
		return err
	}
	if kept.Open {
		kept.Open = false
		if err := dir.KeepCluster(kept); err != nil {
			return err
		}
	}
	return dir.KeepMode(mode)
}

// keep writes down what this node is from now on. The cluster comes first: a
// server must not run on data that is tied to none.
func keep(dir datadir.Dir, self claim.Self, v claim.Verdict) error {
	if self.Incarnation != "" {
		if err := dir.KeepIncarnation(self.Incarnation); err != nil {
			return err
		}
	}
	// What is decided without claims belongs to no record's cluster, but for data
	// that did before.
	if v.Kept != (claim.Kept{}) || self.Incarnation == "" && !self.Raft {
		if err := dir.KeepCluster(v.Kept); err != nil {
			return err
		}
	}
	return dir.KeepMode(v.Mode)
}

func (p *program) document(v claim.Verdict, look claim.Look, r *registry.Registry, at registry.Location, self claim.Self) wire.Decision {
	d := wire.Decision{
		Version: wire.Version, Mode: v.Mode, Bootstrap: v.Bootstrap, BootstrapExpect: v.Expect, Join: v.Join,
		Node: p.node, Address: self.Address, Registry: at.String(),
		Incarnation: self.Incarnation, Slot: v.Slot, Reason: v.Reason, Evidence: append([]string{}, v.Evidence...),
		ExpirySeconds: int64(r.Expiry / time.Second), DesiredServers: v.Desired, HeldServers: v.Held, DecidedAt: look.Time,
	}
	if look.Record != nil {
		d.ClusterID, d.Generation = look.Record.ClusterID, look.Record.Bootstrap.Term
	}
	return d
}

// startOver is the command that gives a lost cluster up.
func (p *program) startOver(at registry.Location, expiry time.Duration) string {
	return fmt.Sprintf("ac-decide -registry %s -node %s -address %s -data-dir %s -servers %d -expiry %d -lost-cluster bootstrap",
		at, p.node, p.where.Announced(), p.dir, p.servers, expiry/time.Second)
}

func (p *program) policy(expiry time.Duration, at registry.Location) claim.Policy {
	return claim.Policy{
		Desired: p.servers, Birth: claim.Birth(p.birth), Lost: claim.Lost(p.lost),
		Resize: p.resize, Expiry: expiry, StartOver: p.startOver(at, expiry),
	}
}
