// Package cli is what the programs have in common: flags on ff, the lines on
// standard error and the documents on standard output. It knows nothing of
// registries and Consul.
//
// Manners on standard error: one line for each matter, lower case, no full stop,
// "program: error: …" for what ended the program, "program: warning: …" for
// what did not, "program: …" for progress. Standard output carries complete
// documents or nothing.
package cli

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"unicode"

	"auto-consul/lib/exit"
)

// Program is one command. Its methods are called in this order.
type Program interface {
	// Flags defines the program's flags.
	Flags(f *FlagSet)
	// Check judges all settings together once they are parsed. What it returns
	// ends the program as [exit.Misuse]. It may fill in defaults.
	Check(s Streams) error
	// Run does the work. [exit.Of] gives its error the exit code.
	Run(ctx context.Context, s Streams) error
}

// Streams are the three standard streams of a program and its name.
type Streams struct {
	Name string
	In   io.Reader
	Out  io.Writer
	Err  io.Writer
}

// Std returns the process's own streams.
func Std(name string) Streams { return Streams{name, os.Stdin, os.Stdout, os.Stderr} }

// Run parses args, the environment and the configuration file, checks them,
// runs the program and reports its error. doc is the source of the file that
// holds the program's package comment, which is its help text.
//
// The environment is the process's own: ff, the AWS SDK and Consul's client
// read nothing else.
func Run(ctx context.Context, p Program, doc string, args []string, s Streams) int {
	f := newFlagSet(s.Name)
	p.Flags(f)
	err := f.parse(args)
	if len(f.ignored) > 0 {
		s.Warnf("passed over: %s; what a program is to do is taken from the command line only", strings.Join(f.ignored, ", "))
	}
	switch {
	case errors.Is(err, flag.ErrHelp):
		err = s.PrintText(f.help(doc))
	case err == nil && f.version:
		err = s.Print(newBuild(s.Name))
	case err == nil:
		if err = exit.With(exit.Misuse, p.Check(s)); err == nil {
			err = p.Run(ctx, s)
		}
	default:
		err = exit.With(exit.Misuse, err)
	}
	if err != nil {
		s.say("error: ", err.Error())
	}
	return int(exit.Of(err))
}

// Print writes one document, complete, on one line and in one write.
func (s Streams) Print(doc any) error {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(doc); err != nil {
		return err
	}
	return s.PrintText(b.String())
}

// PrintText writes a document that is text already.
func (s Streams) PrintText(text string) error {
	if _, err := io.WriteString(s.Out, text); err != nil {
		return fmt.Errorf("write standard output: %w", err)
	}
	return nil
}

// Warnf reports on standard error what went wrong without ending the program.
func (s Streams) Warnf(format string, args ...any) {
	s.say("warning: ", fmt.Sprintf(format, args...))
}

// Notef reports progress on standard error.
func (s Streams) Notef(format string, args ...any) { s.say("", fmt.Sprintf(format, args...)) }

// say writes one line. What comes from outside may hold line ends and terminal
// escapes; they would forge further lines.
func (s Streams) say(kind, text string) {
	clean := strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.ReplaceAll(strings.TrimSpace(text), "\n", "; "))
	// Nobody is left to tell when standard error is gone.
	_, _ = fmt.Fprintf(s.Err, "%s: %s%s\n", s.Name, kind, clean)
}

// Problems joins what [Program.Check] found wrong into one line; nil if there
// is nothing.
func Problems(errs ...error) error {
	var lines []string
	for _, err := range errs {
		if err != nil {
			lines = append(lines, err.Error())
		}
	}
	if lines == nil {
		return nil
	}
	return errors.New(strings.Join(lines, "; "))
}

// OneOf returns an error if the value of a flag is none of those that it may have.
func OneOf(name, value string, choice ...string) error {
	if slices.Contains(choice, value) {
		return nil
	}
	return fmt.Errorf("bad -%s %q: want %s", name, value, strings.Join(choice, ", "))
}
