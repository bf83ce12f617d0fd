package dirstore_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"auto-consul/lib/dirstore"
	"auto-consul/lib/registry"
	"auto-consul/lib/storetest"
)

// open returns the store of a registry that does not exist yet, and its path.
func open(t *testing.T) (registry.Store, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "registry")
	store, err := dirstore.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	return store, path
}

func TestConformance(t *testing.T) {
	t.Parallel()
	storetest.Conformance(t, func(t *testing.T) registry.Store {
		store, _ := open(t)
		return store
	}, func(t *testing.T) time.Time {
		f, err := os.CreateTemp(t.TempDir(), "")
		if err != nil {
			t.Fatal(err)
		}
		info, err := f.Stat()
		if err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		return info.ModTime()
	})
}

func TestOpen(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"", "registry", "./registry", "/a\x00b"} {
		if store, err := dirstore.Open(path); err == nil || store != nil {
			t.Errorf("open %q: got %v, %v, want an error", path, store, err)
		}
	}
	_, path := open(t)
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v, want a directory that Open has not made", err)
	}
}

func TestFolderIsMadeByFirstWrite(t *testing.T) {
	t.Parallel()
	store, path := open(t)
	for _, op := range []string{"list", "get", "delete"} {
		err := ops(t.Context(), store, key)[op]()
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Error(err)
		}
		entries, err := os.ReadDir(path)
		if err != nil || len(entries) != 0 {
			t.Errorf("%s: got %v, %v, want an empty directory", op, entries, err)
		}
	}
	if err := store.Put(t.Context(), key, []byte("192.0.2.1")); err != nil {
		t.Fatal(err)
	}
	if got := names(t, filepath.Join(path, "servers")); !slices.Equal(got, []string{".lock", filepath.Base(key)}) {
		t.Errorf("got %q, want the lock and the object", got)
	}
}

// An object is replaced and never rewritten in place, so that whoever is reading
// it, and whatever ends its writer, sees a whole one.
func TestReplaced(t *testing.T) {
	t.Parallel()
	store, path := open(t)
	stat := func() os.FileInfo {
		info, err := os.Stat(filepath.Join(path, "cluster.json"))
		if err != nil {
			t.Fatal(err)
		}
		return info
	}
	if err := store.Swap(t.Context(), "cluster.json", []byte("one"), ""); err != nil {
		t.Fatal(err)
	}
	o, err := store.Get(t.Context(), "cluster.json")
	if err != nil {
		t.Fatal(err)
	}
	for op, write := range map[string]func() error{
		"put":  func() error { return store.Put(t.Context(), "cluster.json", []byte("one")) },
		"swap": func() error { return store.Swap(t.Context(), "cluster.json", []byte("one"), o.ETag) },
	} {
		before := stat()
		if err := write(); err != nil {
			t.Fatal(err)
		}
		if os.SameFile(before, stat()) {
			t.Errorf("%s: got the same file rewritten, want another in its place", op)
		}
	}
}
