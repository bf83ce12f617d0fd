package datadir

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/unix"
)

// asFolder gives an open file that root has made to the owner of its folder. What an
// operator types as root beside a service that runs as another user must leave nothing that
// the service cannot open. The file is changed and not its name, and only if it has no other
// name: that user may have put a file of root's there. A file system that knows no owners,
// or refuses to change them, is no error.
func asFolder(path string, fd int) error {
	if os.Geteuid() != 0 {
		return nil
	}
	folder, err := os.Stat(filepath.Dir(path))
	if err != nil {
		return err
	}
	owner, ok := folder.Sys().(*syscall.Stat_t)
	if !ok || owner.Uid == 0 {
		return nil
	}
	var file unix.Stat_t
	if err := unix.Fstat(fd, &file); err != nil || file.Uid != 0 || file.Nlink != 1 {
		return err
	}
	err = unix.Fchown(fd, int(owner.Uid), int(owner.Gid))
	for _, refused := range []error{unix.EPERM, unix.EACCES, unix.EINVAL, errors.ErrUnsupported} {
		if errors.Is(err, refused) {
			return nil
		}
	}
	return err
}
