package node

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"auto-consul/lib/rule"
)

// restoring runs a test of node s1, which may bootstrap from a snapshot.
func restoring(t *testing.T, test func(t *testing.T, b *beating, r *Restorer)) {
	t.Helper()
	lifetime(t, blank(), func(t *testing.T, b *beating) {
		b.record(rule.Bootstrapping, func(r *rule.Record) {
			r.Restore, r.Servers = restoredFrom, r.Servers[1:]
			r.Bootstrap.Incarnation, r.Bootstrap.Node, r.Bootstrap.Address = "i1", "s1", "192.0.2.1"
		})
		r := &Restorer{
			Observer: b.Observer, Random: b.Random, Disk: b, Out: b, Timeout: 10 * time.Second,
			Claim:   rule.Claim{Bootstrap: true, HasSlot: true, ClusterID: "c1", Term: 1, Incarnation: "i1", Node: "s1", Address: "192.0.2.1", Expiry: testExpiry},
			Prepare: func(context.Context, string) error { return nil },
			Place:   func() error { b.placed = append(b.placed, "placed"); return nil },
		}
		r.Confirm = func(ctx context.Context) error {
			return Confirm(ctx, r.Claim, func(ctx context.Context) (*rule.Record, time.Time, error) {
				seen, err := b.Observer.Record(ctx)
				return seen.Record, seen.Time, err
			}, b)
		}
		test(t, b, r)
	})
}

// overtaken has the record name another node that may bootstrap.
func (b *beating) overtaken() {
	b.record(rule.Bootstrapping, func(r *rule.Record) { r.Restore, r.Bootstrap.Term = restoredFrom, 2 })
}

// A restore may take longer than the expiry: the node keeps its slot meanwhile. It counts
// as tried before it begins, and as not tried once it has succeeded (R55).
func TestRestore(t *testing.T) {
	t.Parallel()
	restoring(t, func(t *testing.T, b *beating, r *Restorer) {
		r.Prepare = func(ctx context.Context, snapshot string) error {
			if got := fmt.Sprint(b.failed); got != "[{"+restoredFrom+" 1 false its process was ended}]" || snapshot != restoredFrom {
				t.Errorf("got %s kept while %s is restored", got, snapshot)
			}
			sleep(ctx, 10*testExpiry)
			return nil
		}
		if err := r.Restore(t.Context(), restoredFrom); err != nil {
			t.Fatal(err)
		}
		b.says("restoring " + restoredFrom)
		if b.failed != nil || len(b.placed) != 1 {
			t.Errorf("got %v kept and %q, want it placed and nothing left", b.failed, b.placed)
		}
	})
}

// Who is overtaken ends at once, or is not confirmed, and nothing is held against the
// snapshot (R27, R55).
func TestRestoreOvertaken(t *testing.T) {
	t.Parallel()
	restoring(t, func(t *testing.T, b *beating, r *Restorer) {
		time.AfterFunc(testExpiry, b.overtaken)
		r.Prepare = func(ctx context.Context, _ string) error { <-ctx.Done(); return ctx.Err() }
		began := time.Now()
		err := r.Restore(t.Context(), restoredFrom)
		if !errors.Is(err, rule.ErrUndecided) || !strings.Contains(err.Error(), "the record is at term 2 now") {
			t.Errorf("got %v, want to decide again", err)
		}
		if took := time.Since(began); took > testExpiry+11*time.Second {
			t.Errorf("got it after %v, want it at the next look", took)
		}
		if b.failed != nil || b.placed != nil {
			t.Errorf("got %v, %q, want nothing placed or kept", b.failed, b.placed)
		}
	})
	restoring(t, func(t *testing.T, b *beating, r *Restorer) {
		b.failed = []rule.FailedRestore{{Snapshot: restoredFrom, Tries: 1, Why: "before"}}
		r.Prepare = func(context.Context, string) error { b.overtaken(); return nil }
		if err := r.Restore(t.Context(), restoredFrom); !errors.Is(err, rule.ErrUndecided) {
			t.Errorf("got %v, want it not confirmed", err)
		}
		if len(b.failed) != 1 || b.failed[0].Tries != 1 || b.failed[0].Why != "before" || b.placed != nil {
			t.Errorf("got %v, %q, want what was kept before and nothing placed", b.failed, b.placed)
		}
	})
}

// What fails is counted and said; whoever ends the program is not the snapshot's fault.
func TestRestoreFails(t *testing.T) {
	t.Parallel()
	restoring(t, func(t *testing.T, b *beating, r *Restorer) {
		other := rule.FailedRestore{Snapshot: "other", Tries: 2}
		b.failed = []rule.FailedRestore{other}
		r.Prepare = func(context.Context, string) error { return errors.New("disk full") }
		for try := 1; try <= 3; try++ {
			err := r.Restore(t.Context(), restoredFrom)
			want := fmt.Sprintf("undecided: %s cannot be restored, try %d: disk full", restoredFrom, try)
			if err == nil || err.Error() != want || !errors.Is(err, rule.ErrUndecided) {
				t.Errorf("got %v, want %s", err, want)
			}
			if f := b.failed[1]; len(b.failed) != 2 || b.failed[0] != other || f.Tries != try || f.GivenUp() != (try == 3) || f.Why != "disk full" {
				t.Errorf("got %v kept after try %d", b.failed, try)
			}
		}
		b.failed = nil
		r.Prepare = func(context.Context, string) error { return fmt.Errorf("%w: sums", ErrDamaged) }
		if err := r.Restore(t.Context(), restoredFrom); err == nil || !b.failed[0].GivenUp() || b.failed[0].Why != "damaged: sums" {
			t.Errorf("got %v, %v, want it given up", err, b.failed)
		}
	})
	restoring(t, func(t *testing.T, b *beating, r *Restorer) {
		ctx, cancel := context.WithCancelCause(t.Context())
		told := errors.New("terminated")
		r.Prepare = func(ctx context.Context, _ string) error { cancel(told); <-ctx.Done(); return ctx.Err() }
		if err := r.Restore(ctx, restoredFrom); !errors.Is(err, told) || b.failed != nil {
			t.Errorf("got %v, %v, want the signal and nothing kept", err, b.failed)
		}
	})
	restoring(t, func(t *testing.T, b *beating, r *Restorer) {
		r.Place = func() error { return errors.New("in the way") }
		if err := r.Restore(t.Context(), restoredFrom); !errors.Is(err, rule.ErrUndecided) || b.failed[0].Why != "in the way" {
			t.Errorf("got %v, %v, want it counted", err, b.failed)
		}
	})
}
