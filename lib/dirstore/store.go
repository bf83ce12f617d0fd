// Package dirstore keeps a registry in a directory: of one machine, or shared
// by several over a network file system. It holds no rules.
//
// The directory's file system is the store, and its clock is the store's: the
// time stamp it gives to a file made for the question. So whoever asks must be
// allowed to write in the registry's directory, also when only reading. The
// directory is made where it is missing, its parent is not; folders within it
// are made by the first write.
//
// A shared file system must rename within a directory in one step, lock with
// flock across machines (NFS since Linux 2.6.12, unless mounted nolock or
// local_lock), stamp files by one clock, and show a name as soon as it was
// written (NFS: lookupcache=positive or none). A swap that is stopped halfway
// keeps the others waiting until it goes on or ends.
//
// Names that begin with a dot are the store's own: ".tmp-" files become objects
// or clock readings and vanish, and the lock of a folder stays for good. Removed,
// it would let two in at once: one that holds the old file, one a new file of
// the same name.
package dirstore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"auto-consul/lib/registry"
)

// Store is a [registry.Store] in a directory.
type Store struct{ path string }

var _ registry.Store = (*Store)(nil)

// Open returns the store of the registry in the directory at an absolute path.
// It neither reads nor makes it.
func Open(path string) (*Store, error) {
	if !filepath.IsAbs(path) || strings.ContainsRune(path, 0) {
		return nil, fmt.Errorf("open registry %q: not an absolute path", path)
	}
	return &Store{filepath.Clean(path)}, nil
}

// List implements [registry.Store]. On its way it removes what writers that
// crashed have left behind.
func (s *Store) List(ctx context.Context, dir string) (registry.Listing, error) {
	var l registry.Listing
	err := s.in(ctx, dir, func(root *os.Root) error {
		// The time first: who pauses in between must not take the living for expired.
		var err error
		if l.Time, err = now(root); err != nil {
			return err
		}
		temps, err := walk(root, dir, &l)
		if err != nil {
			return err
		}
		return sweep(root, temps, l.Time)
	})
	if err != nil {
		return registry.Listing{}, s.fail("list", dir, err)
	}
	return l, nil
}

// Oldest implements [registry.Store]. A directory is read whole.
func (s *Store) Oldest(ctx context.Context, dir string) (registry.Listing, error) {
	return s.List(ctx, dir)
}

// Get implements [registry.Store].
func (s *Store) Get(ctx context.Context, key string) (registry.Object, error) {
	var o registry.Object
	begin := time.Now()
	err := s.in(ctx, key, func(root *os.Root) error {
		body, missing := read(root, key)
		if missing != nil && !errors.Is(missing, errMissing) {
			return missing
		}
		t, err := now(root)
		if err != nil {
			return err
		}
		o.Time = t
		if missing == nil {
			o.Body, o.ETag = body, tag(body)
		}
		return missing
	})
	o.Took = time.Since(begin)
	return o, s.fail("get", key, err)
}

// Put implements [registry.Store].
func (s *Store) Put(ctx context.Context, key string, body []byte) error {
	err := s.locked(ctx, key, syscall.LOCK_SH, func(root *os.Root) error { return write(root, key, body) })
	return s.fail("put", key, err)
}

// Swap implements [registry.Store]. A crash at any moment leaves the old object
// or the new one.
func (s *Store) Swap(ctx context.Context, key string, body []byte, etag string) error {
	err := s.locked(ctx, key, syscall.LOCK_EX, func(root *os.Root) error {
		old, err := read(root, key)
		switch {
		case errors.Is(err, errMissing) && etag == "":
		case err != nil:
			return err
		case tag(old) != etag:
			return registry.ErrConflict
		}
		if err := write(root, key, body); err != nil {
			return err
		}
		// The record must outlive a power cut, or two clusters are born.
		return syncDir(root, path.Dir(key))
	})
	return s.fail("swap", key, err)
}

// Delete implements [registry.Store].
func (s *Store) Delete(ctx context.Context, key string) error {
	there := false
	err := s.in(ctx, key, func(root *os.Root) (err error) {
		there, err = exists(root, key)
		return err
	})
	if there { // or else the lock would make the folder
		err = s.locked(ctx, key, syscall.LOCK_SH, func(root *os.Root) error { return remove(root, key) })
	}
	return s.fail("delete", key, err)
}

// in calls do with the registry's directory, which it makes where it is
// missing. The key is checked first.
func (s *Store) in(ctx context.Context, key string, do func(*os.Root) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if !valid(key) {
		return errKey
	}
	root, err := os.OpenRoot(s.path)
	if errors.Is(err, fs.ErrNotExist) {
		if err = makeDir(s.path); err == nil {
			root, err = os.OpenRoot(s.path)
		}
	}
	if err != nil {
		return err
	}
	return errors.Join(do(root), root.Close())
}

// locked calls do with the lock of the key's folder: shared by those who write
// whole objects, exclusive for those who compare first.
func (s *Store) locked(ctx context.Context, key string, how int, do func(*os.Root) error) error {
	return s.in(ctx, key, func(root *os.Root) error {
		folder := path.Dir(key)
		if err := root.MkdirAll(folder, 0o777); err != nil {
			return err
		}
		f, err := lock(ctx, root, folder, how)
		if err != nil {
			return err
		}
		return errors.Join(do(root), f.Close())
	})
}

// valid reports whether a key names an object: a relative path without dots, dot
// files and other detours.
func valid(key string) bool {
	return fs.ValidPath(key) && !strings.HasPrefix(key, ".") &&
		!strings.Contains(key, "/.") && !strings.ContainsRune(key, 0)
}
