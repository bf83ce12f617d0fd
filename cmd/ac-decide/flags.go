package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"auto-consul/lib/claim"
	"auto-consul/lib/cli"
	"auto-consul/lib/consul"
	"auto-consul/lib/registry"
	"auto-consul/lib/route"
	"auto-consul/lib/wire"
)

type program struct {
	url, node             string
	where                 cli.Announcement
	servers               int
	expiry, timeout, wait time.Duration
	ticks                 time.Duration
	dir, mode             string
	claims, birth, lost   string
	set, dryRun, resize   bool
	at                    registry.Location
}

func (p *program) Flags(f *cli.FlagSet) {
	f.Registry(&p.url)
	f.Node(&p.node, "the host name up to its first dot")
	f.Announcement(&p.where)
	f.Servers(&p.servers)
	f.Expiry(&p.expiry)
	f.Ticks(&p.ticks) // the runner's heartbeats: better refused now than after the agent's start
	f.DataDir(&p.dir)
	f.Timeout(&p.timeout)
	f.StringVar(&p.mode, "mode", "auto", "`mode` of this node: auto, server or agent to set it, kept if there must be one")
	f.StringVar(&p.birth, "birth", string(claim.First), "how a new cluster starts: `first`, by one server that the others join, or quorum, by all together")
	f.StringVar(&p.lost, "lost-cluster", string(claim.LostAuto), "where all servers of a cluster are silent: `wait`, bootstrap another, or auto, which waits if more than one is desired")
	f.Duration(&p.wait, "wait", 5*time.Minute, "bound on waiting for other nodes, in `seconds`")
	f.StringVar(&p.claims, "claims", "on", "`on`, or off: the plain rule, without the cluster record and with a race")
	f.BoolVar(&p.resize, "resize", false, "make -servers the cluster's desired number")
	f.BoolVar(&p.set, "set", false, "keep the -mode given and do nothing else")
	f.BoolVar(&p.dryRun, "dry-run", false, "decide, and write nothing")
}

func (p *program) Check(cli.Streams) error {
	bad := []error{oneOf("mode", p.mode, "auto", "kept", wire.Server, wire.Agent)}
	if p.dir == "" {
		bad = append(bad, errors.New("no -data-dir"))
	}
	if p.set {
		if p.mode != wire.Server && p.mode != wire.Agent {
			bad = append(bad, errors.New("-set wants -mode server or -mode agent"))
		}
		if p.dryRun {
			bad = append(bad, errors.New("-set writes, and -dry-run would not"))
		}
		return cli.Problems(bad...)
	}
	if p.url != "" {
		at, err := registry.ParseLocation(p.url)
		p.at = at
		bad = append(bad, err)
	}
	if p.node == "" {
		p.node = cli.ShortHostName()
	}
	bad = append(bad, p.checkAddress())
	if p.where.Bind != "" { // ac-exec's: better refused now than after a claim
		bad = append(bad, consul.CheckBind(p.where.Bind))
	}
	if p.servers < 1 {
		bad = append(bad, fmt.Errorf("bad -servers %d: want 1 or more", p.servers))
	}
	bad = append(bad, cli.CheckTimeout(p.timeout))
	if p.resize && p.claims == "off" {
		bad = append(bad, errors.New("-resize changes the cluster record, which -claims off does without"))
	}
	return cli.Problems(append(bad,
		registry.CheckNode(p.node), registry.CheckExpiry(p.expiry), registry.CheckTicks(p.ticks, p.expiry),
		oneOf("birth", p.birth, string(claim.First), string(claim.Quorum)),
		oneOf("lost-cluster", p.lost, string(claim.LostAuto), string(claim.LostWait), string(claim.LostBootstrap)),
		oneOf("claims", p.claims, "on", "off"))...)
}

// checkAddress gives the node the default route's address where it has none.
func (p *program) checkAddress() error {
	if p.where.Announced() == "" {
		ip, err := route.Local()
		if err != nil {
			return fmt.Errorf("no -address, and %w: -address decides", err)
		}
		p.where.Advertise = ip.String()
	}
	return registry.CheckAddress(p.where.Announced())
}

func oneOf(name, value string, choice ...string) error {
	if slices.Contains(choice, value) {
		return nil
	}
	return fmt.Errorf("bad -%s %q: want %s", name, value, strings.Join(choice, ", "))
}
