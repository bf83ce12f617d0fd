package s3store_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"auto-consul/lib/registry"
	"auto-consul/lib/s3store"
	"auto-consul/lib/storetest"
)

// canned answers every request with the same 200.
type canned struct {
	etag, body string
	calls      *int
}

func (c canned) Do(r *http.Request) (*http.Response, error) {
	*c.calls++
	h := http.Header{"Date": {"Fri, 16 May 2014 09:27:31 GMT"}}
	if c.etag != "" {
		h.Set("ETag", c.etag)
	}
	return &http.Response{
		StatusCode: http.StatusOK, Header: h, Request: r,
		Body: io.NopCloser(strings.NewReader(c.body)), ContentLength: int64(len(c.body)),
	}, nil
}

// Answers that look well and are not must never pass for an empty registry.
func TestStrangeAnswers(t *testing.T) {
	t.Parallel()
	page := func(inner string) string {
		return "<ListBucketResult><Name>my-bucket</Name>" + inner + "</ListBucketResult>"
	}
	object := func(key string) string {
		return "<IsTruncated>false</IsTruncated><Contents><Key>" + key + "</Key></Contents>"
	}
	for name, tt := range map[string]struct {
		op, etag, body, want string
	}{
		"a page of a proxy":  {"list", "", "<html><body>please sign in</body></html>", "not a listing"},
		"nothing":            {"list", "", "", "not a listing"},
		"more, but no token": {"list", "", page("<IsTruncated>true</IsTruncated>"), "cut the listing short"},
		"same page again": {
			"list", "",
			page("<IsTruncated>true</IsTruncated><NextContinuationToken>x</NextContinuationToken>"),
			"cut the listing short",
		},
		"other prefix":     {"list", "", page(object("consul/test/servers-old/x")), "not asked for"},
		"other registry":   {"list", "", page(object("servers/x")), "not asked for"},
		"bad escape":       {"list", "", page("<EncodingType>url</EncodingType>" + object("%zz")), "invalid URL escape"},
		"a very long body": {"get", etag, strings.Repeat("x", 9<<20), "longer than 1048576 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var calls int
			store, err := s3store.Open(t.Context(), bucket, prefix,
				s3store.WithHTTPClient(canned{tt.etag, tt.body, &calls}),
				s3store.WithStatic("http://s3.test", "key", "secret"))
			if err != nil {
				t.Fatal(err)
			}
			err = ops(t.Context(), store)[tt.op]()
			wantKind(t, err, nil)
			wantLine(t, err, tt.op)
			if !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %q, want it to say %q", err, tt.want)
			}
			if calls > 2 {
				t.Errorf("got %d requests, want at most 2", calls)
			}
		})
	}
}

// An object without an entity tag can be read all the same: whoever wants to swap it
// must see to it that there is one.
func TestNoEntityTag(t *testing.T) {
	t.Parallel()
	srv, store := open(t)
	if err := store.Put(t.Context(), key, []byte("192.0.2.1")); err != nil {
		t.Fatal(err)
	}
	for _, untagged := range []bool{true, false} {
		srv.SetFault(func(storetest.Request) storetest.Fault { return storetest.Fault{Untagged: untagged} })
		o, err := store.Get(t.Context(), key)
		if err != nil || string(o.Body) != "192.0.2.1" || (o.ETag == "") != untagged {
			t.Errorf("untagged %t: got %q, entity tag %q, %v", untagged, o.Body, o.ETag, err)
		}
	}
}

// A key that XML cannot hold is listed as it is, beside the others.
func TestOddKey(t *testing.T) {
	t.Parallel()
	_, store := open(t)
	const odd = "servers/\x01\n<"
	for _, k := range []string{odd, key} {
		if err := store.Put(t.Context(), k, nil); err != nil {
			t.Fatal(err)
		}
	}
	l, err := store.List(t.Context(), "servers")
	if err != nil || len(l.Keys) != 2 || l.Keys[0] != odd || l.Keys[1] != key {
		t.Errorf("got %q, %v, want both keys", l.Keys, err)
	}
}

// A store that does not know the encoding that is asked for lists plain keys.
func TestPlainKeys(t *testing.T) {
	t.Parallel()
	var calls int
	body := "<ListBucketResult><Name>my-bucket</Name><IsTruncated>false</IsTruncated>" +
		"<Contents><Key>consul/test/servers/a+b%41</Key></Contents></ListBucketResult>"
	store, err := s3store.Open(t.Context(), bucket, prefix,
		s3store.WithHTTPClient(canned{"", body, &calls}),
		s3store.WithStatic("http://s3.test", "key", "secret"))
	if err != nil {
		t.Fatal(err)
	}
	l, err := store.List(t.Context(), "servers")
	if err != nil || len(l.Keys) != 1 || l.Keys[0] != "servers/a+b%41" {
		t.Errorf("got %q, %v, want the key as it is", l.Keys, err)
	}
}

func TestTwoPages(t *testing.T) {
	t.Parallel()
	srv, store := open(t)
	for i := range 1001 {
		if err := store.Put(t.Context(), fmt.Sprintf("servers/%04d", i), nil); err != nil {
			t.Fatal(err)
		}
	}
	srv.Forget()
	first := time.Date(2014, 5, 16, 9, 27, 31, 0, time.UTC)
	srv.SetClock(func() time.Time { return first.Add(time.Duration(len(srv.Requests())) * time.Minute) })
	l, err := store.List(t.Context(), "servers")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := sent(srv), "list 200; list 200"; got != want {
		t.Errorf("got requests %s, want %s", got, want)
	}
	if len(l.Keys) != 1001 || l.Keys[1000] != "servers/1000" {
		t.Errorf("got %d keys, the last %s", len(l.Keys), l.Keys[len(l.Keys)-1])
	}
	if want := first.Add(2 * time.Minute); !l.Time.Equal(want) {
		t.Errorf("got time %v, want that of the last page, %v", l.Time, want)
	}
	for _, r := range srv.Requests() {
		if got, want := r.Query.Get("prefix"), prefix+"/servers/"; got != want {
			t.Errorf("got prefix %s, want %s", got, want)
		}
	}
	srv.Forget()
	l, err = store.Oldest(t.Context(), "servers")
	if err != nil || len(l.Keys) != 1000 || !l.More || l.Keys[0] != "servers/0000" {
		t.Errorf("got %d keys, more %t, %v; want the first page and more", len(l.Keys), l.More, err)
	}
	if got, want := sent(srv), "list 200"; got != want {
		t.Errorf("got requests %s, want %s", got, want)
	}
	// A listing whose second page fails is no listing.
	srv.SetFault(func(r storetest.Request) storetest.Fault {
		if r.Query.Get("continuation-token") != "" {
			return storetest.Fault{Status: 403, Code: "AccessDenied"}
		}
		return storetest.Fault{}
	})
	l, err = store.List(t.Context(), "servers")
	wantKind(t, err, registry.ErrDenied)
	if l.Keys != nil || !l.Time.IsZero() {
		t.Errorf("got %d keys, time %v with the error, want nothing", len(l.Keys), l.Time)
	}
}
