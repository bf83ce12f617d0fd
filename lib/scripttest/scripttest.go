// Package scripttest runs the scripts of a command's tests, each in a clean
// environment and with a registry of its own: the variable REG names it, and its
// clock stands still at 2026-11-23T01:16:10Z. Only tests import it.
//
// Beside testscript's commands there are
//
//	exits code program [args...]   run it and want this exit code
//	answer file                    want this on standard output; random ids read ID
//	term                           send SIGTERM to all that runs in the background
//	put key body                   write an object
//	upload key file                write a file's text as an object
//	remove key                     remove an object
//	object key file                want this text in the object; random ids read ID
//	! object key                   want no such object
//	holds [key...]                 want these keys in the registry and no other
//	sent [op=count...] [or ...]    want these requests of the last exits, and no other
//	await count op                 wait for so many further requests
//	deny [op [part of the key]]    refuse these requests; none if not given. The key of
//	                               a list is what it asks for
//	hang [op]                      never answer these requests; answer all if not given
//	untag [part of the key]        answer without entity tags of these keys; with all if not given
//	clock seconds                  move the clock
package scripttest

import (
	"maps"
	"net/http/httptest"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"auto-consul/lib/registry"
	"auto-consul/lib/storetest"
)

const (
	bucket = "b"
	prefix = "r"
)

// Command is a further command of scripts.
type Command = func(ts *testscript.TestScript, neg bool, args []string)

// Run runs all scripts of a folder. They may use more commands, by name.
func Run(t *testing.T, dir string, more map[string]Command) {
	t.Helper()
	if scripts, err := filepath.Glob(filepath.Join(dir, "*.txtar")); err != nil || len(scripts) == 0 {
		t.Fatalf("got %d scripts in %s, %v", len(scripts), dir, err)
	}
	cmds := map[string]Command{
		"exits": exits, "answer": answer, "term": term, "put": put, "upload": upload, "remove": remove, "object": object,
		"holds": holds, "sent": sent, "await": await, "deny": deny, "hang": hang, "untag": untag, "clock": setClock,
	}
	maps.Copy(cmds, more)
	testscript.Run(t, testscript.Params{
		Dir:                 dir,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup:               func(e *testscript.Env) error { return setup(t, e) },
		Cmds:                cmds,
	})
}

type key struct{}

// world is what lies outside the programs of one script.
type world struct {
	srv       *storetest.Server
	store     registry.Store
	mark, end int // requests before the last exits, and after

	mu  sync.Mutex
	now time.Time
}

func worldOf(ts *testscript.TestScript) *world { return ts.Value(key{}).(*world) }

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func setup(t *testing.T, e *testscript.Env) error {
	w := &world{srv: storetest.New(t), now: time.Date(2026, 11, 23, 1, 16, 10, 0, time.UTC)}
	w.srv.SetClock(w.clock)
	w.srv.CreateBucket(t, bucket)
	w.store = w.srv.Open(t, bucket, prefix)
	web := httptest.NewServer(w.srv)
	e.Defer(web.Close)
	e.Values[key{}] = w
	for name, value := range map[string]string{
		"REG":                       "s3://" + bucket + "/" + prefix,
		"AWS_ENDPOINT_URL_S3":       web.URL,
		"AWS_ACCESS_KEY_ID":         "key",
		"AWS_SECRET_ACCESS_KEY":     "secret",
		"AWS_EC2_METADATA_DISABLED": "true",
		// The race detector has every process sleep for a second at its end.
		"GORACE": "atexit_sleep_ms=0",
	} {
		e.Setenv(name, value)
	}
	return nil
}
