package cli

import (
	"errors"
	"fmt"
)

// Code is a program's exit code. Scripts branch on it, so a number never
// changes its meaning. Anything unknown is a failure.
type Code int

// Exit codes of all programs. 69 to 77 are those of sysexits.h where the
// meaning is the same, and next to it where it is not.
const (
	OK            Code = 0
	Failure       Code = 1   // fits no other line
	Misuse        Code = 2   // bad flag, environment or standard input: retrying cannot help
	Unavailable   Code = 69  // the registry cannot be reached or answers with errors
	Undecided     Code = 75  // or the ground of the decision is gone: decide again
	Fenced        Code = 76  // this node's data belongs to another generation or cluster
	Denied        Code = 77  // the registry denies access
	NotExecutable Code = 126 // Consul is there and cannot be executed
	NotFound      Code = 127 // there is no Consul
	NotRunning    Code = 255 // the agent is not running, so nothing was written
)

// Meaning is the code's line in the help texts.
func (c Code) Meaning() string { return meanings[c] }

var meanings = map[Code]string{
	OK:            "done; the answer is on standard output",
	Failure:       "failure that fits no other line",
	Misuse:        "misuse: bad flag, bad environment, malformed or empty standard input",
	Unavailable:   "the registry cannot be reached or answers with errors",
	Undecided:     "undecided, or the ground of the decision is gone: decide again",
	Fenced:        "fenced: this node's data belongs to another generation or cluster",
	Denied:        "the registry denies access",
	NotExecutable: "Consul found but not executable",
	NotFound:      "Consul not found",
	NotRunning:    "the agent is not running, so nothing was written",
}

// Error is an error that knows its exit code.
type Error struct {
	Code Code
	Err  error
}

func (e *Error) Error() string { return e.Err.Error() }

// Unwrap returns the error without its code.
func (e *Error) Unwrap() error { return e.Err }

// Fail gives an error its exit code; nil stays nil.
func Fail(code Code, err error) error {
	if err == nil {
		return nil
	}
	return &Error{code, err}
}

// Failf is [Fail] of a new error.
func Failf(code Code, format string, args ...any) error {
	return &Error{code, fmt.Errorf(format, args...)}
}

// CodeOf returns an error's exit code: [OK] for nil, [Failure] for an error
// that carries none.
func CodeOf(err error) Code {
	var e *Error
	switch {
	case err == nil:
		return OK
	case errors.As(err, &e):
		return e.Code
	}
	return Failure
}
