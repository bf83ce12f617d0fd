package main

import (
	"cmp"
	"context"
	_ "embed"
	"errors"
	"os"
	"os/signal"
	"runtime"
	"syscall"
	"time"

	"auto-consul/lib/claim"
	"auto-consul/lib/cli"
	"auto-consul/lib/consul"
	"auto-consul/lib/datadir"
	"auto-consul/lib/exit"
	"auto-consul/lib/node"
	"auto-consul/lib/registry"
	"auto-consul/lib/rule"
	"auto-consul/lib/start"
	"auto-consul/lib/store"
	"auto-consul/lib/wire"
)

//go:embed doc.go
var doc string

// init keeps main on the process's first thread. What the kernel keeps for a
// thread, like the signal at its parent's death (setpriv --pdeathsig), survives
// exec from that one only.
func init() { runtime.LockOSThread() }

func main() {
	os.Exit(run(context.Background(), os.Args[1:], cli.Std("ac-exec"), leaveTime))
}

func run(ctx context.Context, args []string, s cli.Streams, patience time.Duration) int {
	return cli.Run(ctx, &program{patience: patience}, doc, args, s)
}

// leaveTime is how long an agent of this data directory that was told to end may
// still be there: a client needs 4 s to leave its cluster, a server 9 s.
const leaveTime = 12 * time.Second

type program struct {
	patience       time.Duration // for an agent that is still there
	dir, configDir string
	where          cli.Announcement
	consul, mode   string
	timeout        time.Duration
	dryRun, check  bool
	extra          []string
}

func (p *program) Flags(f *cli.FlagSet) {
	f.DataDir(&p.dir)
	f.ConfigDir(&p.configDir)
	f.Announcement(&p.where)
	f.Mode(&p.mode, "auto", "with -check: the `mode` to check for; server checks a server's ports and certificates as well")
	f.StringVar(&p.consul, "consul", "consul", "`program` to become: a path, or a name in PATH")
	f.Timeout(&p.timeout)
	f.DryRun(&p.dryRun, "print the argument list and start nothing")
	f.Verb(&p.check, "check", "check whether an agent could be started here, and start nothing")
	f.Rest(&p.extra)
}

func (p *program) Check(cli.Streams) error {
	bad := []error{
		consul.CheckBind(p.bind()), consul.CheckExtra(p.extra),
		cli.CheckTimeout(p.timeout), cli.OneOf("mode", p.mode, "auto", "kept", string(registry.Server), string(registry.Client)),
	}
	if announced := p.announced(); announced != "" {
		bad = append(bad, consul.CheckAdvertise(announced))
	}
	if p.dir == "" {
		bad = append(bad, errors.New("no -data-dir"))
	}
	if p.consul == "" {
		bad = append(bad, errors.New("no -consul"))
	}
	if p.check && p.dryRun {
		bad = append(bad, errors.New("-check and -dry-run exclude each other"))
	}
	return cli.Problems(bad...)
}

func (p *program) bind() string { return cmp.Or(p.where.Bind, p.where.Address, "0.0.0.0") }

// announced returns what the flags say; empty for what the decision says. Unlike
// where a decision is made, -bind does not stand in for it: the decision was recorded
// with its address.
func (p *program) announced() string { return cmp.Or(p.where.Advertise, p.where.Address) }

