package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"auto-consul/lib/cli"
	"auto-consul/lib/consul"
	"auto-consul/lib/datadir"
	"auto-consul/lib/exit"
	"auto-consul/lib/supervise"
)

// checkCommand returns what is wrong with the command that follows the flags.
func (p *program) checkCommand() error {
	rest := len(p.args) - len(p.command)
	switch {
	case len(p.command) == 0 && p.again:
		return errors.New("-again wants a command: -- command")
	case len(p.command) == 0:
		return nil
	case rest == 0 || p.args[rest-1] != "--":
		return fmt.Errorf("unexpected argument %q: a command follows --", p.command[0])
	case p.until != "" || p.leave || p.dryRun:
		return errors.New("-until, -leave and -dry-run go with no command")
	case p.ticks == 0 && !p.again:
		return errors.New("no -ticks: how often to beat beside the command")
	}
	return nil
}

// lacksCommand reports whether no command follows --, as where a variable is empty. That is
// no error: a runner of an earlier release starts its beats so after an upgrade.
func (p *program) lacksCommand() bool {
	return len(p.command) == 0 && len(p.args) > 0 && p.args[len(p.args)-1] == "--"
}

// supervise runs the command and, with -ticks, beats beside it: this program again,
// with the same settings and without the command.
func (p *program) supervise(s cli.Streams) error {
	// The command reads the same folder, and says what is wrong with it. A node that has run
	// before is started again while the store is away.
	kept, err := datadir.Dir(p.dir).Mode()
	c := supervise.Command{
		Args: p.command, Again: p.again, ComesBack: err == nil && kept != "", In: s.In, Out: s.Out, Err: s.Err, Warn: s.Warnf,
	}
	if p.ticks > 0 {
		if _, err := consul.NewAgent(); err != nil { // the beats would only say so again and again
			return exit.With(exit.Misuse, err)
		}
		settings := slices.DeleteFunc(slices.Clone(p.args[:len(p.args)-len(p.command)-1]), func(arg string) bool {
			name, _, _ := strings.Cut(strings.TrimLeft(arg, "-"), "=")
			return strings.HasPrefix(arg, "-") && name == "again"
		})
		c.Finish = p.timeout // a server that steps down gives its slot back after its agent's end
		c.Beat = append([]string{s.Name}, settings...)
	}
	code, err := supervise.Run(c)
	if err != nil {
		return exit.With(exit.Code(code), err)
	}
	p.ended = code
	return nil
}
