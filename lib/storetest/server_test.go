package storetest_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"auto-consul/lib/registry"
	"auto-consul/lib/s3store"
	"auto-consul/lib/storetest"
)

// client sends requests to a server in one of its two ways.
type client interface {
	Do(*http.Request) (*http.Response, error)
}

// ways are the two clients of a server and the address to send to.
func ways(t *testing.T, srv *storetest.Server) map[string]struct {
	client client
	url    string
} {
	t.Helper()
	web := httptest.NewServer(srv)
	t.Cleanup(web.Close)
	// A connection for each request: the transport may repeat a request on one
	// that was open already.
	fresh := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	return map[string]struct {
		client client
		url    string
	}{"socket": {fresh, web.URL}, "client": {srv, "http://s3.test"}}
}

// send is one request; its result is the status and body, or "broken" with
// what of the body came.
func send(t *testing.T, c client, method, url, body string) (string, http.Header) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := c.Do(r)
	if err != nil {
		return "broken", nil
	}
	got, err := io.ReadAll(resp.Body)
	if closeErr := resp.Body.Close(); closeErr != nil {
		t.Error(closeErr)
	}
	if err != nil {
		return fmt.Sprintf("%d %s broken", resp.StatusCode, got), resp.Header
	}
	return fmt.Sprintf("%d %s", resp.StatusCode, got), resp.Header
}

func TestFaults(t *testing.T) {
	t.Parallel()
	moment := time.Date(2014, 5, 16, 9, 27, 31, 0, time.UTC)
	const refused = "418 <Error><Code>Teapot</Code><Message>as the test wants it</Message></Error>"
	for name, tt := range map[string]struct {
		fault    storetest.Fault
		put, get string
		there    bool // the object, after the put
		date     string
	}{
		"none":     {storetest.Fault{}, "200 ", "200 abcdef", true, "Fri, 16 May 2014 09:27:31 GMT"},
		"drop":     {storetest.Fault{Drop: true}, "broken", "broken", false, ""},
		"lose":     {storetest.Fault{LoseAnswer: true}, "broken", "broken", true, ""},
		"hold":     {storetest.Fault{Hold: true}, "broken", "broken", false, ""},
		"truncate": {storetest.Fault{Truncate: true}, "200 ", "200 abc broken", true, "Fri, 16 May 2014 09:27:31 GMT"},
		"status":   {storetest.Fault{Status: 418, Code: "Teapot"}, refused, refused, false, "Fri, 16 May 2014 09:27:31 GMT"},
		"bare":     {storetest.Fault{Status: 418}, "418 ", "418 ", false, "Fri, 16 May 2014 09:27:31 GMT"},
		"dateless": {storetest.Fault{Dateless: true}, "200 ", "200 abcdef", true, ""},
	} {
		srv := storetest.New(t)
		srv.SetClock(func() time.Time { return moment })
		for way, to := range ways(t, srv) {
			t.Run(name+", "+way, func(t *testing.T) {
				srv.CreateBucket(t, way)
				srv.SetFault(func(storetest.Request) storetest.Fault { return tt.fault })
				got, _ := send(t, to.client, http.MethodPut, to.url+"/"+way+"/k", "abcdef")
				if got != tt.put {
					t.Errorf("put: got %q, want %q", got, tt.put)
				}
				if _, there := srv.Body(t, way, "k"); there != tt.there {
					t.Errorf("got an object: %v, want %v", there, tt.there)
				}
				srv.SetFault(nil)
				send(t, to.client, http.MethodPut, to.url+"/"+way+"/k", "abcdef")
				srv.SetFault(func(storetest.Request) storetest.Fault { return tt.fault })
				got, header := send(t, to.client, http.MethodGet, to.url+"/"+way+"/k", "")
				if got != tt.get {
					t.Errorf("get: got %q, want %q", got, tt.get)
				}
				if date := header.Get("Date"); date != tt.date {
					t.Errorf("got date %q, want %q", date, tt.date)
				}
			})
		}
	}
}

func open(t *testing.T) (*storetest.Server, registry.Store) {
	t.Helper()
	srv := storetest.New(t)
	srv.CreateBucket(t, "b")
	return srv, srv.Open(t, "b", "p")
}

func TestRecord(t *testing.T) {
	t.Parallel()
	srv, store := open(t)
	moment := time.Date(2014, 5, 16, 9, 27, 31, 0, time.UTC)
	srv.SetClock(func() time.Time { return moment })
	if err := store.Swap(t.Context(), "k", []byte("abc"), ""); err != nil {
		t.Fatal(err)
	}
	o, err := store.Get(t.Context(), "k")
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Swap(t.Context(), "k", []byte("abcd"), o.ETag); err != nil {
		t.Fatal(err)
	}
	if err := store.Delete(t.Context(), "k"); err != nil {
		t.Fatal(err)
	}
	if _, err := store.List(t.Context(), "servers"); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range srv.Requests() {
		if !r.Time.Equal(moment) {
			t.Errorf("got a request at %v, want %v", r.Time, moment)
		}
		if r.Op == "list" {
			r.Out = 0 // the length of the document is the fake's own affair
		}
		got = append(got, fmt.Sprint(r.Op, " ", r.Method, " ", r.Bucket, " ", r.Key, " ", r.In, " ", r.Out, " ",
			r.Status, " ", r.IfMatch+r.IfNoneMatch, " ", r.Query.Get("prefix")))
	}
	want := []string{
		"put PUT b p/k 3 0 200 * ", "get GET b p/k 0 3 200  ", "put PUT b p/k 4 0 200 " + o.ETag + " ",
		"delete DELETE b p/k 0 0 204  ", "list GET b  0 0 200  p/servers/",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s, want\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	counts := []int{srv.Count(nil), srv.Count(storetest.Swaps), srv.Count(storetest.Op("get", "list"))}
	if want := []int{5, 2, 2}; !slices.Equal(counts, want) {
		t.Errorf("got counts %d, want %d", counts, want)
	}
	srv.Forget()
	if n := srv.Count(nil); n != 0 {
		t.Errorf("got %d requests, want none", n)
	}
}

// Time in a bubble passes only where somebody waits, and a run is the same each
// time.
func TestBubble(t *testing.T) {
	t.Parallel()
	run := func() (log []string) {
		synctest.Test(t, func(t *testing.T) {
			srv := storetest.New(t)
			srv.CreateBucket(t, "b")
			store := srv.Open(t, "b", "p", s3store.WithBackoff(func(int) time.Duration { return time.Second }))
			srv.SetFault(func(r storetest.Request) storetest.Fault {
				if len(srv.Requests())%3 == 0 {
					return storetest.Fault{Delay: 3 * time.Second, Drop: true}
				}
				return storetest.Fault{}
			})
			for i := range 9 {
				time.Sleep(time.Minute)
				if err := store.Put(t.Context(), fmt.Sprint(i), nil); err != nil {
					t.Error(err)
				}
			}
			for _, r := range srv.Requests() {
				log = append(log, fmt.Sprint(r.Key, r.Status, r.Time))
			}
		})
		return log
	}
	first := run()
	if len(first) != 13 {
		t.Errorf("got %d requests, want 9 and 4 repeated", len(first))
	}
	if again := run(); !slices.Equal(first, again) {
		t.Errorf("got\n%s\nthen\n%s", strings.Join(first, "\n"), strings.Join(again, "\n"))
	}
}
