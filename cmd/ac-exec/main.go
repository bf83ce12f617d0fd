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

	"auto-consul/lib/cli"
	"auto-consul/lib/consul"
	"auto-consul/lib/datadir"
	"auto-consul/lib/exit"
	"auto-consul/lib/node"
	"auto-consul/lib/registry"
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
	l := p.launch(d)
	argv, err := consul.Arguments(l)
	if err != nil {
		return exit.With(exit.Misuse, err)
	}
	if d.Address != "" && d.Address != l.Advertise {
		s.Warnf("announcing %s, although the decision was made with %s", l.Advertise, d.Address)
	}
	files, err := consul.ReadConfig(l.ConfigPaths())
	if err != nil {
		// Consul refuses what cannot be read, and knows why.
		s.Warnf("configuration not compared with the decision: %v", err)
	}
	warnOfConfig(s, l, files)
	if p.dryRun {
		return s.Print(wire.Command{Version: wire.Version, Argv: argv})
	}
	path, err := consul.Find(p.consul)
	if err != nil {
		return err
	}
	mode := registry.Mode(d.Mode)
	if err := p.occupy(s, mode, files); err != nil {
		return err
	}
	if err := node.Confirm(ctx, claimOf(d), p.recordOf(d.Registry), s); err != nil {
		return err
	}
	if err := p.takeRole(s, mode); err != nil {
		return err
	}
	if d.Restore != "" {
		if err := p.restore(ctx, s, d, l, files, path); err != nil {
			return err
		}
	}
	if d.Recover {
		if err := p.recoverData(l, files); err != nil {
			return err
		}
	}
	return consul.Become(path, argv)
}

// occupy makes the data directory this agent's.
func (p *program) occupy(s cli.Streams, mode registry.Mode, files []consul.File) error {
	if err := p.checkDirs(mode); err != nil {
		return err
	}
	dir := datadir.Dir(p.dir)
	if mode == registry.Server {
		if err := dir.CheckAge(consul.RejoinAgeMax(files)); err != nil {
			return err
		}
	}
	return dir.Occupy(p.patience, func() {
		s.Notef("waiting for the agent that runs on %s to end (%v at most)", p.dir, p.patience)
	})
}

// takeRole gets Consul's own folder ready. That a node cannot go on in the folder of its
// other mode, which may be another file system, costs it what is registered there, but
// does not keep it from its role.
func (p *program) takeRole(s cli.Streams, mode registry.Mode) error {
	dir := datadir.Dir(p.dir)
	if err := dir.EndRestore(); err != nil {
		return err
	}
	if err := dir.TakeRole(mode); err != nil {
		s.Warnf("the node id and the services of this node's other mode are not taken over: %v", err)
	}
	return datadir.CheckWritable(dir.Consul(mode))
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

// warnOfConfig warns of settings in the configuration files that contradict the
// arguments.
func warnOfConfig(s cli.Streams, l consul.Launch, files []consul.File) {
	for _, f := range files {
		found, err := consul.Contradictions(l, f)
		if err != nil {
			s.Warnf("configuration not compared with the decision: %v", err)
		}
		for _, line := range found {
			s.Warnf("%s", line)
		}
	}
}
