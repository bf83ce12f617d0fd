package s3store_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"auto-consul/lib/registry"
	"auto-consul/lib/s3store"
	"auto-consul/lib/storetest"
)

// A store that never answers costs a time-out for each attempt, and all of
// them together no more than the caller allows.
func TestBlackHole(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		op     string
		budget time.Duration
		kind   error
		text   string
		sent   int
		took   time.Duration
	}{
		"read":     {"get", time.Hour, nil, "no answer within 10s", 3, 30 * time.Second},
		"swap":     {"create", time.Hour, nil, "no answer within 10s", 1, 10 * time.Second},
		"upload":   {"upload", time.Hour, nil, "nothing has moved for 1m0s", 1, time.Minute},
		"download": {"download", time.Hour, nil, "nothing has moved for 1m0s", 3, 3 * time.Minute},
		"deadline": {"get", 15 * time.Second, context.DeadlineExceeded, "context deadline exceeded", 2, 15 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				srv, store := open(t)
				srv.SetFault(func(storetest.Request) storetest.Fault { return storetest.Fault{Delay: time.Hour} })
				ctx, cancel := context.WithTimeout(t.Context(), tt.budget)
				defer cancel()
				start := time.Now()
				err := ops(ctx, store)[tt.op]()
				wantKind(t, err, tt.kind)
				wantLine(t, err, tt.op)
				if !strings.HasSuffix(err.Error(), ": "+tt.text) {
					t.Errorf("got %q, want it to say %q", err, tt.text)
				}
				if got := time.Since(start); got != tt.took || srv.Count(nil) != tt.sent {
					t.Errorf("got %d requests in %v, want %d in %v", srv.Count(nil), got, tt.sent, tt.took)
				}
			})
		})
	}
}

// The SDK's own pauses pass in a bubble's time, too.
func TestBackoff(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := storetest.New(t)
		srv.CreateBucket(t, bucket)
		store, err := s3store.Open(t.Context(), bucket, prefix,
			s3store.WithHTTPClient(srv), s3store.WithStatic("http://s3.test", "key", "secret"))
		if err != nil {
			t.Fatal(err)
		}
		srv.Outage(true)
		time.AfterFunc(time.Nanosecond, func() { srv.Outage(false) })
		if err := store.Put(t.Context(), key, nil); err != nil {
			t.Error(err)
		}
		if got, want := sent(srv), "put 0; put 200"; got != want {
			t.Errorf("got requests %s, want %s", got, want)
		}
	})
}

// A local clock that is wrong by far is no obstacle: the SDK learns the store's
// time from its refusal, and no answer ever carries the local time.
func TestWrongClock(t *testing.T) {
	t.Parallel()
	srv, store := open(t)
	wrong := func() time.Time { return time.Now().Add(-24 * time.Hour) }
	srv.SetClock(wrong)
	srv.SetFault(once(storetest.Fault{Status: 403, Code: "RequestTimeTooSkewed"}))
	o, err := store.Get(t.Context(), key)
	if got, want := sent(srv), "get 403; get 404"; got != want {
		t.Errorf("got requests %s, want %s; %v", got, want, err)
	}
	if o.Time.After(wrong()) {
		t.Errorf("got %v, want the store's time", o.Time)
	}
}

// A write whose answer was lost may land after its writer has read and gone on.
func TestLateWrite(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv, store := open(t)
		srv.SetFault(once(storetest.Fault{Late: time.Minute}))
		if err := store.Swap(t.Context(), key, []byte("late"), ""); err == nil {
			t.Error("got no error, want a broken connection")
		}
		if _, there := srv.Body(t, bucket, prefix+"/"+key); there {
			t.Error("got the object at once, want it later")
		}
		time.Sleep(2 * time.Minute)
		if body, _ := srv.Body(t, bucket, prefix+"/"+key); string(body) != "late" {
			t.Errorf("got %q, want the late write", body)
		}
	})
}

// TestUnableStore is the control of the conformance test's one winner: with a
// store that forgets the condition the same race has many.
func TestUnableStore(t *testing.T) {
	t.Parallel()
	srv, store := open(t)
	srv.IgnoreConditions(true)
	if won := storetest.Race(t, store, "probe", 32); won != 32 {
		t.Errorf("got %d winners, want all 32", won)
	}
	if got := srv.Count(storetest.Swaps); got != 32 {
		t.Errorf("got %d conditional writes sent, want 32", got)
	}
	srv.IgnoreConditions(false)
	if err := store.Swap(t.Context(), "probe", nil, ""); !errors.Is(err, registry.ErrConflict) {
		t.Errorf("got %v, want a conflict again", err)
	}
}
