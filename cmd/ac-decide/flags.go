package main

import (
	"errors"
	"fmt"
	"time"

	"auto-consul/lib/cli"
	"auto-consul/lib/consul"
	"auto-consul/lib/datadir"
	"auto-consul/lib/registry"
	"auto-consul/lib/route"
	"auto-consul/lib/rule"
)

type program struct {
	url, node             string
	where                 cli.Announcement
	zone                  string
	servers               int
	expiry, timeout, wait time.Duration
	ticks, birthWait      time.Duration
	dir                   datadir.Dir
	configDir, mode       string
	claims, birth, lost   string
	flags                 *cli.FlagSet
	set, dryRun, resize   bool
	offline               bool
	recover               bool
	gone                  []string
	at                    registry.Location
}

// Values of -mode beside the modes.
const (
	auto = "auto" // the kept one, or what is decided
	kept = "kept" // the kept one, which must be there
)

func (p *program) Flags(f *cli.FlagSet) {
	f.Registry(&p.url)
	f.Node(&p.node, "the host name up to its first dot")
	f.Announcement(&p.where)
	f.Zone(&p.zone)
	f.Servers(&p.servers)
	f.Expiry(&p.expiry)
	f.Ticks(&p.ticks) // the runner's heartbeats: better refused now than after the agent's start
	f.DataDir((*string)(&p.dir))
	f.ConfigDir(&p.configDir)
	f.Timeout(&p.timeout)
	f.Mode(&p.mode, auto, "`mode` of this node: server or agent; kept for the one that the data directory keeps; auto to decide where none is kept")
	f.StringVar(&p.birth, "birth", string(rule.Auto), "how a new cluster of several servers starts: `auto`, by all together if they come within -birth-wait, and otherwise by one; quorum, by all together; first, by one that the others join")
	f.OptionalDuration(&p.birthWait, "birth-wait", "with -birth auto: how many `seconds` the first servers wait for the others, half the expiry at most; a quarter of it if not given")
	f.StringVar(&p.lost, "lost-cluster", string(rule.LostAuto), "what to do when all servers of a cluster are silent: `wait`, bootstrap an empty one, restore the newest snapshot, or auto, which waits if more than one server is desired, and else restores or, without a snapshot, bootstraps")
	f.Wait(&p.wait)
	f.StringVar(&p.claims, "claims", "on", "`on`, or off to decide by the heartbeats alone, without the cluster record and with a race")
	p.flags = f
	f.Verb(&p.resize, "resize", "change the cluster's desired number of servers to -servers")
	f.Verb(&p.set, "set", "keep the given -mode, or -offline, for the next start, and do nothing else")
	f.Verb(&p.offline, "offline", "with -set: keep that the next decision of this server may do without the store")
	f.Verb(&p.recover, "recover", "bring a cluster back that has lost its quorum, with the newest data of the servers on which this is typed")
	f.VerbList(&p.gone, "gone", "with -recover: the `name` of a server that is powered off for good; once for each")
	f.DryRun(&p.dryRun, "decide, and write nothing")
}

func (p *program) Check(cli.Streams) error {
	bad := []error{cli.OneOf("mode", p.mode, auto, kept, string(registry.Server), string(registry.Client))}
	if p.dir == "" {
		bad = append(bad, errors.New("no -data-dir"))
	}
	if p.set {
		if !p.offline && !registry.Mode(p.mode).Known() {
			bad = append(bad, errors.New("-set wants -mode server or -mode agent"))
		}
		if p.dryRun {
			bad = append(bad, errors.New("-set and -dry-run exclude each other"))
		}
		return cli.Problems(bad...)
	}
	if p.offline {
		bad = append(bad, errors.New("-offline goes with -set"))
	}
	bad = append(bad, p.checkRecover())
	if p.url != "" {
		at, err := registry.ParseLocation(p.url)
		p.at = at
		bad = append(bad, err)
	}
	if p.node == "" {
		p.node = cli.ShortHostName()
	}
	bad = append(bad, p.findAddress())
	if p.where.Bind != "" { // ac-exec's: better refused now than after a claim
		bad = append(bad, consul.CheckBind(p.where.Bind))
	}
	if p.servers < 1 {
		bad = append(bad, fmt.Errorf("bad -servers %d: want 1 or more", p.servers))
	}
	bad = append(bad, cli.CheckTimeout(p.timeout))
	if p.resize && p.claims == "off" {
		bad = append(bad, errors.New("-resize changes the cluster record, and -claims off uses none"))
	}
	return cli.Problems(append(bad,
		registry.CheckNode(p.node), registry.CheckZone(p.zone), registry.CheckExpiry(p.expiry), registry.CheckTicks(p.ticks, p.expiry),
		cli.OneOf("birth", p.birth, string(rule.Auto), string(rule.First), string(rule.Quorum)), rule.CheckBirthWait(p.birthWait, p.expiry),
		cli.OneOf("lost-cluster", p.lost, string(rule.LostAuto), string(rule.LostWait), string(rule.LostBootstrap), string(rule.LostRestore)),
		cli.OneOf("claims", p.claims, "on", "off"))...)
}

// checkRecover returns what is wrong with the flags of a recovery.
func (p *program) checkRecover() error {
	var bad []error
	switch {
	case !p.recover && len(p.gone) > 0:
		return errors.New("-gone goes with -recover")
	case !p.recover:
		return nil
	case p.resize || p.claims == "off":
		bad = append(bad, errors.New("-recover goes with neither -resize nor -claims off"))
	case p.url == "":
		bad = append(bad, errors.New("-recover wants a -registry"))
	}
	for _, name := range p.gone {
		bad = append(bad, registry.CheckNode(name))
	}
	return cli.Problems(bad...)
}

// findAddress gives the node the default route's address where it has none, and returns what
// is wrong with the address.
func (p *program) findAddress() error {
	if p.where.Announced() == "" {
		ip, err := route.Local()
		if err != nil {
			return fmt.Errorf("no -address, and %w; give -address", err)
		}
		p.where.Advertise = ip.String()
	}
	return registry.CheckAddress(p.where.Announced())
}

// policy returns what the rules are told. It is asked after [program.input], which may say the
// registry and the expiry.
func (p *program) policy() rule.Policy {
	wait := p.birthWait
	if wait < 0 { // it was not given
		wait = rule.DefaultBirthWait(p.expiry)
	}
	return rule.Policy{
		Desired: p.servers, Birth: rule.Birth(p.birth), BirthWait: wait, Lost: rule.Lost(p.lost), LostTyped: p.flags.Given("lost-cluster"),
		Resize: p.resize, Expiry: p.expiry,
		StartOver: p.command(rule.LostBootstrap), Restore: p.command(rule.LostRestore),
		Retry: "rm " + p.dir.FailedRestoresFile(), Remove: p.at.Removal(),
	}
}

// command returns the command that decides what becomes of a lost cluster.
func (p *program) command(lost rule.Lost) string {
	return fmt.Sprintf("ac-decide -registry %s -node %s -address %s -data-dir %s -servers %d -expiry %d -lost-cluster %s",
		p.at, p.node, p.where.Announced(), p.dir, p.servers, p.expiry/time.Second, lost)
}
