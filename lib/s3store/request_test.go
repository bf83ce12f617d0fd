package s3store_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"slices"
	"strings"
	"testing"

	"auto-consul/lib/registry"
	"auto-consul/lib/storetest"
)

const (
	prefix = "consul/test"
	key    = "servers/20140516092731-server1"
	etag   = `"0123456789abcdef0123456789abcdef"`
)

// ops are the operations of a store, as the tables here name them.
func ops(ctx context.Context, s registry.Store) map[string]func() error {
	return map[string]func() error{
		"list":    func() error { _, err := s.List(ctx, "servers"); return err },
		"get":     func() error { _, err := s.Get(ctx, key); return err },
		"put":     func() error { return s.Put(ctx, key, []byte("192.0.2.1")) },
		"create":  func() error { return s.Swap(ctx, key, []byte("{}"), "") },
		"replace": func() error { return s.Swap(ctx, key, []byte("{}"), etag) },
		"delete":  func() error { return s.Delete(ctx, key) },

		"upload":   func() error { return s.Upload(ctx, key, strings.NewReader("a snapshot")) },
		"download": func() error { _, err := s.Download(ctx, key, io.Discard); return err },
	}
}

// open returns a server with an empty bucket and a store on it.
func open(t *testing.T) (*storetest.Server, registry.Store) {
	t.Helper()
	srv := storetest.New(t)
	srv.CreateBucket(t, bucket)
	return srv, srv.Open(t, bucket, prefix)
}

