package cli

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/peterbourgon/ff/v3"
)

// envPrefix begins the environment variable of every flag.
const envPrefix = "AC"

// aliases are the short options, the same in all programs.
var aliases = map[string]string{
	"registry": "r", "node": "n", "address": "a", "bind": "b", "data-dir": "d",
	"config-dir": "c", "expiry": "e", "ticks": "t", "servers": "s",
}

// settings are the names of all flags of all programs. One configuration file
// serves them all, so a program passes over what belongs to another, and still
// refuses what belongs to none.
var settings = strings.Fields(`
	address advertise bind birth birth-wait claims config-dir config-file consul data-dir
	eligible expiry format grace limit lost-cluster mode node purge registry
	role sample servers snapshots ticks timeout wait watch zone`)

// verbs are the names of all flags that make a program act, or stop it. They are
// taken from the command line only: the environment and the file are shared by all
// programs, and a setting there must not turn a heartbeat into a leave.
var verbs = strings.Fields("again check dry-run force gone leave offline recover resize set until version")

// FlagSet defines flags. Every flag has one spelling in all programs; those
// that several share are methods here.
type FlagSet struct {
	*flag.FlagSet
	verbs   *flag.FlagSet // taken from the command line only
	version bool
	rest    *[]string
	given   []string // the command line's flags, in long form
	ignored []string // verbs outside the command line
}

func newFlagSet(program string) *FlagSet {
	f := &FlagSet{
		FlagSet: flag.NewFlagSet(program, flag.ContinueOnError), verbs: flag.NewFlagSet(program, flag.ContinueOnError),
	}
	f.SetOutput(io.Discard)
	f.verbs.SetOutput(io.Discard)
	f.String("config-file", "", "`file` with one setting a line: name value")
	f.verbs.BoolVar(&f.version, "version", false, "print program, version, revision and Go's version, and exit")
	return f
}

// Verb defines a flag that makes the program act. It is taken from the command line
// only.
func (f *FlagSet) Verb(p *bool, name, usage string) { f.verbs.BoolVar(p, name, false, usage) }

// VerbString is [FlagSet.Verb] for a flag with a value.
func (f *FlagSet) VerbString(p *string, name, usage string) { f.verbs.StringVar(p, name, "", usage) }

// VerbList is [FlagSet.Verb] for a flag that may be given several times, each with a value.
func (f *FlagSet) VerbList(p *[]string, name, usage string) {
	f.verbs.Func(name, usage, func(value string) error {
		*p = append(*p, value)
		return nil
	})
}

// DryRun defines -dry-run.
func (f *FlagSet) DryRun(p *bool, usage string) { f.Verb(p, "dry-run", usage) }

// Wait defines -wait, the bound on waiting for others.
func (f *FlagSet) Wait(p *time.Duration) {
	f.Duration(p, "wait", 5*time.Minute, "`seconds` to wait at most")
}

// Mode defines -mode; usage says what the program does with it.
func (f *FlagSet) Mode(p *string, value, usage string) { f.StringVar(p, "mode", value, usage) }

// Registry defines -registry.
func (f *FlagSet) Registry(p *string) {
	f.StringVar(p, "registry", "", "registry `URL`: s3://bucket[/prefix] or file:///absolute/path")
}

// Node defines -node; fallback says what stands in for it.
func (f *FlagSet) Node(p *string, fallback string) {
	f.StringVar(p, "node", "", "node `name`; "+fallback+" if not given")
}

// DataDir defines -data-dir.
func (f *FlagSet) DataDir(p *string) {
	f.StringVar(p, "data-dir", "/tmp/consul/state", "local state; Consul's own data goes to its server or agent `folder`")
}

// ConfigDir defines -config-dir.
func (f *FlagSet) ConfigDir(p *string) {
	f.StringVar(p, "config-dir", "", "`folder` of configuration that is passed to Consul")
}

// Expiry defines -expiry.
func (f *FlagSet) Expiry(p *time.Duration) {
	f.Duration(p, "expiry", 120*time.Second, "`seconds` after which a heartbeat no longer counts")
}

// Ticks defines -ticks.
func (f *FlagSet) Ticks(p *time.Duration) {
	f.Duration(p, "ticks", 0, "`seconds` between heartbeats; one beat if not given")
}

// Sample defines -sample; usage says what the program does with it.
func (f *FlagSet) Sample(p *int, usage string) { f.IntVar(p, "sample", 0, usage) }

// CheckSample refuses a sample of fewer than no clients.
func CheckSample(n int) error {
	if n < 0 {
		return fmt.Errorf("bad -sample %d: want 1 or more, or 0 for every client", n)
	}
	return nil
}

