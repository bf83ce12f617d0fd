package dirstore

import (
	"context"
	"errors"
	"os"
	"path"
	"syscall"
	"time"
)

// lockName is the file in each folder whose lock stands for its objects.
const lockName = ".lock"

// mostPause bounds the pause between two looks at a lock that is taken.
const mostPause = 50 * time.Millisecond

// lock takes a folder's lock, in one of flock's ways. It ends with the file,
// and with the process, however that ends.
func lock(ctx context.Context, root *os.Root, folder string, how int) (*os.File, error) {
	f, err := root.OpenFile(path.Join(folder, lockName), os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return nil, err
	}
	if err := flock(ctx, f, how); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// flock tries again and again, because a call that waits could not be given up.
func flock(ctx context.Context, f *os.File, how int) error {
	for pause := time.Millisecond; ; pause = min(2*pause, mostPause) {
		err := syscall.Flock(int(f.Fd()), how|syscall.LOCK_NB)
		if !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR) {
			return os.NewSyscallError("flock", err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
	}
}
