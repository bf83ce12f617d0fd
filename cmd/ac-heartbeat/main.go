package main

import (
	"cmp"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"syscall"
	"time"

	"auto-consul/lib/claim"
	"auto-consul/lib/cli"
	"auto-consul/lib/consul"
	"auto-consul/lib/datadir"
	"auto-consul/lib/exit"
	"auto-consul/lib/node"
	"auto-consul/lib/registry"
	"auto-consul/lib/start"
	"auto-consul/lib/store"
	"auto-consul/lib/supervise"
)

//go:embed doc.go
var doc string

func main() {
	os.Exit(run(context.Background(), os.Args[1:], cli.Std("ac-heartbeat")))
}

func run(ctx context.Context, args []string, s cli.Streams) int {
	if code, ok := supervise.Role(args); ok {
		return code
	}
	p := &program{args: args}
	return cmp.Or(cli.Run(ctx, p, doc, args, s), p.ended)
}

type program struct {
	url, node     string
	where         cli.Announcement
	expiry, ticks time.Duration
	timeout, wait time.Duration
	sample        int
	eligible      bool
	grace         time.Duration
	zone          string
	snapshots     time.Duration
	dir           string
	until         string
	leave, force  bool
	dryRun        bool
	at            registry.Location
	args, command []string // of the command line
	again         bool
	ended         int // exit code of the command
	flags         *cli.FlagSet
}

func (p *program) Flags(f *cli.FlagSet) {
	f.Registry(&p.url)
	f.Node(&p.node, "the agent's own")
	f.Announcement(&p.where)
	f.Expiry(&p.expiry)
	f.Ticks(&p.ticks)
	f.Sample(&p.sample, "with -ticks: only about this `number` of clients are live at a time; 0 for all")
	f.Eligible(&p.eligible)
	f.Grace(&p.grace)
	f.Zone(&p.zone)
	f.Snapshots(&p.snapshots, "with -ticks: the raft leader keeps a snapshot of Consul's state in the registry every so many `seconds`; 0 for none")
	f.DataDir(&p.dir)
	f.Timeout(&p.timeout)
	f.Wait(&p.wait)
	f.VerbString(&p.until, "until", "beat once, when the agent is `joined`, leader (there is one) or voter, after -wait at most")
	f.Verb(&p.leave, "leave", "make the agent leave, remove its heartbeats and give its slot back")
	f.Verb(&p.force, "force", "with -leave: even if the quorum goes with it")
	f.DryRun(&p.dryRun, "print the heartbeat that would be written, and write nothing")
	f.Verb(&p.again, "again", "with a command: start it again on 75, and without -ticks just watch over it; the runner's")
	f.Rest(&p.command)
	p.flags = f
}

func (p *program) Check(s cli.Streams) error {
	if p.again && p.ticks == 0 { // no heartbeats: the command judges its settings itself
		return p.checkCommand()
	}
	at, err := registry.ParseLocation(p.url)
	p.at = at
	bad := []error{err, registry.CheckExpiry(p.expiry), registry.CheckZone(p.zone)}
	if p.node != "" {
		bad = append(bad, registry.CheckNode(p.node))
	}
	if address := p.where.Announced(); address != "" {
		bad = append(bad, registry.CheckAddress(address))
	}
	bad = append(bad, registry.CheckTicks(p.ticks, p.expiry))
	if p.ticks > p.expiry/2 && p.ticks <= p.expiry && len(p.command) == 0 {
		s.Warnf("-ticks %v is more than half the expiry, %v: one beat that fails makes the node count as dead", p.ticks, p.expiry)
	}
	if p.lacksCommand() {
		s.Warnf("no command follows --: this beats beside an agent that others start")
	}
	bad = append(bad, p.checkVerbs(), p.checkCommand(), cli.CheckSample(p.sample), cli.CheckSnapshots(p.snapshots), cli.CheckTimeout(p.timeout))
	if p.dir == "" {
		bad = append(bad, errors.New("no -data-dir"))
	}
	return cli.Problems(bad...)
}

// checkVerbs returns what is wrong with the flags that say what to do.
func (p *program) checkVerbs() error {
	chosen := 0
	for _, verb := range []bool{p.until != "", p.leave, p.dryRun} {
		if verb {
			chosen++
		}
	}
	switch {
	case p.until != "" && !slices.Contains(node.Gates, node.Gate(p.until)):
		return fmt.Errorf("bad -until %q: want joined, leader or voter", p.until)
	case chosen > 1:
		return errors.New("-until, -leave and -dry-run exclude each other")
	case p.force && !p.leave:
		return errors.New("-force goes with -leave")
	}
	return nil
}

func (p *program) Run(ctx context.Context, s cli.Streams) error {
	if len(p.command) > 0 {
		return p.supervise(s)
	}
	agent, err := consul.NewAgent()
	if err != nil {
		return exit.With(exit.Misuse, err)
	}
	agent.Process = datadir.Dir(p.dir).Occupant
	st, err := store.Open(ctx, p.at)
	if err != nil {
		return err
	}
	b := &node.Beater{
		Agent: agent, Disk: datadir.Dir(p.dir), Out: s, Random: claim.NewRandom(),
		Observer: claim.Observer{Registry: &registry.Registry{Store: st, Expiry: p.expiry}},
		Node:     p.node, Address: p.where.Announced(), Expiry: p.expiry, Ticks: p.ticks, Timeout: p.timeout,
		Sample: p.sample, Eligible: p.eligible, Grace: p.grace, Zone: p.zone, Snapshots: p.snapshots,
		MayServe: p.mayServe, Answers: consul.Answers,
	}
	switch {
	case p.leave:
		return b.Leave(ctx, p.force)
	case p.until != "":
		return b.Until(ctx, node.Gate(p.until), p.wait)
	case p.dryRun:
		return b.Preview(ctx)
	case p.ticks == 0:
		return b.Beat(ctx)
	}
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	return b.Run(ctx)
}

// mayServe asks whether a Consul server could be started here, with the settings that
// ac-exec shares with this program.
func (p *program) mayServe(ctx context.Context) error {
	flags := []string{"-data-dir", p.dir}
	for name, value := range map[string]string{
		"-address": p.where.Address, "-bind": p.where.Bind, "-advertise": p.where.Advertise,
		"-config-file": p.flags.Lookup("config-file").Value.String(),
	} {
		if value != "" {
			flags = append(flags, name, value)
		}
	}
	return start.MayServe(ctx, flags...)
}
