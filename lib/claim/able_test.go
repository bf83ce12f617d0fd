package claim_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"auto-consul/lib/claim"
	"auto-consul/lib/registry"
	"auto-consul/lib/rule"
	"auto-consul/lib/storetest"
)

// A store that accepts conditions on writes and ignores them gets no cluster, and the
// message names the way out. The probe leaves nothing behind (R40).
func TestDeciderUnableStore(t *testing.T) {
	t.Parallel()
	const out = "the store ignores conditions on writes, so that claims cannot be safe: use another store, or -claims off for the plain rule and its race"
	creation := func(q storetest.Request) bool { return q.IfNoneMatch != "" }
	change := func(q storetest.Request) bool { return q.IfMatch != "" }
	unconditional := func(of func(storetest.Request) bool) func(storetest.Request) storetest.Fault {
		return func(q storetest.Request) storetest.Fault { return storetest.Fault{Unconditional: of(q)} }
	}
	tests := []struct {
		name  string
		fault func(storetest.Request) storetest.Fault
		want  string
	}{
		{"all", unconditional(storetest.Swaps), out},
		{"If-None-Match", unconditional(creation), "again: " + out},
		{"If-Match", unconditional(change), "from a stale state: " + out},
		{"knows no conditions", func(q storetest.Request) storetest.Fault {
			if q.Conditional() {
				return storetest.Fault{Status: 501, Code: "NotImplemented"}
			}
			return storetest.Fault{}
		}, "the store does not implement conditional writes: use another store, or -claims off for the plain rule and its race"},
		{"lost answers", func(q storetest.Request) storetest.Fault {
			return storetest.Fault{LoseAnswer: q.Conditional()}
		}, "create cluster.probe-"},
		{"no entity tags", func(q storetest.Request) storetest.Fault {
			return storetest.Fault{Untagged: strings.Contains(q.Key, "cluster.probe")}
		}, "the answer has no entity tag"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			bubble(t, func(t *testing.T, r *rig) {
				r.srv.SetFault(tt.fault)
				_, _, err := r.decider(9).Decide(t.Context(), nil)
				if err == nil || !strings.Contains(err.Error(), tt.want) {
					t.Errorf("got %v, want %s", err, tt.want)
				}
				if errors.Is(err, rule.ErrUndecided) {
					t.Errorf("got %v, want an error of the store: to decide again does not help", err)
				}
				got := slices.DeleteFunc(r.srv.Keys(t, "b"), func(key string) bool { return tt.name == "no entity tags" && key == "r/cluster.json" })
				if len(got) != 0 {
					t.Errorf("got %q left behind, want nothing", got)
				}
			})
		})
	}
}

// A store that refuses a second creation and makes it all the same is found out (R40).
func TestProbeStoreReadsBack(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, r *rig) {
		store := overwriting{r.observer.Registry.Store}
		err := claim.ProbeStore(t.Context(), store, "x")
		if err == nil || !strings.Contains(err.Error(), "create cluster.probe-x again: the store ignores conditions") {
			t.Errorf("got %v, want the overwriting found", err)
		}
		if err := claim.ProbeStore(t.Context(), store.Store, "x"); err != nil {
			t.Errorf("got %v of a store that honours conditions", err)
		}
		if got := r.srv.Keys(t, "b"); len(got) != 0 {
			t.Errorf("got %q left behind, want nothing", got)
		}
	})
}

// Only a node that is about to create the record probes the store (R40): where there is
// one, somebody has probed it.
func TestDeciderUnableStoreLater(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, r *rig) {
		r.put(rec(rule.Bootstrapping, 2, slot(1, time.Second)))
		r.srv.IgnoreConditions(true)
		r.decided(r.decider(9))
		for _, q := range r.srv.Requests() {
			if strings.Contains(q.Key, "cluster.probe") {
				t.Errorf("got %s %s, want no probe", q.Op, q.Key)
			}
		}
	})
}

// A store may refuse the first creation for reasons of its own, which is tried again.
func TestProbeStoreTriesAgain(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		conflicts int
		able      bool
	}{{1, true}, {3, true}, {100, false}} {
		bubble(t, func(t *testing.T, r *rig) {
			store := &reluctant{r.observer.Registry.Store, test.conflicts}
			if err := claim.ProbeStore(t.Context(), store, "x"); (err == nil) != test.able {
				t.Errorf("after %d conflicts: got %v, want able %v", test.conflicts, err, test.able)
			}
		})
	}
}

// reluctant refuses so many swaps before it does what it is asked.
type reluctant struct {
	registry.Store
	conflicts int
}

func (s *reluctant) Swap(ctx context.Context, key string, body []byte, etag string) error {
	if s.conflicts > 0 {
		s.conflicts--
		return registry.ErrConflict
	}
	return s.Store.Swap(ctx, key, body, etag)
}

// overwriting refuses to create what is there, and has overwritten it.
type overwriting struct{ registry.Store }

func (s overwriting) Swap(ctx context.Context, key string, body []byte, etag string) error {
	err := s.Store.Swap(ctx, key, body, etag)
	if errors.Is(err, registry.ErrConflict) {
		return errors.Join(err, s.Put(ctx, key, body))
	}
	return err
}
