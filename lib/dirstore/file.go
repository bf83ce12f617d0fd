package dirstore

import (
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"auto-consul/lib/registry"
)

// temp begins the names of files that are about to become something else.
const temp = ".tmp-"

// stale is the age at which a temporary file's writer is surely gone. A writer
// that was only asleep gets an error and has written nothing.
const stale = time.Hour

// tag returns a body's entity tag.
func tag(body []byte) string { return fmt.Sprintf(`"%x"`, sha256.Sum256(body)) }

// read returns a whole object, or [errMissing] if there is none.
func read(root *os.Root, key string) ([]byte, error) {
	f, err := open(root, key)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(io.LimitReader(f, registry.MaxObject+1))
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, err
	}
	if len(body) > registry.MaxObject {
		return nil, registry.ErrTooLarge
	}
	return body, nil
}

// open opens an object for reading.
func open(root *os.Root, key string) (*os.File, error) {
	// Without O_NONBLOCK a pipe of that name would be waited for.
	f, err := root.OpenFile(key, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, errMissing
	}
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = errors.New("not a regular file")
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// write replaces an object in one step.
func write(root *os.Root, key string, body []byte) error {
	f, name, err := create(root, path.Dir(key), 0o666)
	if err != nil {
		return err
	}
	_, err = f.Write(body)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = root.Rename(name, key)
	}
	if err != nil {
		return errors.Join(err, root.Remove(name))
	}
	return nil
}

// create makes a new temporary file. Others may share the directory, so its
// mode is left to the umask.
func create(root *os.Root, folder string, mode os.FileMode) (*os.File, string, error) {
	name := path.Join(folder, temp+rand.Text())
	f, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	return f, name, err
}

// now returns the time by the file system's clock: the stamp of a file that was just
// made.
func now(root *os.Root) (time.Time, error) {
	f, name, err := create(root, ".", 0o666)
	if err != nil {
		return time.Time{}, err
	}
	info, err := f.Stat()
	if err = errors.Join(err, f.Close(), root.Remove(name)); err != nil {
		return time.Time{}, err
	}
	return info.ModTime().UTC().Truncate(time.Second), nil
}

// remove deletes an object; someone else may be first.
func remove(root *os.Root, key string) error {
	err := root.Remove(key)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// exists reports whether there is an object to delete.
func exists(root *os.Root, key string) (bool, error) {
	info, err := root.Lstat(key)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err == nil && info.IsDir() {
		err = errors.New("is a directory")
	}
	return err == nil, err
}

// walk lists all objects below a folder in ascending order, and returns the temporary
// files there and in the registry's own directory.
func walk(root *os.Root, folder string, l *registry.Listing) (temps []string, err error) {
	err = fs.WalkDir(root.FS(), folder, func(name string, d fs.DirEntry, err error) error {
		hidden := strings.HasPrefix(path.Base(name), ".")
		switch {
		case errors.Is(err, fs.ErrNotExist): // went away since, or never was
		case err != nil:
			return err
		case name == folder && !d.IsDir():
			return syscall.ENOTDIR
		case hidden && d.IsDir():
			return fs.SkipDir
		case strings.HasPrefix(path.Base(name), temp):
			temps = append(temps, name)
		case !hidden && d.Type().IsRegular():
			return add(l, name, d)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	l.Sort() // a walk puts "a/b" before "a-b"
	more, err := fs.Glob(root.FS(), temp+"*")
	return append(temps, more...), err
}

// add puts an object into a listing, unless it went away since.
func add(l *registry.Listing, key string, d fs.DirEntry) error {
	info, err := d.Info()
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		l.Keys, l.Sizes = append(l.Keys, key), append(l.Sizes, info.Size())
	}
	return err
}

// sweep removes those temporary files that are old. The others, and their
// writers, are none of its business.
func sweep(root *os.Root, temps []string, now time.Time) error {
	for _, name := range temps {
		info, err := root.Lstat(name)
		if err == nil && info.Mode().IsRegular() && now.Sub(info.ModTime()) > stale {
			err = root.Remove(name)
		}
		// Another user's leftovers are theirs to remove.
		if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrPermission) {
			return err
		}
	}
	return nil
}

// makeDir makes the registry's directory, but not its parent: a typing error must
// not look like an empty registry, nor a file system that is not mounted, unless
// the directory is right below where it belongs.
func makeDir(dir string) error {
	err := os.Mkdir(dir, 0o777)
	if errors.Is(err, fs.ErrNotExist) {
		return errParent
	}
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	parent, err := os.OpenRoot(filepath.Dir(dir))
	if err != nil {
		return err
	}
	return errors.Join(syncDir(parent, "."), parent.Close())
}

// syncDir makes the names in a folder durable.
func syncDir(root *os.Root, folder string) error {
	f, err := root.Open(folder)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
