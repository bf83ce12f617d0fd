package s3store_test

import (
	"context"
	"errors"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"auto-consul/lib/registry"
	"auto-consul/lib/s3store"
	"auto-consul/lib/storetest"
)

// environ leaves no AWS setting but these.
func environ(t *testing.T, settings map[string]string) {
	t.Helper()
	for _, entry := range os.Environ() {
		if name, _, _ := strings.Cut(entry, "="); strings.HasPrefix(name, "AWS_") {
			t.Setenv(name, "") // registers its return
			if err := os.Unsetenv(name); err != nil {
				t.Fatal(err)
			}
		}
	}
	t.Setenv("HOME", t.TempDir())
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	for name, value := range settings {
		t.Setenv(name, value)
	}
}

func TestEnvironment(t *testing.T) {
	srv := storetest.New(t)
	srv.CreateBucket(t, bucket)
	var paths, regions []string
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		paths = append(paths, r.Method+" "+r.URL.Path)
		regions = append(regions, strings.Split(r.Header.Get("Authorization"), "/")[2])
		for name := range r.Header {
			if strings.Contains(strings.ToLower(name), "checksum") || strings.Contains(r.Header.Get(name), "aws-chunked") {
				t.Errorf("got header %s: %s, want no checksum", name, r.Header.Get(name))
			}
		}
		srv.ServeHTTP(w, r)
	}))
	defer web.Close()
	environ(t, map[string]string{
		"AWS_ENDPOINT_URL_S3":   web.URL,
		"AWS_ACCESS_KEY_ID":     "key",
		"AWS_SECRET_ACCESS_KEY": "secret",
	})
	store, err := s3store.Open(t.Context(), bucket, "/consul/test/")
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Put(t.Context(), "cluster.json", []byte("{}")); err != nil {
		t.Fatal(err)
	}
	o, err := store.Get(t.Context(), "cluster.json")
	if err != nil || string(o.Body) != "{}" {
		t.Errorf("got %q, %v, want the body that was put", o.Body, err)
	}
	if got, want := strings.Join(paths, " "), "PUT /my-bucket/consul/test/cluster.json GET /my-bucket/consul/test/cluster.json"; got != want {
		t.Errorf("got requests %s, want %s", got, want)
	}
	if got, want := strings.Join(regions, " "), "us-east-1 us-east-1"; got != want {
		t.Errorf("got signing regions %s, want %s", got, want)
	}
}

func TestNothingListens(t *testing.T) {
	web := httptest.NewServer(http.NotFoundHandler())
	url := web.URL
	web.Close()
	environ(t, map[string]string{
		"AWS_ENDPOINT_URL": url, "AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret",
		"AWS_MAX_ATTEMPTS": "1",
	})
	store, err := s3store.Open(t.Context(), bucket, prefix)
	if err != nil {
		t.Fatal(err)
	}
	_, err = store.Get(t.Context(), key)
	wantKind(t, err, nil)
	if !strings.HasSuffix(err.Error(), "connect: connection refused") {
		t.Errorf("got %q, want it to end with the cause", err)
	}
	wantLine(t, err, "get")
}

// Credentials that cannot be had lie over errors of many kinds, also that of a
// missing file. None may pass for a missing object.
func TestNoCredentials(t *testing.T) {
	for name, settings := range map[string]map[string]string{
		"none": {},
		"token file missing": {
			"AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/x", "AWS_WEB_IDENTITY_TOKEN_FILE": "/nonexistent/token",
		},
	} {
		t.Run(name, func(t *testing.T) {
			srv := storetest.New(t)
			environ(t, settings)
			store, err := s3store.Open(t.Context(), bucket, prefix, s3store.WithHTTPClient(srv))
			if err != nil {
				t.Fatal(err)
			}
			for op, call := range ops(t.Context(), store) {
				err := call()
				wantKind(t, err, registry.ErrDenied)
				wantLine(t, err, op)
				if !strings.Contains(err.Error(), "no usable AWS credentials: ") {
					t.Errorf("%s: got %q", op, err)
				}
			}
			if n := srv.Count(nil); n != 0 {
				t.Errorf("got %d requests, want none", n)
			}
		})
	}
}

func TestOpenFails(t *testing.T) {
	environ(t, map[string]string{"AWS_PROFILE": "nobody"})
	for name, tt := range map[string]struct{ bucket, want string }{
		"profile":   {bucket, "open s3://my-bucket: "},
		"no bucket": {"", "open s3: no bucket"},
	} {
		store, err := s3store.Open(t.Context(), tt.bucket, prefix)
		if store != nil || err == nil || !strings.HasPrefix(err.Error(), tt.want) {
			t.Errorf("%s: got %v, %v, want an error that begins %q", name, store, err, tt.want)
		}
		if errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: got %v, which is a missing object's kind", name, err)
		}
	}
}

func TestGivenUp(t *testing.T) {
	t.Parallel()
	srv, store := open(t)
	ctx, cancel := context.WithCancel(t.Context())
	srv.SetFault(func(storetest.Request) storetest.Fault {
		cancel()
		return storetest.Fault{}
	})
	err := store.Swap(ctx, key, []byte("{}"), "")
	wantKind(t, err, context.Canceled)
	if got, want := srv.Count(storetest.Swaps), 1; got != want {
		t.Errorf("got %d swaps sent, want %d", got, want)
	}
}
