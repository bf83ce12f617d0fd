package storetest

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"sync"
	"testing"

	"auto-consul/lib/registry"
)

// Race lets n writers create one key at the same moment and counts those that
// were told they had. Whatever else an answer says than "changed by another
// writer" fails the test.
func Race(t *testing.T, s registry.Store, key string, n int) (won int) {
	t.Helper()
	start, errs := make(chan struct{}), make([]error, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			<-start
			errs[i] = s.Swap(t.Context(), key, []byte(strconv.Itoa(i)), "")
		})
	}
	close(start)
	wg.Wait()
	for i, err := range errs {
		switch {
		case err == nil:
			won++
		case !errors.Is(err, registry.ErrConflict):
			t.Errorf("writer %d: got %v, want a conflict", i, err)
		}
	}
	return won
}

// Increment adds one to the number in an object, by compare-and-swap, as often
// as it takes, within reason.
func Increment(ctx context.Context, s registry.Store, key string) error {
	for range 10_000 {
		o, err := s.Get(ctx, key)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		n := 0
		if o.ETag != "" {
			if n, err = strconv.Atoi(string(o.Body)); err != nil {
				return err
			}
		}
		err = s.Swap(ctx, key, []byte(strconv.Itoa(n+1)), o.ETag)
		if !errors.Is(err, registry.ErrConflict) {
			return err
		}
	}
	return errors.New("conflicts without end")
}

func checkSwap(t *testing.T, s registry.Store) {
	const key = "cluster.json"
	swap := func(body, etag string, want error) {
		t.Helper()
		if err := s.Swap(t.Context(), key, []byte(body), etag); !errors.Is(err, want) {
			t.Fatalf("swap to %s: got %v, want %v", body, err, want)
		}
	}
	holds := func(want string) string {
		t.Helper()
		o := get(t, s, key)
		if string(o.Body) != want {
			t.Fatalf("got %q, want %q", o.Body, want)
		}
		return o.ETag
	}
	swap("zero", `"0123456789abcdef0123456789abcdef"`, fs.ErrNotExist)
	wantMissing(t, s, key)
	swap("one", "", nil)
	one := holds("one")
	swap("again", "", registry.ErrConflict)
	holds("one")
	swap("two", one, nil)
	two := holds("two")
	swap("three", one, registry.ErrConflict)
	holds("two")
	swap("three", two, nil)
	last := holds("three")
	if err := s.Delete(t.Context(), key); err != nil {
		t.Fatal(err)
	}
	swap("four", last, fs.ErrNotExist)
	swap("five", "", nil)
	holds("five")
}

func checkRace(t *testing.T, s registry.Store) {
	for round := range 5 {
		if won := Race(t, s, fmt.Sprintf("probe-%d", round), 32); won != 1 {
			t.Errorf("got %d winners of one creation, want 1", won)
		}
	}
}

func checkIncrements(t *testing.T, s registry.Store) {
	const writers, each = 5, 20
	var wg sync.WaitGroup
	for range writers {
		wg.Go(func() {
			for range each {
				if err := Increment(t.Context(), s, "counter"); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	if got, want := string(get(t, s, "counter").Body), strconv.Itoa(writers*each); got != want {
		t.Errorf("got %s after %s increments", got, want)
	}
}
