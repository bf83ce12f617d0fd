package dirstore_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A snapshot of Consul holds secrets, so that the mode is not left to the umask alone.
func TestUploadMode(t *testing.T) {
	t.Parallel()
	store, path := open(t)
	if err := store.Upload(t.Context(), "snapshots/c/x", strings.NewReader("secret")); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(filepath.Join(path, "snapshots/c/x"))
	if err != nil || info.Mode().Perm()&0o607 != 0o600 {
		t.Errorf("got mode %v, %v, want it closed to others", info.Mode(), err)
	}
}

// Whatever ends an upload, nothing of it stays.
func TestUploadFails(t *testing.T) {
	t.Parallel()
	store, path := open(t)
	whole := strings.NewReader("0123456789")
	err := store.Upload(t.Context(), "snapshots/c/x", broken{io.MultiReader(io.LimitReader(whole, 5), failing{}), whole})
	wantKind(t, "upload", err, nil)
	if !strings.HasSuffix(err.Error(), ": disk broken") {
		t.Errorf("got %q, want the cause at its end", err)
	}
	if err := store.Upload(t.Context(), "snapshots/c/y", strings.NewReader("y")); err != nil {
		t.Fatal(err)
	}
	if err := store.Upload(t.Context(), "snapshots/c/y", strings.NewReader("z")); err == nil {
		t.Error("got an object that was uploaded twice")
	}
	if got, want := names(t, filepath.Join(path, "snapshots/c")), []string{".lock", "y"}; !slices.Equal(got, want) {
		t.Errorf("got files %q, want %q", got, want)
	}
}

type broken struct {
	io.Reader
	io.Seeker
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errors.New("disk broken") }
