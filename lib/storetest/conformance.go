package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"auto-consul/lib/registry"
)

// Conformance shows that a store keeps the promises of [registry.Store]. open
// returns a new, empty registry each time it is called; clock reads that
// store's clock by another way.
func Conformance(t *testing.T, open func(t *testing.T) registry.Store, clock func(t *testing.T) time.Time) {
	t.Helper()
	for name, check := range map[string]func(*testing.T, registry.Store){
		"list":         checkList,
		"list many":    checkMany,
		"put and get":  checkPut,
		"get missing":  checkMissing,
		"size":         checkSize,
		"swap":         checkSwap,
		"one winner":   checkRace,
		"increments":   checkIncrements,
		"delete":       checkDelete,
		"gave up":      checkCancelled,
		"clock":        func(t *testing.T, s registry.Store) { checkClock(t, s, clock) },
		"same content": checkSameContent,
		"large":        checkLarge,
		"one uploader": checkUploads,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			check(t, open(t))
		})
	}
}

func checkList(t *testing.T, s registry.Store) {
	wantKeys(t, s, "servers")
	for _, key := range []string{
		"servers/b", "servers/a/b", "servers/a.b", "servers/a-b", "servers/a c+d%41&ü",
		"servers-old/x", "servers.json", "agents/z", "cluster.json",
	} {
		put(t, s, key, key)
	}
	wantKeys(t, s, "servers",
		"servers/a c+d%41&ü", "servers/a-b", "servers/a.b", "servers/a/b", "servers/b")
	wantKeys(t, s, "agents", "agents/z")
	wantKeys(t, s, "server")
	wantKeys(t, s, "none")
}

func checkMany(t *testing.T, s registry.Store) {
	const n = 1100 // more than one page
	want := make([]string, n)
	var wg sync.WaitGroup
	for i := range n {
		want[i] = fmt.Sprintf("agents/2014051609%04d-n", i)
	}
	for part := range slices.Chunk(want, n/4) {
		wg.Go(func() {
			for _, key := range part {
				if err := s.Put(t.Context(), key, []byte("192.0.2.1")); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	wantKeys(t, s, "agents", want...)
	l, err := s.Oldest(t.Context(), "agents")
	if got := len(l.Keys); err != nil || got == 0 || !slices.Equal(l.Keys, want[:got]) || l.More != (got < n) || l.Time.IsZero() {
		t.Errorf("got the oldest %d keys, more %t, time %v, %v; want the first in order", got, l.More, l.Time, err)
	}
}

func checkPut(t *testing.T, s registry.Store) {
	for _, body := range []string{"192.0.2.1", "", "a\x00\n\xff", "192.0.2.1"} {
		put(t, s, "servers/1-n", body)
		if got := get(t, s, "servers/1-n"); string(got.Body) != body || got.ETag == "" {
			t.Errorf("got %q, entity tag %q, want %q with one", got.Body, got.ETag, body)
		}
	}
}

func checkSameContent(t *testing.T, s registry.Store) {
	put(t, s, "k", "one")
	first := get(t, s, "k").ETag
	put(t, s, "k", "two")
	if got := get(t, s, "k").ETag; got == first {
		t.Errorf("got entity tag %s for both contents", got)
	}
}

func checkMissing(t *testing.T, s registry.Store) {
	put(t, s, "servers/1-n", "192.0.2.1")
	for _, key := range []string{"cluster.json", "servers/1", "servers/1-n2", "agents/1-n"} {
		wantMissing(t, s, key)
	}
}

func checkSize(t *testing.T, s registry.Store) {
	most := bytes.Repeat([]byte{'x'}, registry.MaxObject)
	put(t, s, "most", string(most))
	if got := get(t, s, "most").Body; !bytes.Equal(got, most) {
		t.Errorf("got %d bytes, want %d as written", len(got), len(most))
	}
	put(t, s, "more", string(most)+"x")
	o, err := s.Get(t.Context(), "more")
	if !errors.Is(err, registry.ErrTooLarge) || o.Body != nil {
		t.Errorf("got %d bytes, error %v, want %v", len(o.Body), err, registry.ErrTooLarge)
	}
}

func checkDelete(t *testing.T, s registry.Store) {
	put(t, s, "servers/1-a", "192.0.2.1")
	put(t, s, "servers/1-b", "192.0.2.2")
	for _, key := range []string{"servers/1-a", "servers/1-a", "agents/1-c", "none"} {
		if err := s.Delete(t.Context(), key); err != nil {
			t.Errorf("delete %s: got %v, want no error", key, err)
		}
	}
	wantMissing(t, s, "servers/1-a")
	wantKeys(t, s, "servers", "servers/1-b")
}

func checkCancelled(t *testing.T, s registry.Store) {
	put(t, s, "servers/1-a", "192.0.2.1")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, list := s.List(ctx, "servers")
	_, read := s.Get(ctx, "servers/1-a")
	_, load := s.Download(ctx, "servers/1-a", io.Discard)
	for op, err := range map[string]error{
		"list": list, "get": read,
		"put":    s.Put(ctx, "servers/1-b", nil),
		"swap":   s.Swap(ctx, "servers/1-c", nil, ""),
		"delete": s.Delete(ctx, "servers/1-a"),
		"upload": s.Upload(ctx, "servers/1-d", strings.NewReader("x")), "download": load,
	} {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: got %v, want %v", op, err, context.Canceled)
		}
	}
	wantKeys(t, s, "servers", "servers/1-a")
}

func checkClock(t *testing.T, s registry.Store, clock func(*testing.T) time.Time) {
	put(t, s, "servers/1-a", "192.0.2.1")
	times := map[string]func() time.Time{
		"list":    func() time.Time { return wantKeys(t, s, "servers", "servers/1-a") },
		"get":     func() time.Time { return get(t, s, "servers/1-a").Time },
		"missing": func() time.Time { return wantMissing(t, s, "servers/1-b") },
	}
	for op, read := range times {
		before := clock(t).Truncate(time.Second)
		got, after := read(), clock(t)
		if got.Before(before) || got.After(after) {
			t.Errorf("%s: got %v, want it from %v to %v", op, got, before, after)
		}
		if got.Location() != time.UTC || got.Nanosecond() != 0 {
			t.Errorf("%s: got %v, want whole seconds in UTC", op, got)
		}
	}
}

func put(t *testing.T, s registry.Store, key, body string) {
	t.Helper()
	if err := s.Put(t.Context(), key, []byte(body)); err != nil {
		t.Fatal(err)
	}
}

func get(t *testing.T, s registry.Store, key string) registry.Object {
	t.Helper()
	o, err := s.Get(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func wantMissing(t *testing.T, s registry.Store, key string) time.Time {
	t.Helper()
	o, err := s.Get(t.Context(), key)
	if !errors.Is(err, fs.ErrNotExist) || o.Time.IsZero() || o.ETag != "" || o.Body != nil {
		t.Errorf("get %s: got %+v, %v, want %v and only the time", key, o, err, fs.ErrNotExist)
	}
	return o.Time
}

func wantKeys(t *testing.T, s registry.Store, dir string, want ...string) time.Time {
	t.Helper()
	l, err := s.List(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(l.Keys, want) {
		t.Errorf("list %s: got %d keys, want %d; got %q, want %q", dir, len(l.Keys), len(want),
			l.Keys[:min(len(l.Keys), 9)], want[:min(len(want), 9)])
	}
	if len(l.Sizes) != len(l.Keys) || l.Time.IsZero() {
		t.Errorf("list %s: got %d sizes of %d keys, time %v", dir, len(l.Sizes), len(l.Keys), l.Time)
	}
	return l.Time
}
