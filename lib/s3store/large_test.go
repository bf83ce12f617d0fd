package s3store_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"auto-consul/lib/s3store"
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