// Snapshots defines -snapshots; usage says what the program does with it.
func (f *FlagSet) Snapshots(p *time.Duration, usage string) { f.Duration(p, "snapshots", 0, usage) }

// CheckSnapshots refuses an interval that the stamps of snapshots cannot tell.
func CheckSnapshots(d time.Duration) error {
	if d%time.Second != 0 {
		return fmt.Errorf("bad -snapshots %v: want whole seconds, or 0 for no snapshots", d)
	}
	return nil
}

// Eligible defines -eligible.
func (f *FlagSet) Eligible(p *bool) {
	f.BoolVar(p, "eligible", false, "this node may change role by itself, because something decides again after 75")
}

// Grace defines -grace.
func (f *FlagSet) Grace(p *time.Duration) {
	f.Duration(p, "grace", 0, "`seconds` that a vacant place waits for a machine that starts, before a client takes it; 0 for the expiry")
}

// Zone defines -zone.
func (f *FlagSet) Zone(p *string) {
	f.StringVar(p, "zone", "", "failure `domain` of this node, such as an availability zone; those with fewer servers come first")
}

// Servers defines -servers.
func (f *FlagSet) Servers(p *int) { f.IntVar(p, "servers", 1, "desired `number` of servers") }

// Timeout defines -timeout.
func (f *FlagSet) Timeout(p *time.Duration) {
	f.Duration(p, "timeout", 30*time.Second, "`seconds` that work with the registry may take at most")
}

// CheckTimeout refuses a timeout that leaves no time for anything.
func CheckTimeout(d time.Duration) error {
	if d == 0 {
		return errors.New("bad -timeout 0s: want more than 0")
	}
	return nil
}

// Duration defines a flag that takes whole seconds (120) or a Go duration (2m).
func (f *FlagSet) Duration(p *time.Duration, name string, value time.Duration, usage string) {
	*p = value
	f.Var((*duration)(p), name, usage)
}

// OptionalDuration is [FlagSet.Duration] for a flag that has no value where it is not
// given; p is negative then. usage says what takes its place.
func (f *FlagSet) OptionalDuration(p *time.Duration, name, usage string) {
	f.Duration(p, name, -1, usage)
}

// IntVar defines a flag that takes a number.
func (f *FlagSet) IntVar(p *int, name string, value int, usage string) {
	*p = value
	f.Var((*number)(p), name, usage)
}

// BoolVar defines a flag that is true where it stands alone.
func (f *FlagSet) BoolVar(p *bool, name string, value bool, usage string) {
	*p = value
	f.Var((*boolean)(p), name, usage)
}

// Rest takes the arguments that follow the flags. A program that does not ask
// for them refuses them.
func (f *FlagSet) Rest(p *[]string) { f.rest = p }

// Given reports whether a flag was on the command line.
func (f *FlagSet) Given(name string) bool {
	return slices.ContainsFunc(f.given, func(arg string) bool { return strings.HasPrefix(arg, "-"+name+"=") })
}

// parse reads the command line, then the environment, then the file.
func (f *FlagSet) parse(args []string) error {
	canonical, err := f.canonical(args)
	if err != nil {
		return err
	}
	if f.version {
		return nil // no setting can be wrong
	}
	f.verbs.VisitAll(func(def *flag.Flag) {
		if name := envName(def.Name); os.Getenv(name) != "" {
			f.ignored = append(f.ignored, name)
		}
	})
	err = plain(ff.Parse(f.FlagSet, canonical,
		ff.WithEnvVarPrefix(envPrefix),
		ff.WithConfigFileFlag("config-file"),
		ff.WithConfigFileParser(f.readFile)))
	switch {
	case err != nil:
		return err
	case f.rest != nil:
		*f.rest = f.Args()
	case f.NArg() > 0:
		return fmt.Errorf("unexpected argument %q", f.Arg(0))
	}
	return nil
}

// readFile reads a configuration file, passing over other programs' settings.
// It is read first, because the parser takes a failed read for the end.
func (f *FlagSet) readFile(r io.Reader, set func(name, value string) error) error {
	data, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	return ff.PlainParser(bytes.NewReader(data), func(name, value string) error {
		switch {
		case f.verbs.Lookup(name) != nil:
			f.ignored = append(f.ignored, name+" in the configuration file")
			return nil
		case f.Lookup(name) == nil && (slices.Contains(settings, name) || slices.Contains(verbs, name)):
			return nil
		}
		return set(name, value)
	})
}
