package cli

import (
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/sys/unix"

	"auto-consul/lib/exit"
)

// Interruptible returns a context that INT and TERM end, and the end of everybody who
// could read out, if that is a pipe. It is for a program that may work for long, or has
// something to put in order first. [context.Cause] is then the error to end with: its
// exit code is 128+n, as if signal n had ended the program, for a pipe the signal PIPE.
func Interruptible(ctx context.Context, out io.Writer) (context.Context, context.CancelFunc) {
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
	if pipe, ok := out.(*os.File); ok && isPipe(pipe) {
		go func() {
			awaitUnread(pipe)
			cancel(exit.Withf(exit.Code(128+int(syscall.SIGPIPE)), "nobody reads the standard output any more"))
		}()
	}
	return ctx, func() {
		signal.Stop(caught)
		cancel(nil)
	}
}

// isPipe reports whether a file is a pipe, named or not. A socket, as the journal's, is
// none: its other end may come back.
func isPipe(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeNamedPipe != 0
}

// awaitUnread returns when nobody can read a pipe any more that is written to.
func awaitUnread(pipe *os.File) {
	ends := []unix.PollFd{{Fd: int32(pipe.Fd())}}
	for ends[0].Revents&unix.POLLERR == 0 {
		if _, err := unix.Poll(ends, -1); err != nil && err != unix.EINTR {
			select {} // without an answer nobody is taken for gone
		}
	}
}

// Interrupted returns the error with which a program ends: what has ended the context of
// [Interruptible], or else err.
func Interrupted(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}
