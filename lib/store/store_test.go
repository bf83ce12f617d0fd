package store_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http/httptest"
	"path/filepath"
	"testing"

	"auto-consul/lib/claim"
	"auto-consul/lib/cli"
	"auto-consul/lib/dirstore"
	"auto-consul/lib/registry"
	"auto-consul/lib/s3store"
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
	if _, ok := s3.(*s3store.Store); !ok {
		t.Errorf("got %T, want the S3 store", s3)
	}
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
	if _, ok := s.(*dirstore.Store); !ok {
		t.Errorf("got %T, want the directory store", s)
	}
	if err := s.Put(t.Context(), "servers/k", []byte("v")); err != nil {
		t.Fatal(err)
	}
	if got, err := s.Get(t.Context(), "servers/k"); err != nil || string(got.Body) != "v" {
		t.Errorf("got %q, %v, want v", got.Body, err)
	}
}

func TestFail(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		err  error
		want cli.Code
	}{
		{"nil", nil, cli.OK},
		{"denied", registry.ErrDenied, cli.Denied},
		{"denied, wrapped", fmt.Errorf("list: %w", registry.ErrDenied), cli.Denied},
		{"fenced", fmt.Errorf("%w: other cluster", claim.ErrFenced), cli.Fenced},
		{"undecided", fmt.Errorf("%w: no slot", claim.ErrUndecided), cli.Undecided},
		{"conflict", registry.ErrConflict, cli.Unavailable},
		{"not there", fs.ErrNotExist, cli.Unavailable},
		{"time out", context.DeadlineExceeded, cli.Unavailable},
		{"other", errors.New("broken"), cli.Unavailable},
		{"coded", cli.Failf(cli.Misuse, "list: %w", registry.ErrDenied), cli.Misuse},
		{"coded, wrapped", fmt.Errorf("decide: %w", cli.Failf(cli.Fenced, "other cluster")), cli.Fenced},
	}
	for _, tt := range tests {
		got := store.Fail(tt.err)
		if cli.CodeOf(got) != tt.want || !errors.Is(got, tt.err) {
			t.Errorf("%s: got %v with code %d, want code %d", tt.name, got, cli.CodeOf(got), tt.want)
		}
	}
}
