package datadir

import (
	"errors"
	"fmt"
	"io/fs"
	"time"

	"golang.org/x/sys/unix"

	"auto-consul/lib/registry"
	"auto-consul/lib/rule"
)

// ErrOccupied reports that an agent runs on the data directory.
var ErrOccupied = errors.New("an agent runs on it already; every agent needs a -data-dir of its own")

// Occupy keeps other agents away from the data directory for as long as this process
// lives, whatever it becomes by exec (R37). Consul by itself would wait for ever
// without any message, or share the data. An agent that is about to end has until
// patience is over; waits is called when it is waited for. The error wraps
// [ErrOccupied].
func (d Dir) Occupy(patience time.Duration, waits func()) error {
	begin := time.Now()
	for tries := 0; ; tries++ {
		if err := d.occupy(); !errors.Is(err, ErrOccupied) || time.Since(begin) >= patience {
			return err
		}
		if tries == 5 {
			waits()
		}
		time.Sleep(50 * time.Millisecond)
	}
}

func (d Dir) occupy() error {
	path := d.path("lock")
	// The file stays open across exec. A record lock is not handed on to children,
	// which may outlive the agent.
	fd, err := unix.Open(path, unix.O_RDWR|unix.O_CREAT|unix.O_NOFOLLOW, 0o644)
	if err != nil {
		return &fs.PathError{Op: "open", Path: path, Err: err}
	}
	if err := asFolder(path, fd); err != nil {
		_ = unix.Close(fd)
		return err
	}
	lock := unix.Flock_t{Type: unix.F_WRLCK}
	err = unix.FcntlFlock(uintptr(fd), unix.F_SETLK, &lock)
	if errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EACCES) {
		_ = unix.Close(fd)
		return d.occupied()
	}
	if err != nil {
		return &fs.PathError{Op: "lock", Path: path, Err: err}
	}
	for _, store := range []string{"raft/raft.db", "raft/wal/wal-meta.db"} {
		if inUse(d.path(string(registry.Server), store)) {
			_ = unix.Close(fd)
			return d.occupied()
		}
	}
	return nil
}

// Occupant returns the number of the process that keeps others away from the data
// directory: the agent that ac-exec has become. It is 0 if there is none, or none that
// this process could signal.
func (d Dir) Occupant() (int, error) {
	path := d.path("lock")
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, &fs.PathError{Op: "open", Path: path, Err: err}
	}
	defer unix.Close(fd)
	lock := unix.Flock_t{Type: unix.F_WRLCK}
	if err := unix.FcntlFlock(uintptr(fd), unix.F_GETLK, &lock); err != nil {
		return 0, &fs.PathError{Op: "lock", Path: path, Err: err}
	}
	if lock.Type == unix.F_UNLCK {
		return 0, nil
	}
	return int(lock.Pid), nil
}

func (d Dir) occupied() error {
	return fmt.Errorf("data directory %s: %w", string(d), ErrOccupied)
}

// inUse reports whether a Consul server that was started in another way has a
// file locked.
func inUse(path string) bool {
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return false
	}
	defer unix.Close(fd)
	return errors.Is(unix.Flock(fd, unix.LOCK_SH|unix.LOCK_NB), unix.EWOULDBLOCK)
}

// RaftLogAlone is [Dir.RaftLog], and keeps agents from starting on the data directory until
// this program ends. ok is false as long as one runs.
func (d Dir) RaftLogAlone() (log rule.Log, ok bool, err error) {
	if err := d.Occupy(0, func() {}); errors.Is(err, ErrOccupied) {
		return log, false, nil
	} else if err != nil {
		return log, false, err
	}
	log, err = d.RaftLog()
	return log, err == nil, err
}
