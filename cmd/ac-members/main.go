package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/signal"
	"slices"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"auto-consul/lib/claim"
	"auto-consul/lib/cli"
	"auto-consul/lib/registry"
	"auto-consul/lib/rule"
	"auto-consul/lib/store"
)

//go:embed doc.go
var doc string

func main() {
	os.Exit(run(context.Background(), os.Args[1:], cli.Std("ac-members")))
}

func run(ctx context.Context, args []string, s cli.Streams) int {
	return cli.Run(ctx, &program{}, doc, args, s)
}

type program struct {
	url, role, format string
	purge             bool
	limit, sample     int
	expiry, timeout   time.Duration
	watch, snapshots  time.Duration
	rest              []string
	flags             *cli.FlagSet
	at                registry.Location
	firstSeen         claim.FirstSeen // of what lies in the future
}

func (p *program) Flags(f *cli.FlagSet) {
	f.Registry(&p.url)
	f.Expiry(&p.expiry)
	f.Timeout(&p.timeout)
	f.StringVar(&p.role, "role", "all", "`role` to list: all, servers, agents, or none for the cluster record alone")
	f.BoolVar(&p.purge, "purge", true, "remove expired heartbeats")
	f.IntVar(&p.limit, "limit", 0, "read the addresses of only this `number` of members of each role; 0 for all")
	f.Sample(&p.sample, "the `number` that ac-heartbeat -sample was given, which the answer repeats")
	f.Snapshots(&p.snapshots, "what ac-heartbeat -snapshots was given: other than 0, the document has the newest snapshot")
	f.StringVar(&p.format, "format", "json", "`format` of the answer: json, tsv, table or prometheus")
	f.Duration(&p.watch, "watch", 0, "look again every so many `seconds`, and print a document when something has changed")
	f.Rest(&p.rest)
	p.flags = f
}

func (p *program) Check(cli.Streams) error {
	if len(p.rest) == 1 && !p.flags.Given("registry") {
		p.url, p.rest = p.rest[0], nil // the command line comes before the environment
	}
	var bad []error
	at, err := registry.ParseLocation(p.url)
	bad = append(bad, err, registry.CheckExpiry(p.expiry))
	if len(p.rest) > 0 {
		bad = append(bad, fmt.Errorf("unexpected argument %q", p.rest[0]))
	}
	bad = append(bad, cli.OneOf("role", p.role, "all", string(registry.Servers), string(registry.Agents), "none"), p.checkFormat())
	if p.limit < 0 {
		bad = append(bad, errors.New("bad -limit: want 1 or more, or 0 for all"))
	}
	bad = append(bad, cli.CheckSample(p.sample), cli.CheckSnapshots(p.snapshots), cli.CheckTimeout(p.timeout))
	p.at = at
	return cli.Problems(bad...)
}

func (p *program) Run(ctx context.Context, s cli.Streams) error {
	st, err := store.Open(ctx, p.at)
	if err != nil {
		return err
	}
	r := &registry.Registry{Store: st, Expiry: p.expiry}
	first, err := p.observe(ctx, r, s)
	if err != nil {
		return err
	}
	if err := p.print(s, first); err != nil || p.watch == 0 {
		return err
	}
	return p.follow(ctx, r, s, first)
}

// follow prints the membership whenever it changes, until it is told to stop.
func (p *program) follow(ctx context.Context, r *registry.Registry, s cli.Streams, last observation) error {
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	tick := time.NewTicker(p.watch)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		now, err := p.observe(ctx, r, s)
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil:
			s.Warnf("%v; next try in %v", err, p.watch)
		case !slices.Equal(p.roster(now), p.roster(last)):
			if err := p.print(s, now); err != nil {
				return err
			}
			last = now
		}
	}
}

// observation is one reading of the registry and what was purged in it.
type observation struct {
	registry.Snapshot
	cluster rule.Observation // its record alone
	purged  []string

	snapshot   *registry.ConsulSnapshot // the newest, nil if there is none
	noSnapshot error                    // why it is not known
}

func (p *program) observe(ctx context.Context, r *registry.Registry, s cli.Streams) (observation, error) {
	ctx, cancel := context.WithTimeout(ctx, p.timeout)
	defer cancel()
	var o observation
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() (err error) {
		if o.Snapshot, err = r.Read(gctx, p.query()); err == nil {
			p.firstSeen.Observe(time.Now(), o.Snapshot)
		}
		return err
	})
	g.Go(func() (err error) {
		o.cluster, err = claim.Observer{Registry: r}.Record(gctx)
		if err != nil {
			return err
		}
		return p.findSnapshot(gctx, r.Store, &o, s)
	})
	if err := g.Wait(); err != nil {
		return observation{}, err
	}
	if p.purge {
		var err error
		if o.purged, err = r.Purge(ctx, o.Expired); err != nil {
			s.Warnf("purged %d of %d expired heartbeats: %v", len(o.purged), len(o.Expired), err)
		}
	}
	return o, nil
}

func (p *program) query() registry.Query {
	q := registry.Query{Over: p.firstSeen.Over(time.Now(), p.expiry)} // of earlier readings (R53)
	switch p.role {
	case "all":
	case "none":
		q.Roles = []registry.Role{}
	default:
		q.Roles = []registry.Role{registry.Role(p.role)}
	}
	if p.limit > 0 {
		some := func(n int) []int { return rand.Perm(n)[:min(n, p.limit)] }
		q.Pick = map[registry.Role]registry.Pick{registry.Servers: some, registry.Agents: some}
	}
	return q
}
