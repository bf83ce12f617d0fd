package cli_test

import (
	"context"
	"errors"
	"os"
	"syscall"
	"testing"

	"auto-consul/lib/cli"
	"auto-consul/lib/exit"
)

// A signal ends the context with the code that it would have ended the process
// with; the end of the work, or of what it is part of, is no signal.
func TestInterruptible(t *testing.T) {
	for sig, want := range map[syscall.Signal]exit.Code{syscall.SIGINT: 130, syscall.SIGTERM: 143} {
		ctx, stop := cli.Interruptible(t.Context())
		if err := syscall.Kill(os.Getpid(), sig); err != nil {
			t.Fatal(err)
		}
		<-ctx.Done()
		if got := exit.Of(context.Cause(ctx)); got != want {
			t.Errorf("%v: got code %d, want %d", sig, got, want)
		}
		stop()
	}
	ctx, stop := cli.Interruptible(t.Context())
	stop()
	if err := context.Cause(ctx); !errors.Is(err, context.Canceled) || exit.Of(err) != exit.Failure {
		t.Errorf("got %v at the end of the work, want it just cancelled", err)
	}
	parent, cancel := context.WithCancel(t.Context())
	ctx, stop = cli.Interruptible(parent)
	defer stop()
	cancel()
	<-ctx.Done()
	if err := context.Cause(ctx); exit.Of(err) != exit.Failure {
		t.Errorf("got %v at the end of the parent, want no signal's code", err)
	}
}
