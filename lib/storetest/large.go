package storetest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"testing"

	"auto-consul/lib/registry"
)

// checkLarge looks at objects of any size.
func checkLarge(t *testing.T, s registry.Store) {
	large := strings.Repeat("0123456789abcde\n", 3*registry.MaxObject/16)
	for key, body := range map[string]string{"large/b": large, "large/a": ""} {
		upload(t, s, key, body, nil)
		wantDownload(t, s, key, body)
	}
	upload(t, s, "large/b", "another", registry.ErrConflict)
	wantDownload(t, s, "large/b", large)

	rest := strings.NewReader("not this, but this")
	if _, err := rest.Seek(int64(len("not this, ")), io.SeekStart); err != nil {
		t.Fatal(err)
	}
	if err := s.Upload(t.Context(), "large/rest", rest); err != nil {
		t.Fatal(err)
	}
	wantDownload(t, s, "large/rest", "but this")

	l, err := s.List(t.Context(), "large")
	if want := []int64{0, int64(len(large)), 8}; err != nil || !slices.Equal(l.Sizes, want) {
		t.Errorf("got sizes %v of %v, %v, want %v", l.Sizes, l.Keys, err, want)
	}
	if n, err := s.Download(t.Context(), "large/none", io.Discard); !errors.Is(err, fs.ErrNotExist) || n != 0 {
		t.Errorf("got %d bytes, %v, want %v", n, err, fs.ErrNotExist)
	}
	_, err = s.Download(t.Context(), "large/b", full{})
	if err == nil || errors.Is(err, fs.ErrNotExist) || !strings.HasSuffix(err.Error(), ": the copy: disk full") {
		t.Errorf("got %v, want it to say that the copy's disk is full", err)
	}
	if err := s.Delete(t.Context(), "large/b"); err != nil {
		t.Fatal(err)
	}
	upload(t, s, "large/b", "another", nil)
}

// checkUploads lets several upload one key at once: one is told that it has.
func checkUploads(t *testing.T, s registry.Store) {
	errs := make([]error, 8)
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() { errs[i] = s.Upload(t.Context(), "large/x", strings.NewReader(fmt.Sprint(i))) })
	}
	wg.Wait()
	won := -1
	for i, err := range errs {
		switch {
		case err == nil && won < 0:
			won = i
		case !errors.Is(err, registry.ErrConflict):
			t.Errorf("uploader %d: got %v, want a conflict", i, err)
		}
	}
	wantDownload(t, s, "large/x", fmt.Sprint(won))
}

func upload(t *testing.T, s registry.Store, key, body string, want error) {
	t.Helper()
	if err := s.Upload(t.Context(), key, strings.NewReader(body)); !errors.Is(err, want) {
		t.Fatalf("upload %s: got %v, want %v", key, err, want)
	}
}

func wantDownload(t *testing.T, s registry.Store, key, want string) {
	t.Helper()
	var got bytes.Buffer
	n, err := s.Download(t.Context(), key, &got)
	if err != nil || got.String() != want || n != int64(len(want)) {
		t.Errorf("download %s: got %d bytes, told of %d, %v; want %d", key, got.Len(), n, err, len(want))
	}
}

// full is where nothing can be written.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("disk full") }
