package dirstore

import (
	"context"
	"errors"
	"io"
	"os"
	"path"
	"syscall"

	"auto-consul/lib/registry"
)

// largeMode keeps large objects from users who do not share the registry: a snapshot of
// Consul holds secrets.
const largeMode = 0o660

// Upload implements [registry.Store]. A crash at any moment leaves the whole object or
// none.
func (s *Store) Upload(ctx context.Context, key string, body io.ReadSeeker) error {
	err := s.in(ctx, key, func(root *os.Root) error {
		folder := path.Dir(key)
		if err := root.MkdirAll(folder, 0o777); err != nil {
			return err
		}
		f, name, err := create(root, folder, largeMode)
		if err != nil {
			return err
		}
		_, err = io.Copy(f, reader{ctx, body})
		if err == nil {
			err = f.Sync()
		}
		if err = errors.Join(err, f.Close()); err == nil {
			err = s.place(ctx, root, name, key)
		}
		if err != nil {
			return errors.Join(err, root.Remove(name))
		}
		return syncPath(root, folder)
	})
	return s.fail("upload", key, err)
}

// syncPath makes the names in a folder durable, and the folder itself.
func syncPath(root *os.Root, folder string) error {
	for {
		if err := syncDir(root, folder); err != nil || folder == "." {
			return err
		}
		folder = path.Dir(folder)
	}
}

// place gives a whole file the name of an object that there is not yet.
func (s *Store) place(ctx context.Context, root *os.Root, name, key string) error {
	f, err := lock(ctx, root, path.Dir(key), syscall.LOCK_EX)
	if err != nil {
		return err
	}
	there, err := exists(root, key)
	switch {
	case there:
		err = registry.ErrConflict
	case err == nil:
		err = root.Rename(name, key)
	}
	return errors.Join(err, f.Close())
}

// Download implements [registry.Store].
func (s *Store) Download(ctx context.Context, key string, to io.Writer) (n int64, err error) {
	err = s.in(ctx, key, func(root *os.Root) error {
		f, err := open(root, key)
		if err != nil {
			return err
		}
		n, err = registry.Copy(to, reader{ctx, f})
		return errors.Join(err, f.Close())
	})
	return n, s.fail("download", key, err)
}

// reader ends with its context.
type reader struct {
	ctx  context.Context
	from io.Reader
}

// Read implements [io.Reader].
func (r reader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.from.Read(p)
}
