// Package cli is what the programs have in common: flags on ff, exit codes, the
// lines on standard error and the documents on standard output. It knows
// nothing of registries and Consul.
//
// Manners on standard error: one line a matter, lower case, no full stop,
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
	"strings"
	"unicode"
)

// Program is one command. Its methods are called in this order.
type Program interface {
	// Flags defines the program's flags.
	Flags(f *FlagSet)
	// Check judges all settings together once they are parsed; what it returns
	// ends the program as [Misuse]. It may fill in defaults.
	Check(s Streams) error
	// Run does the work. An error without a code is a [Failure].
	Run(ctx context.Context, s Streams) error
}

// Streams are the three standard streams of a program and its name.
type Streams struct {
	Name string
	In   io.Reader
	Out  io.Writer
	Err  io.Writer
}

// Std is the process's own streams.
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
	if errors.Is(err, flag.ErrHelp) {
		if _, err := io.WriteString(s.Out, f.help(doc)); err != nil {
			return int(Failure)
		}
		return int(OK)
	}
	if err == nil {
		err = p.Check(s)
	}
	if err != nil {
		err = Fail(Misuse, err)
	} else {
		err = p.Run(ctx, s)
	}
	if err != nil {
		s.say("error: ", err.Error())
	}
	return int(CodeOf(err))
}

// Print writes one document: complete, on one line, in one write.
func (s Streams) Print(doc any) error {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(doc); err != nil {
		return err
	}
	return s.PrintText(b.String())
}

// ErrOutput: standard output takes nothing any more.
var ErrOutput = errors.New("write standard output")

// PrintText writes a document that is text already.
func (s Streams) PrintText(text string) error {
	if _, err := io.WriteString(s.Out, text); err != nil {
		return fmt.Errorf("%w: %w", ErrOutput, err)
	}
	return nil
}

// Warnf reports on standard error what does not end the program.
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
