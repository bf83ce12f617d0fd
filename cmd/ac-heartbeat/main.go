package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"auto-consul/lib/cli"
	"auto-consul/lib/consul"
	"auto-consul/lib/datadir"
	"auto-consul/lib/registry"
	"auto-consul/lib/store"
)

//go:embed doc.go
var doc string

func main() {
	os.Exit(run(context.Background(), os.Args[1:], cli.Std("ac-heartbeat")))
}

func run(ctx context.Context, args []string, s cli.Streams) int {
	return cli.Run(ctx, &program{}, doc, args, s)
}

type program struct {
	url, node     string
	where         cli.Announcement
	expiry, ticks time.Duration
	timeout       time.Duration
	dir           string
	wait          string
	leave, force  bool
	at            registry.Location
}

func (p *program) Flags(f *cli.FlagSet) {
	f.Registry(&p.url)
	f.Node(&p.node, "the agent's own")
	f.Announcement(&p.where)
	f.Expiry(&p.expiry)
	f.Ticks(&p.ticks)
	f.DataDir(&p.dir)
	f.Timeout(&p.timeout)
	f.StringVar(&p.wait, "wait", "", "beat once, when the agent is `joined`, leader (there is one) or voter, within the timeout")
	f.BoolVar(&p.leave, "leave", false, "make the agent leave, remove its heartbeats and give its slot back")
	f.BoolVar(&p.force, "force", false, "with -leave: even if the quorum goes with it")
}

func (p *program) Check(s cli.Streams) error {
	at, err := registry.ParseLocation(p.url)
	p.at = at
	bad := []error{err, registry.CheckExpiry(p.expiry)}
	if p.node != "" {
		bad = append(bad, registry.CheckNode(p.node))
	}
	if address := p.where.Announced(); address != "" {
		bad = append(bad, registry.CheckAddress(address))
	}
	bad = append(bad, registry.CheckTicks(p.ticks, p.expiry))
	if p.ticks > p.expiry/2 && p.ticks <= p.expiry {
		s.Warnf("-ticks %v is more than half the expiry, %v: one beat that fails makes the node count as dead", p.ticks, p.expiry)
	}
	if _, err := cli.ParseDuration(p.wait); err == nil {
		p.wait = "" // ac-decide's, from the environment or file that they share
	} else if p.wait != "" && !slices.Contains([]string{joined, leader, voter}, p.wait) {
		bad = append(bad, fmt.Errorf("bad -wait %q: want joined, leader or voter", p.wait))
	}
	bad = append(bad, cli.CheckTimeout(p.timeout))
	if p.dir == "" {
		bad = append(bad, errors.New("no -data-dir"))
	}
	return cli.Problems(bad...)
}

func (p *program) Run(ctx context.Context, s cli.Streams) error {
	agent, err := consul.NewAgent()
	if err != nil {
		return cli.Fail(cli.Misuse, err)
	}
	st, err := store.Open(ctx, p.at)
	if err != nil {
		return store.Fail(err)
	}
	h := &heart{
		program: p, agent: agent, out: s, dir: datadir.Dir(p.dir),
		registry: &registry.Registry{Store: st, Expiry: p.expiry},
		joins:    &joins{agent: agent, busy: map[string]bool{}},
	}
	switch {
	case p.leave:
		return h.leave(ctx)
	case p.wait != "":
		return h.gate(ctx)
	case p.ticks > 0:
		return h.loop(ctx)
	}
	_, _, err = h.beat(ctx)
	return failure(err)
}

// failure gives a beat's error its exit code.
func failure(err error) error {
	switch {
	case errors.Is(err, consul.ErrNotRunning), errors.Is(err, consul.ErrSilent):
		return cli.Fail(cli.NotRunning, err)
	case errors.Is(err, consul.ErrNoPermission):
		return cli.Fail(cli.Failure, err)
	}
	return err
}
