package dirstore_test

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"auto-consul/lib/registry"
)

const key = "servers/20140516092731-server1"

// ops are the operations of a store on one key.
func ops(ctx context.Context, s registry.Store, key string) map[string]func() error {
	return map[string]func() error{
		"list":   func() error { _, err := s.List(ctx, key); return err },
		"get":    func() error { _, err := s.Get(ctx, key); return err },
		"put":    func() error { return s.Put(ctx, key, []byte("192.0.2.1")) },
		"swap":   func() error { return s.Swap(ctx, key, []byte("{}"), "") },
		"delete": func() error { return s.Delete(ctx, key) },

		"upload":   func() error { return s.Upload(ctx, key, strings.NewReader("a snapshot")) },
		"download": func() error { _, err := s.Download(ctx, key, io.Discard); return err },
	}
}

// wantKind wants an error that is exactly this sentinel, or none of them, in
// one line that begins with the operation.
func wantKind(t *testing.T, op string, got, want error) {
	t.Helper()
	if got == nil {
		t.Errorf("%s: got no error", op)
		return
	}
	for _, kind := range []error{
		fs.ErrNotExist, registry.ErrDenied, registry.ErrConflict,
		context.Canceled, context.DeadlineExceeded,
	} {
		if is := errors.Is(got, kind); is != (kind == want) {
			t.Errorf("%s: got %v: is %q: %v", op, got, kind, is)
		}
	}
	if text := got.Error(); !strings.HasPrefix(text, op+" file:///") || strings.Contains(text, "\n") {
		t.Errorf("%s: got %q, want one line with operation and object", op, text)
	}
}

// names lists a directory.
func names(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func TestKeys(t *testing.T) {
	t.Parallel()
	store, path := open(t)
	for _, key := range []string{
		"", ".", "..", "/etc/passwd", "../x", "servers/../../x", "servers//x", "servers/",
		"./x", ".lock", "servers/.tmp-x", ".hidden/x", "servers/a\x00b",
	} {
		for op, call := range ops(t.Context(), store, key) {
			wantKind(t, op, call(), nil)
		}
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v, want nothing made for such keys", err)
	}
}

// What stands in the way is an error, and never an empty registry.
func TestInTheWay(t *testing.T) {
	t.Parallel()
	file := func(t *testing.T, path string) {
		if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	inside := func(make func(*testing.T, string)) func(*testing.T, string) {
		return func(t *testing.T, path string) {
			if err := os.Mkdir(path, 0o700); err != nil {
				t.Fatal(err)
			}
			make(t, filepath.Join(path, "servers"))
		}
	}
	link := func(to string) func(*testing.T, string) {
		return func(t *testing.T, path string) {
			if err := os.Symlink(to, path); err != nil {
				t.Fatal(err)
			}
		}
	}
	all := []string{"list", "get", "put", "swap", "delete", "upload", "download"}
	for name, tt := range map[string]struct {
		prepare func(t *testing.T, path string)
		key     string
		fails   []string
	}{
		"no parent":                {func(t *testing.T, path string) { remove(t, filepath.Dir(path)) }, "servers", all},
		"a file for the directory": {file, "servers", all},
		"a link to nowhere":        {link("/nonexistent/registry"), "servers", all},
		"a file for the folder":    {inside(file), "servers/x", all},
		"a file that is listed":    {inside(file), "servers", []string{"list"}},
		"a folder for the object": {
			inside(func(t *testing.T, path string) {
				if err := os.MkdirAll(filepath.Join(path, "x"), 0o700); err != nil {
					t.Fatal(err)
				}
			}), "servers", []string{"get", "put", "swap", "delete", "upload", "download"},
		},
		"a pipe": {
			inside(func(t *testing.T, path string) {
				if err := syscall.Mkfifo(path, 0o600); err != nil {
					t.Fatal(err)
				}
			}), "servers", []string{"list", "get", "swap", "download"},
		},
		"a link to the outside": {inside(link("/etc")), "servers/passwd", all},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store, path := open(t)
			tt.prepare(t, path)
			for _, op := range tt.fails {
				wantKind(t, op, ops(t.Context(), store, tt.key)[op](), nil)
			}
		})
	}
}

func remove(t *testing.T, path string) {
	t.Helper()
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
}

// Leftovers of writers that crashed are never listed; once they are old by the
// file system's clock, a listing removes them.
func TestLeftovers(t *testing.T) {
	t.Parallel()
	store, path := open(t)
	if err := store.Put(t.Context(), key, []byte("192.0.2.1")); err != nil {
		t.Fatal(err)
	}
	l, err := store.List(t.Context(), "servers")
	if err != nil {
		t.Fatal(err)
	}
	for name, age := range map[string]time.Duration{
		".tmp-old": 2 * time.Hour, ".tmp-new": 30 * time.Minute, ".other": 48 * time.Hour,
	} {
		for _, folder := range []string{path, filepath.Join(path, "servers")} {
			file := filepath.Join(folder, name)
			if err := os.WriteFile(file, []byte("hal"), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.Chtimes(file, l.Time, l.Time.Add(-age)); err != nil {
				t.Fatal(err)
			}
		}
	}
	l, err = store.List(t.Context(), "servers")
	if err != nil || !slices.Equal(l.Keys, []string{key}) {
		t.Errorf("got %q, %v, want %q alone", l.Keys, err, key)
	}
	if got, want := names(t, path), []string{".other", ".tmp-new", "servers"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	want := []string{".lock", ".other", ".tmp-new", filepath.Base(key)}
	if got := names(t, filepath.Join(path, "servers")); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestDenied takes the rights from one thread, since tests may run as root.
func TestDenied(t *testing.T) {
	t.Parallel()
	store, path := open(t)
	if err := store.Put(t.Context(), key, []byte("192.0.2.1")); err != nil {
		t.Fatal(err)
	}
	for name, mode := range map[string]fs.FileMode{
		filepath.Dir(filepath.Dir(path)): 0o755, path: 0o555,
		filepath.Join(path, "servers"): 0o555, filepath.Join(path, key): 0,
	} {
		if err := os.Chmod(name, mode); err != nil {
			t.Fatal(err)
		}
	}
	errs := make(chan map[string]error)
	go func() {
		runtime.LockOSThread() // and never unlock: the thread ends with the goroutine
		got := map[string]error{}
		if os.Geteuid() == 0 {
			if err := syscall.Setfsuid(65534); err != nil {
				got["setfsuid"] = err
			}
		}
		for op, call := range ops(t.Context(), store, key) {
			got[op] = call()
		}
		_, got["list"] = store.List(t.Context(), "servers")
		errs <- got
	}()
	for op, err := range <-errs {
		wantKind(t, op, err, registry.ErrDenied)
	}
}
