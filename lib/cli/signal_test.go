package cli_test

import (
	"context"
	"errors"
	"io"
	"os"
	"syscall"
	"testing"
	"time"

	"auto-consul/lib/cli"
	"auto-consul/lib/exit"
)

// A signal ends the context with the code that it would have ended the process
// with; the end of the work, or of what it is part of, is no signal.
func TestInterruptible(t *testing.T) {
	for sig, want := range map[syscall.Signal]exit.Code{syscall.SIGINT: 130, syscall.SIGTERM: 143} {
		ctx, stop := cli.Interruptible(t.Context(), io.Discard)
		if err := syscall.Kill(os.Getpid(), sig); err != nil {
			t.Fatal(err)
		}
		<-ctx.Done()
		if got := exit.Of(context.Cause(ctx)); got != want {
			t.Errorf("%v: got code %d, want %d", sig, got, want)
		}
		stop()
	}
	ctx, stop := cli.Interruptible(t.Context(), io.Discard)
	stop()
	if err := context.Cause(ctx); !errors.Is(err, context.Canceled) || exit.Of(err) != exit.Failure {
		t.Errorf("got %v at the end of the work, want it just cancelled", err)
	}
	parent, cancel := context.WithCancel(t.Context())
	ctx, stop = cli.Interruptible(parent, io.Discard)
	defer stop()
	cancel()
	<-ctx.Done()
	if err := context.Cause(ctx); exit.Of(err) != exit.Failure {
		t.Errorf("got %v at the end of the parent, want no signal's code", err)
	}
}

// A pipe that nobody can read any more ends the context; one that somebody could read
// does not, nor does a file.
func TestInterruptibleUnread(t *testing.T) {
	for name, test := range map[string]struct{ pipe, closed, ended bool }{
		"unread":        {pipe: true, closed: true, ended: true},
		"with a reader": {pipe: true},
		"file":          {},
	} {
		t.Run(name, func(t *testing.T) {
			out, err := os.CreateTemp(t.TempDir(), "")
			if test.pipe {
				var in *os.File
				in, out, err = os.Pipe()
				defer func() { _ = in.Close() }()
				if test.closed {
					_ = in.Close()
				}
			}
			if err != nil {
				t.Fatal(err)
			}
			ctx, stop := cli.Interruptible(t.Context(), out)
			defer stop()
			wait := 100 * time.Millisecond
			if test.ended {
				wait = time.Minute
			}
			select {
			case <-ctx.Done():
				if code := exit.Of(context.Cause(ctx)); !test.ended || code != 141 {
					t.Errorf("ended with %d, want an end %v, with 141", code, test.ended)
				}
			case <-time.After(wait):
				if test.ended {
					t.Error("did not end")
				}
			}
		})
	}
}