// sent writes down the requests with their conditions and answers.
func sent(srv *storetest.Server) string {
	var lines []string
	for _, r := range srv.Requests() {
		line := fmt.Sprint(r.Op, " ", r.Status)
		if r.IfMatch != "" {
			line += " if-match " + r.IfMatch
		}
		if r.IfNoneMatch != "" {
			line += " if-none-match " + r.IfNoneMatch
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "; ")
}

// thrice is a request in all the attempts that a plain operation is given.
func thrice(s string) string { return s + "; " + s + "; " + s }

func TestFailures(t *testing.T) {
	t.Parallel()
	answer := func(status int, code string) storetest.Fault {
		return storetest.Fault{Status: status, Code: code}
	}
	moved := answer(301, "PermanentRedirect")
	moved.Header = http.Header{"X-Amz-Bucket-Region": {"eu-west-1"}}
	for name, tt := range map[string]struct {
		op    string
		fault storetest.Fault
		want  error // a sentinel; nil: none of them
		text  string
		sent  string
	}{
		"list denied": {"list", answer(403, "AccessDenied"), registry.ErrDenied, "access denied (AccessDenied)", "list 403"},
		"get denied":  {"get", answer(403, "AccessDenied"), registry.ErrDenied, "access denied (AccessDenied)", "get 403"},
		"bad key id":  {"get", answer(403, "InvalidAccessKeyId"), registry.ErrDenied, "InvalidAccessKeyId", "get 403"},
		"bad secret":  {"put", answer(403, "SignatureDoesNotMatch"), registry.ErrDenied, "SignatureDoesNotMatch", "put 403"},
		"expired":     {"list", answer(400, "ExpiredToken"), registry.ErrDenied, "access denied (ExpiredToken)", "list 400"},
		"anonymous":   {"list", answer(401, ""), registry.ErrDenied, "access denied (Unauthorized)", "list 401"},
		"swap denied": {"create", answer(403, ""), registry.ErrDenied, "access denied (Forbidden)", "put 403 if-none-match *"},

		"no key":         {"get", answer(404, "NoSuchKey"), fs.ErrNotExist, "no such object", "get 404"},
		"no bucket":      {"get", answer(404, "NoSuchBucket"), nil, "bucket does not exist", "get 404"},
		"list no bucket": {"list", answer(404, "NoSuchBucket"), nil, "bucket does not exist", "list 404"},
		"swap no bucket": {"replace", answer(404, "NoSuchBucket"), nil, "bucket does not exist", "put 404 if-match " + etag},
		"bare 404":       {"get", answer(404, ""), nil, "status 404", "get 404"},
		"swap bare 404":  {"replace", answer(404, ""), nil, "status 404", "put 404 if-match " + etag},
		"nothing there":  {"replace", answer(404, "NoSuchKey"), fs.ErrNotExist, "no such object", "put 404 if-match " + etag},
		"delete gone":    {"delete", answer(404, "NoSuchBucket"), nil, "bucket does not exist", "delete 404"},

		"changed":       {"replace", answer(412, "PreconditionFailed"), registry.ErrConflict, "PreconditionFailed", "put 412 if-match " + etag},
		"exists":        {"create", answer(412, "PreconditionFailed"), registry.ErrConflict, "PreconditionFailed", "put 412 if-none-match *"},
		"concurrent":    {"create", answer(409, "ConditionalRequestConflict"), registry.ErrConflict, "ConditionalRequestConflict", "put 409 if-none-match *"},
		"unconditional": {"put", answer(412, "PreconditionFailed"), nil, "PreconditionFailed (status 412)", "put 412"},
		"unable":        {"create", answer(501, "NotImplemented"), nil, "does not implement conditional writes", "put 501 if-none-match *"},
		"swap busy":     {"create", answer(503, "SlowDown"), nil, "SlowDown (status 503)", "put 503 if-none-match *"},
		"swap broken":   {"create", answer(500, "InternalError"), nil, "InternalError (status 500)", "put 500 if-none-match *"},

		"get busy":    {"get", answer(503, "SlowDown"), nil, "SlowDown (status 503)", thrice("get 503")},
		"list busy":   {"list", answer(503, "SlowDown"), nil, "SlowDown (status 503)", thrice("list 503")},
		"put busy":    {"put", answer(500, ""), nil, "status 500", thrice("put 500")},
		"delete busy": {"delete", answer(503, ""), nil, "status 503", thrice("delete 503")},
		"moved":       {"get", moved, nil, "region eu-west-1 (AWS_REGION)", "get 301"},
		"clock":       {"put", answer(403, "RequestTimeTooSkewed"), nil, "RequestTimeTooSkewed (status 403)", "put 403"},
		"unknown":     {"put", answer(400, "Weird"), nil, "Weird (status 400): as the test wants it", "put 400"},

		"there already":   {"upload", answer(412, "PreconditionFailed"), registry.ErrConflict, "PreconditionFailed", "put 412 if-none-match *"},
		"at once":         {"upload", answer(409, "ConditionalRequestConflict"), registry.ErrConflict, "Conflict", "put 409 if-none-match *"},
		"upload denied":   {"upload", answer(403, "AccessDenied"), registry.ErrDenied, "access denied (AccessDenied)", "put 403 if-none-match *"},
		"upload unable":   {"upload", answer(501, ""), nil, "does not implement conditional writes", "put 501 if-none-match *"},
		"upload large":    {"upload", answer(400, "EntityTooLarge"), nil, "EntityTooLarge (status 400)", "put 400 if-none-match *"},
		"upload busy":     {"upload", answer(503, "SlowDown"), nil, "SlowDown (status 503)", "put 503 if-none-match *"},
		"upload dropped":  {"upload", storetest.Fault{Drop: true}, nil, "connection reset", "put 0 if-none-match *"},
		"no snapshot":     {"download", answer(404, "NoSuchKey"), fs.ErrNotExist, "no such object", "get 404"},
		"download denied": {"download", answer(403, "AccessDenied"), registry.ErrDenied, "access denied (AccessDenied)", "get 403"},
		"download busy":   {"download", answer(503, "SlowDown"), nil, "SlowDown (status 503)", thrice("get 503")},

		"list dropped":  {"list", storetest.Fault{Drop: true}, nil, "connection reset", thrice("list 0")},
		"swap dropped":  {"create", storetest.Fault{Drop: true}, nil, "connection reset", "put 0 if-none-match *"},
		"dateless":      {"get", storetest.Fault{Status: 404, Code: "NoSuchKey", Dateless: true}, nil, "no date", "get 404"},
		"dateless list": {"list", storetest.Fault{Dateless: true}, nil, "no date", "list 200"},
		"truncated":     {"list", storetest.Fault{Truncate: true}, nil, "answer cut short: unexpected EOF", thrice("list 200")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv, store := open(t)
			srv.SetFault(func(storetest.Request) storetest.Fault { return tt.fault })
			err := ops(t.Context(), store)[tt.op]()
			wantKind(t, err, tt.want)
			if got := sent(srv); got != tt.sent {
				t.Errorf("got requests %s, want %s", got, tt.sent)
			}
			if err != nil && !strings.Contains(err.Error(), tt.text) {
				t.Errorf("got %q, want it to say %q", err, tt.text)
			}
			wantLine(t, err, tt.op)
		})
	}
}

