package cli

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"auto-consul/lib/exit"
)

// Interruptible returns a context that INT and TERM end, for a program that has
// something to put in order first. [context.Cause] is then the error to end with:
// its exit code is 128+n, as if signal n had ended the program.
func Interruptible(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	caught := make(chan os.Signal, 1)
	signal.Notify(caught, syscall.SIGINT, syscall.SIGTERM)
	go func() {
		select {
		case s := <-caught:
			n, _ := s.(syscall.Signal)
			cancel(exit.Withf(exit.Code(128+int(n)), "%v", s))
		case <-ctx.Done():
		}
	}()
	return ctx, func() {
		signal.Stop(caught)
		cancel(nil)
	}
}
