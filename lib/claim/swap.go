package claim

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"auto-consul/lib/registry"
	"auto-consul/lib/rule"
)

// swapper is the compare-and-swap loop around the cluster record, the only place that
// writes it (R1). A write is sent once, and its answer decides nothing: whether it
// happened is what reading the record shows afterwards (R2). So a lost answer, a
// refused write and one that another writer has replaced already are told apart there
// and nowhere else.
type swapper struct {
	store   registry.Store
	random  Random
	timeout time.Duration // bound on each write; 0: only what the caller's context says
	// How long writes may go on failing, and how long other writers may be faster,
	// before the loop gives up.
	failures, conflicts time.Duration
	report              func(format string, args ...any) // tells the operator; may be nil

	tries int       // swaps that were lost, ever
	since time.Time // since when every swap has been lost; zero: the last one was not
}

// swap writes next in place of the record that was seen, or creates it where none
// was seen, and then reads what is there. written reports whether that shows the
// write. If it does not, the swap may be tried again from what is there now: the
// pause before that has passed.
//
// Its errors are those of read, [registry.ErrDenied], [rule.ErrUnwritable], the
// error of a write that went on failing, or [registry.ErrConflict] where other
// writers went on being faster.
func (s *swapper) swap(ctx context.Context, seen rule.Observation, next *rule.Record, read func(context.Context) (rule.Observation, error)) (now rule.Observation, written bool, err error) {
	begin := time.Now()
	failed := s.write(ctx, seen.ETag, next)
	lost := failed == nil || errors.Is(failed, registry.ErrConflict) || errors.Is(failed, fs.ErrNotExist)
	switch {
	case errors.Is(failed, registry.ErrDenied), errors.Is(failed, rule.ErrUnwritable): // R3, R1
		return seen, false, failed
	case !lost && s.report != nil:
		s.report("%v; looking whether it was written", failed)
	}
	if now, err = read(ctx); err != nil {
		return now, false, err
	}
	if now.Record != nil && now.Record.Write == next.Write {
		s.reset()
		return now, true, nil
	}
	if s.since.IsZero() {
		s.since = begin
	}
	switch lasted := time.Since(s.since); {
	case !lost && lasted >= s.failures:
		return now, false, failed
	case lasted >= s.conflicts:
		return now, false, fmt.Errorf("the cluster record could not be swapped in %v: %w", lasted.Round(time.Second), registry.ErrConflict)
	}
	s.tries++
	return now, false, sleep(ctx, s.random.pause(s.tries)) // R2
}

// write sends the record once, on the condition that it is as it was seen (R1).
func (s *swapper) write(ctx context.Context, etag string, next *rule.Record) error {
	body, err := next.Encode()
	if err != nil {
		return err
	}
	if s.timeout > 0 {
		limited, cancel := context.WithTimeout(ctx, s.timeout)
		defer cancel()
		ctx = limited
	}
	return s.store.Swap(ctx, rule.RecordKey, body, etag)
}

// reset lets the time for which swaps may be lost begin anew.
func (s *swapper) reset() { s.since = time.Time{} }

// conflictTime is how long other writers may be faster than a running node, which
// tries again at its next beat anyway.
const conflictTime = 5 * time.Second

// update writes what want makes of the record, again and again until an observation
// leaves nothing to be written (R29). It returns that observation, what want said of
// it, and the reasons of what was written. Its error is want's, or one of those of a
// swap; a write that fails is not tried again.
func (o Observer) update(ctx context.Context, random Random, want func(rule.Observation) (rule.Order, error)) (seen rule.Observation, last rule.Order, wrote []string, err error) {
	s := swapper{store: o.Registry.Store, random: random, conflicts: conflictTime}
	for seen, err = o.Record(ctx); err == nil; {
		if last, err = want(seen); err != nil || last.Swap == nil {
			break
		}
		var written bool
		if seen, written, err = s.swap(ctx, seen, last.Swap, o.Record); written {
			wrote = append(wrote, last.Why)
		}
	}
	return seen, last, wrote, err
}

// sleep waits for a while, or until the context ends, and then returns its error.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
