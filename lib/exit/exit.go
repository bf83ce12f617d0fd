// Package exit gives every error its exit code, in one place. The codes are part of
// the interface of the programs: scripts branch on them.
package exit

import (
	"context"
	"errors"
	"fmt"

	"auto-consul/lib/claim"
	"auto-consul/lib/node"
	"auto-consul/lib/registry"
	"auto-consul/lib/rule"
)

// Code is the exit code of a program. A number never changes its meaning. Whatever
// has no code of its own is a [Failure].
type Code int

// Exit codes of all programs. 69 to 77 are those of sysexits.h where the
// meaning is the same, and next to it where it is not.
const (
	OK            Code = 0
	Failure       Code = 1   // fits no other line
	Misuse        Code = 2   // bad flag, environment or standard input: to retry cannot help
	Unavailable   Code = 69  // the registry cannot be reached or answers with errors
	Undecided     Code = 75  // or the ground of the decision is gone: decide again
	Fenced        Code = 76  // this node's data belongs to another generation or cluster
	Denied        Code = 77  // the registry denies access
	NotExecutable Code = 126 // the command to start is there and cannot be executed
	NotFound      Code = 127 // there is no such command
	NotRunning    Code = 255 // the agent is not running, so nothing was written
)

// Meaning returns the line of the code in the help texts; empty if there is none.
func (c Code) Meaning() string { return meanings[c] }

var meanings = map[Code]string{
	OK:            "done; the answer is on standard output",
	Failure:       "failure that fits no other line",
	Misuse:        "misuse: bad flag, bad environment, malformed or empty standard input",
	Unavailable:   "the registry cannot be reached or answers with errors",
	Undecided:     "undecided, or the ground of the decision is gone: decide again",
	Fenced:        "fenced: this node's data belongs to another generation or cluster",
	Denied:        "the registry denies access",
	NotExecutable: "command found but not executable",
	NotFound:      "command not found",
	NotRunning:    "the agent is not running, so nothing was written",
}

// byError says which code the errors of the packages below have. The first that an
// error wraps counts.
var byError = []struct {
	err  error
	code Code
}{
	{rule.ErrFenced, Fenced},
	{rule.ErrUndecided, Undecided},
	{registry.ErrDenied, Denied},
	{node.ErrNotRunning, NotRunning},
	{node.ErrNoAnswer, NotRunning},
	{node.ErrOtherNode, Misuse},
	{node.ErrNoMode, Misuse},
	{registry.ErrUnavailable, Unavailable},
	{registry.ErrConflict, Unavailable},
	{registry.ErrUnconditional, Unavailable},
	{registry.ErrTooLarge, Unavailable},
	{claim.ErrIgnored, Unavailable},
	{rule.ErrUnreadable, Unavailable},
	{rule.ErrUnwritable, Unavailable},
	{context.DeadlineExceeded, Unavailable}, // nothing but the work with the registry has a deadline
}

// coded is an error that was given its exit code where it arose.
type coded struct {
	code Code
	err  error
}

func (e *coded) Error() string { return e.err.Error() }

func (e *coded) Unwrap() error { return e.err }

// With gives an error its exit code, which comes before the one that it has by its
// kind; nil stays nil.
func With(code Code, err error) error {
	if err == nil {
		return nil
	}
	return &coded{code, err}
}

// Withf is [With] of a new error.
func Withf(code Code, format string, args ...any) error {
	return &coded{code, fmt.Errorf(format, args...)}
}

// Of returns the exit code of an error: [OK] for nil, the code it was given, or the
// one of its kind; [Failure] where it has none.
func Of(err error) Code {
	if err == nil {
		return OK
	}
	var given *coded
	if errors.As(err, &given) {
		return given.code
	}
	for _, known := range byError {
		if errors.Is(err, known.err) {
			return known.code
		}
	}
	return Failure
}
