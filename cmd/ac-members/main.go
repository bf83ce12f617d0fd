package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"syscall"
	"time"

	"auto-consul/lib/cli"
	"auto-consul/lib/members"
	"auto-consul/lib/registry"
	"auto-consul/lib/status"
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

// checkFormat returns what is wrong with the format, by itself or with other flags.
func (p *program) checkFormat() error {
	switch {
	case p.shows() && p.role != "all":
		return fmt.Errorf("-format %s wants -role all: it shows servers and clients", p.format)
	case p.format == "prometheus" && p.watch > 0:
		return errors.New("-format prometheus cannot be used with -watch: a file of metrics is written as a whole")
	}
	return cli.OneOf("format", p.format, "json", "tsv", "table", "prometheus")
}

// shows reports whether the answer is for people or monitoring, and shows what is known
// where something is not.
func (p *program) shows() bool { return p.format == "table" || p.format == "prometheus" }

func (p *program) Run(ctx context.Context, s cli.Streams) error {
	st, err := store.Open(ctx, p.at)
	if err != nil {
		return err
	}
	r := &members.Reader{
		Registry: &registry.Registry{Store: st, Expiry: p.expiry},
		Limit:    p.limit, Purge: p.purge, Timeout: p.timeout, Warnf: s.Warnf,
		FindNewest: p.shows() || p.snapshots > 0 && p.format == "json", Forgiving: p.shows(),
	}
	switch p.role {
	case "all":
	case "none":
		r.Roles = []registry.Role{}
	default:
		r.Roles = []registry.Role{registry.Role(p.role)}
	}
	first, err := r.Read(ctx)
	if err != nil {
		return err
	}
	if err := p.print(s, first); err != nil || p.watch == 0 {
		return err
	}
	return p.follow(ctx, r, s, first)
}

// follow prints the membership whenever it changes, until it is told to stop.
func (p *program) follow(ctx context.Context, r *members.Reader, s cli.Streams, last members.Reading) error {
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
		now, err := r.Read(ctx)
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil:
			s.Warnf("%v; next try in %v", err, p.watch)
		case !slices.Equal(r.Roster(now), r.Roster(last)):
			if err := p.print(s, now); err != nil {
				return err
			}
			last = now
		}
	}
}

func (p *program) print(s cli.Streams, o members.Reading) error {
	shown := status.Status{
		Registry: p.at.String(), Seen: o.Seen(), Expiry: p.expiry, Purged: len(o.Purged), Sample: p.sample, Snapshot: o.ConsulSnapshot,
	}
	switch {
	case o.Unlisted != nil:
		shown.NoSnapshot = "not known"
	case o.ConsulSnapshot == nil && p.snapshots > 0 && o.Cluster.Record != nil:
		shown.NoSnapshot = "none"
	}
	var text string
	switch p.format {
	case "tsv":
		text = o.Lines()
	case "table":
		text = shown.Table()
	case "prometheus":
		return s.PrintText(shown.Metrics())
	default:
		d := o.Document(p.at.String(), p.expiry)
		d.Sampled = p.sample
		return s.Print(d)
	}
	if p.watch > 0 {
		text += "\n" // an empty line ends each table of a stream
	}
	return s.PrintText(text)
}
