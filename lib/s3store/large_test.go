package s3store_test

import (
	"bytes"
	"encoding/pem"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"auto-consul/lib/s3store"
	"auto-consul/lib/storetest"
)

// slow is a store that takes and gives a byte at a time, with a pause before each.
type slow struct{ pause time.Duration }

func (s slow) Do(r *http.Request) (*http.Response, error) {
	resp := &http.Response{StatusCode: http.StatusOK, Header: http.Header{"Date": {"Fri, 16 May 2014 09:27:31 GMT"}}, Request: r}
	if r.Method == http.MethodGet {
		resp.Body, resp.ContentLength = io.NopCloser(&crawl{r, strings.NewReader("0123456789"), s.pause}), 10
		return resp, nil
	}
	resp.Body = http.NoBody
	_, err := io.Copy(io.Discard, &crawl{r, r.Body, s.pause})
	return resp, err
}

type crawl struct {
	of    *http.Request
	from  io.Reader
	pause time.Duration
}

func (c *crawl) Read(p []byte) (int, error) {
	select {
	case <-c.of.Context().Done():
		return 0, c.of.Context().Err()
	case <-time.After(c.pause):
		return c.from.Read(p[:1])
	}
}

// A large object may take any time as long as it moves, which is no minute too long.
func TestSlowly(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		pause, took time.Duration
		want        string
	}{
		"slow":    {59 * time.Second, 11 * 59 * time.Second, ""},
		"stalled": {2 * time.Minute, time.Minute, ": nothing has moved for 1m0s"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				store, err := s3store.Open(t.Context(), bucket, prefix, s3store.WithHTTPClient(slow{tt.pause}),
					s3store.WithStatic("http://s3.test", "key", "secret"))
				if err != nil {
					t.Fatal(err)
				}
				begin := time.Now()
				wantEnd(t, "upload", store.Upload(t.Context(), key, strings.NewReader("0123456789")), tt.want)
				if took := time.Since(begin); took != tt.took {
					t.Errorf("upload: took %v, want %v", took, tt.took)
				}
				begin = time.Now()
				var got bytes.Buffer
				_, err = store.Download(t.Context(), key, &got)
				wantEnd(t, "download", err, tt.want)
				if took := time.Since(begin); took != tt.took {
					t.Errorf("download: took %v, want %v", took, tt.took)
				}
				if tt.want == "" && got.String() != "0123456789" {
					t.Errorf("got %q", got.String())
				}
			})
		})
	}
}

// wantEnd wants an error that ends so; empty: none.
func wantEnd(t *testing.T, op string, err error, want string) {
	t.Helper()
	if want == "" && err != nil || want != "" && (err == nil || !strings.HasSuffix(err.Error(), want)) {
		t.Errorf("%s: got %v, want it to end %q", op, err, want)
	}
}

// A body that cannot be read leaves nothing behind.
func TestUploadUnreadable(t *testing.T) {
	t.Parallel()
	srv, store := open(t)
	err := store.Upload(t.Context(), key, unreadable{strings.NewReader("0123456789")})
	wantKind(t, err, nil)
	wantEnd(t, "upload", err, "disk broken")
	if _, there := srv.Body(t, bucket, prefix+"/"+key); there {
		t.Error("got an object of a body that could not be read")
	}
}

type unreadable struct{ io.Seeker }

func (unreadable) Read([]byte) (int, error) { return 0, errors.New("disk broken") }

// A snapshot goes over TLS, too, by the authority that AWS_CA_BUNDLE names.
func TestUploadOverTLS(t *testing.T) {
	srv := storetest.New(t)
	srv.CreateBucket(t, bucket)
	web := httptest.NewTLSServer(srv)
	defer web.Close()
	bundle := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(bundle, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: web.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	environ(t, map[string]string{
		"AWS_ENDPOINT_URL_S3": web.URL, "AWS_CA_BUNDLE": bundle, "AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret",
	})
	store, err := s3store.Open(t.Context(), bucket, prefix)
	if err != nil {
		t.Fatal(err)
	}
	large := strings.Repeat("0123456789abcdef", 1<<18)
	if err := store.Upload(t.Context(), key, strings.NewReader(large)); err != nil {
		t.Fatal(err)
	}
	var got bytes.Buffer
	if _, err := store.Download(t.Context(), key, &got); err != nil || got.String() != large {
		t.Errorf("got %d bytes, %v, want %d as they were", got.Len(), err, len(large))
	}
}

// amazon notes what Amazon would be sent.
type amazon struct {
	sent *http.Request
	body int64
}

func (a *amazon) Do(r *http.Request) (*http.Response, error) {
	a.sent = r
	var err error
	a.body, err = io.Copy(io.Discard, r.Body)
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{"Date": {"Fri, 16 May 2014 09:27:31 GMT"}}, Body: http.NoBody, Request: r,
	}, err
}

// Amazon is given a checksum behind the body, which is read once, and the condition.
func TestUploadToAmazon(t *testing.T) {
	environ(t, map[string]string{"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret"})
	var a amazon
	store, err := s3store.Open(t.Context(), bucket, prefix, s3store.WithHTTPClient(&a))
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Upload(t.Context(), key, strings.NewReader("0123456789")); err != nil {
		t.Fatal(err)
	}
	h := a.sent.Header
	for name, want := range map[string]string{
		"If-None-Match": "*", "X-Amz-Trailer": "x-amz-checksum-crc32", "X-Amz-Decoded-Content-Length": "10",
		"X-Amz-Content-Sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
	} {
		if h.Get(name) != want {
			t.Errorf("got %s: %q, want %q", name, h.Get(name), want)
		}
	}
	if a.sent.URL.Scheme != "https" || a.sent.ContentLength != a.body || a.body <= 10 {
		t.Errorf("got %s, %d bytes of %d", a.sent.URL, a.body, a.sent.ContentLength)
	}
}