func (p *program) Run(ctx context.Context, s cli.Streams) error {
	if p.check {
		return p.runCheck(ctx, s)
	}
	if !signal.Ignored(syscall.SIGHUP) {
		// It would tell the agent to reload, and there is none yet. Consul gets it
		// as it was.
		signal.Notify(make(chan os.Signal, 1), syscall.SIGHUP)
	}
	d, err := wire.ReadDecision(s.In)
	if err != nil {
		return exit.With(exit.Misuse, err)
	}
	a := p.agent(registry.Mode(d.Mode), p.launch(d), s)
	argv, err := consul.Arguments(a.Launch)
	if err != nil {
		return exit.With(exit.Misuse, err)
	}
	if d.Address != "" && d.Address != a.Launch.Advertise {
		s.Warnf("announcing %s, although the decision was made with %s", a.Launch.Advertise, d.Address)
	}
	if a.Files, err = consul.ReadConfig(a.Launch.ConfigPaths()); err != nil {
		// Consul refuses what cannot be read, and knows why.
		s.Warnf("configuration not compared with the decision: %v", err)
	}
	a.WarnOfConfig()
	if p.dryRun {
		return s.Print(wire.Command{Version: wire.Version, Argv: argv})
	}
	path, err := consul.Find(p.consul)
	if err != nil {
		return err
	}
	if err := a.Prepare(ctx, p.plan(d, path, s)); err != nil {
		return err
	}
	return consul.Become(path, argv)
}

// plan returns what a decision asks for before the agent starts. path is Consul's.
func (p *program) plan(d wire.Decision, path string, s cli.Streams) start.Plan {
	plan := start.Plan{
		Confirm: func(ctx context.Context) error {
			return node.Confirm(ctx, node.ClaimOf(d), p.recordOf(d.Registry), s)
		},
		Recover: d.Recover,
	}
	if d.Restore != "" {
		plan.Restore = &start.Source{
			Snapshot: d.Restore, Consul: path, Claim: node.ClaimOf(d), Timeout: p.timeout,
			Open: func(ctx context.Context) (registry.Store, error) { return open(ctx, d.Registry) },
			Interruptible: func(ctx context.Context) (context.Context, context.CancelFunc) {
				return cli.Interruptible(ctx, nil)
			},
		}
	}
	return plan
}

// runCheck prints what was checked, if an agent could be started here. Its error has
// the exit code that the start would have.
func (p *program) runCheck(ctx context.Context, s cli.Streams) error {
	mode := registry.Client
	if p.mode == string(registry.Server) {
		mode = registry.Server
	}
	a := p.agent(mode, consul.Launch{Bind: p.bind(), ConfigDir: p.configDir, Extra: p.extra}, s)
	path, release, err := a.Check(ctx, p.consul)
	if err != nil {
		return err
	}
	return s.Print(wire.Check{Version: wire.Version, Mode: string(mode), Consul: path, Release: release, DataDir: p.dir})
}

// agent returns the agent that is to be started.
func (p *program) agent(mode registry.Mode, l consul.Launch, s cli.Streams) start.Agent {
	return start.Agent{Dir: datadir.Dir(p.dir), Mode: mode, Launch: l, Patience: p.patience, Out: s}
}

// launch returns the way in which the agent of a decision is started.
func (p *program) launch(d wire.Decision) consul.Launch {
	return consul.Launch{
		Node: d.Node, Server: d.Mode == wire.Server,
		Bootstrap: d.Bootstrap, BootstrapExpect: d.BootstrapExpect,
		Bind: p.bind(), Advertise: cmp.Or(p.announced(), d.Address), Address: d.Address,
		Zone: d.Zone, Join: d.Join, DataDir: datadir.Dir(p.dir).Consul(registry.Mode(d.Mode)),
		ConfigDir: p.configDir, Extra: p.extra,
	}
}

// recordOf returns what reads the cluster record of a registry. The time is store time.
func (p *program) recordOf(url string) func(ctx context.Context) (*rule.Record, time.Time, error) {
	return func(ctx context.Context) (*rule.Record, time.Time, error) {
		ctx, cancel := context.WithTimeout(ctx, p.timeout)
		defer cancel()
		st, err := open(ctx, url)
		if err != nil {
			return nil, time.Time{}, err
		}
		seen, err := claim.Observer{Registry: &registry.Registry{Store: st}}.Record(ctx)
		return seen.Record, seen.Time, err
	}
}

// open opens the store of a registry.
func open(ctx context.Context, url string) (registry.Store, error) {
	at, err := registry.ParseLocation(url)
	if err != nil {
		return nil, exit.With(exit.Misuse, err)
	}
	return store.Open(ctx, at)
}