// wantKind wants an error that is exactly this sentinel, or none of them.
func wantKind(t *testing.T, got, want error) {
	t.Helper()
	if got == nil {
		t.Fatal("got no error")
	}
	for _, kind := range []error{
		fs.ErrNotExist, registry.ErrDenied, registry.ErrConflict,
		context.Canceled, context.DeadlineExceeded,
	} {
		if is := errors.Is(got, kind); is != (kind == want) {
			t.Errorf("got %v: is %q: %v", got, kind, is)
		}
	}
}

// wantLine wants one line that begins with the operation and the object.
func wantLine(t *testing.T, err error, op string) {
	t.Helper()
	verb := map[string]string{"create": "swap", "replace": "swap"}[op]
	if verb == "" {
		verb = op
	}
	want := verb + " s3://my-bucket/consul/test/servers"
	if text := err.Error(); !strings.HasPrefix(text, want) || strings.ContainsAny(text, "\n\r") {
		t.Errorf("got %q, want one line that begins with %q", text, want)
	}
}

// once is a fault of the first request only.
func once(f storetest.Fault) func(storetest.Request) storetest.Fault {
	first := make(chan storetest.Fault, 1)
	first <- f
	return func(storetest.Request) storetest.Fault {
		select {
		case f := <-first:
			return f
		default:
			return storetest.Fault{}
		}
	}
}

func TestOneFault(t *testing.T) {
	t.Parallel()
	busy := storetest.Fault{Status: 503, Code: "SlowDown"}
	for name, tt := range map[string]struct {
		op    string
		fault storetest.Fault
		ok    bool
		sent  string
		there bool // the object, afterwards
	}{
		"list retried":     {"list", busy, true, "list 503; list 200", false},
		"get retried":      {"get", busy, true, "get 503; get 200", true},
		"get cut short":    {"get", storetest.Fault{Truncate: true}, true, "get 200; get 200", true},
		"list broken off":  {"list", storetest.Fault{Drop: true}, true, "list 0; list 200", false},
		"put retried":      {"put", busy, true, "put 503; put 200", true},
		"put answer lost":  {"put", storetest.Fault{LoseAnswer: true}, true, "put 0; put 200", true},
		"upload lost":      {"upload", storetest.Fault{LoseAnswer: true}, false, "put 0 if-none-match *", true},
		"download retried": {"download", busy, true, "get 503; get 200", true},
		"download cut":     {"download", storetest.Fault{Truncate: true}, false, "get 200", true},
		"delete lost":      {"delete", storetest.Fault{LoseAnswer: true}, true, "delete 0; delete 204", false},
		"swap answer lost": {"create", storetest.Fault{LoseAnswer: true}, false, "put 0 if-none-match *", true},
		"swap once":        {"create", busy, false, "put 503 if-none-match *", false},
		"gone":             {"delete", storetest.Fault{Status: 404, Code: "NoSuchKey"}, true, "delete 404", true},
		"gone, bare":       {"delete", storetest.Fault{Status: 404}, true, "delete 404", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv, store := open(t)
			if slices.Contains([]string{"get", "download", "delete"}, tt.op) {
				if err := store.Put(t.Context(), key, []byte("192.0.2.1")); err != nil {
					t.Fatal(err)
				}
			}
			srv.Forget()
			srv.SetFault(once(tt.fault))
			err := ops(t.Context(), store)[tt.op]()
			if tt.ok && err != nil {
				t.Errorf("got %v, want no error", err)
			}
			if !tt.ok {
				wantKind(t, err, nil)
			}
			if got := sent(srv); got != tt.sent {
				t.Errorf("got requests %s, want %s", got, tt.sent)
			}
			if _, there := srv.Body(t, bucket, prefix+"/"+key); there != tt.there {
				t.Errorf("got an object: %v, want %v", there, tt.there)
			}
		})
	}
}
