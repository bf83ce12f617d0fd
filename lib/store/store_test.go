package store_test

import (
	"errors"
	"io"
	"io/fs"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"auto-consul/lib/registry"
	"auto-consul/lib/store"
	"auto-consul/lib/storetest"
)

// settings is an environment in which the SDK finds one server and nothing else.
func settings(t *testing.T, endpoint string) {
	t.Helper()
	none := filepath.Join(t.TempDir(), "none")
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL_S3": endpoint, "AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret",
		"AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": none, "AWS_SHARED_CREDENTIALS_FILE": none,
		"AWS_PROFILE": "", "AWS_SESSION_TOKEN": "", "AWS_CA_BUNDLE": "", "AWS_REGION": "", "AWS_DEFAULT_REGION": "",
	} {
		t.Setenv(name, value)
	}
}

func open(t *testing.T, url string) registry.Store {
	t.Helper()
	at, err := registry.ParseLocation(url)
	if err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(t.Context(), at)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestOpen(t *testing.T) {
	srv := storetest.New(t)
	srv.CreateBucket(t, "b")
	web := httptest.NewServer(srv)
	t.Cleanup(web.Close)
	settings(t, web.URL)

	s3 := open(t, "s3://b/consul")
	if got := srv.Count(nil); got != 0 {
		t.Errorf("got %d requests of opening, want none", got)
	}
	if err := s3.Put(t.Context(), "k", []byte("v")); err != nil {
		t.Fatal(err)
	}
	if got, ok := srv.Body(t, "b", "consul/k"); !ok || string(got) != "v" {
		t.Errorf("got %q, %t in the bucket, want v", got, ok)
	}
}

func TestOpenDirectory(t *testing.T) {
	t.Parallel()
	s := open(t, "file://"+t.TempDir())
	if err := s.Put(t.Context(), "servers/k", []byte("v")); err != nil {
		t.Fatal(err)
	}
	if got, err := s.Get(t.Context(), "servers/k"); err != nil || string(got.Body) != "v" {
		t.Errorf("got %q, %v, want v", got.Body, err)
	}
}

// Whatever goes wrong at a store has a kind, and keeps its own words.
func TestOpenMarksErrors(t *testing.T) {
	srv := storetest.New(t)
	srv.CreateBucket(t, "b")
	web := httptest.NewServer(srv)
	t.Cleanup(web.Close)
	settings(t, web.URL)
	s := open(t, "s3://b/consul")
	operations := map[string]func() error{
		"list":   func() error { _, err := s.List(t.Context(), "servers"); return err },
		"oldest": func() error { _, err := s.Oldest(t.Context(), "servers"); return err },
		"get":    func() error { _, err := s.Get(t.Context(), "servers/k"); return err },
		"put":    func() error { return s.Put(t.Context(), "servers/k", []byte("v")) },
		"swap":   func() error { return s.Swap(t.Context(), "servers/k", []byte("v"), "") },
		"delete": func() error { return s.Delete(t.Context(), "servers/k") },

		"upload":   func() error { return s.Upload(t.Context(), "snapshots/k", strings.NewReader("v")) },
		"download": func() error { _, err := s.Download(t.Context(), "snapshots/k", io.Discard); return err },
	}
	for name := range operations {
		srv.Deny(nil)
		srv.SetFault(func(storetest.Request) storetest.Fault {
			return storetest.Fault{Status: 400, Code: "Strange"}
		})
		if err := operations[name](); !errors.Is(err, registry.ErrUnavailable) || !strings.Contains(err.Error(), "Strange") || strings.Contains(err.Error(), registry.ErrUnavailable.Error()) {
			t.Errorf("%s: got %v, want it unavailable in the store's own words", name, err)
		}
		srv.SetFault(nil)
		srv.Deny(func(storetest.Request) bool { return true })
		if err := operations[name](); !errors.Is(err, registry.ErrDenied) || errors.Is(err, registry.ErrUnavailable) {
			t.Errorf("%s: got %v, want access denied and nothing else", name, err)
		}
	}
	srv.Deny(nil)
	for read, write := range map[string]string{"get": "swap", "download": "upload"} {
		if err := operations[read](); !errors.Is(err, fs.ErrNotExist) || errors.Is(err, registry.ErrUnavailable) {
			t.Errorf("%s: got %v, want no such object and nothing else", read, err)
		}
		if err := operations[write](); err != nil {
			t.Fatal(err)
		}
		if err := operations[write](); !errors.Is(err, registry.ErrConflict) || errors.Is(err, registry.ErrUnavailable) {
			t.Errorf("%s: got %v, want a conflict and nothing else", write, err)
		}
		if err := operations[read](); err != nil {
			t.Error(err)
		}
	}
}
