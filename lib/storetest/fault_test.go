package storetest_test

import (
	"errors"
	"strings"
	"testing"

	"auto-consul/lib/registry"
	"auto-consul/lib/storetest"
)

func TestSwitches(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		on, off                  func(*storetest.Server)
		read, write              error  // sentinels
		readText, writeText, log string // "" for no error
	}{
		"outage": {
			on:       func(s *storetest.Server) { s.Outage(true) },
			off:      func(s *storetest.Server) { s.Outage(false) },
			readText: "connection reset", writeText: "connection reset",
		},
		"refused writes": {
			on:        func(s *storetest.Server) { s.RefuseWrites(true) },
			off:       func(s *storetest.Server) { s.RefuseWrites(false) },
			writeText: "SlowDown",
		},
		"denied": {
			on:   func(s *storetest.Server) { s.Deny(storetest.Op("list")) },
			off:  func(s *storetest.Server) { s.Deny(nil) },
			read: registry.ErrDenied, readText: "AccessDenied",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv, store := open(t)
			wantText := func(op string, err, kind error, text string) {
				t.Helper()
				if (err == nil) != (text == "") || err != nil && !strings.Contains(err.Error(), text) {
					t.Errorf("%s: got %v, want %q", op, err, text)
				}
				if kind != nil && !errors.Is(err, kind) {
					t.Errorf("%s: got %v, want %v", op, err, kind)
				}
			}
			tt.on(srv)
			_, err := store.List(t.Context(), "servers")
			wantText("list", err, tt.read, tt.readText)
			wantText("put", store.Put(t.Context(), "k", nil), tt.write, tt.writeText)
			tt.off(srv)
			_, err = store.List(t.Context(), "servers")
			wantText("list", err, nil, "")
			wantText("put", store.Put(t.Context(), "k", nil), nil, "")
		})
	}
}

func TestLand(t *testing.T) {
	t.Parallel()
	srv, store := open(t)
	srv.SetFault(func(storetest.Request) storetest.Fault { return storetest.Fault{Hold: true} })
	for _, body := range []string{"first", "second"} {
		if err := store.Swap(t.Context(), "k", []byte(body), ""); err == nil {
			t.Error("got no error, want a broken connection")
		}
	}
	if keys := srv.Keys(t, "b"); keys != nil {
		t.Errorf("got %q, want nothing yet", keys)
	}
	if n := srv.Land(); n != 2 {
		t.Errorf("got %d requests landed, want 2", n)
	}
	if body, _ := srv.Body(t, "b", "p/k"); string(body) != "first" {
		t.Errorf("got %q, want the first; the second's condition fails", body)
	}
	if n := srv.Land(); n != 0 {
		t.Errorf("got %d requests landed again, want none", n)
	}
}
