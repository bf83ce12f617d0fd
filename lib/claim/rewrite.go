package claim

import (
	"context"
	"errors"
	"fmt"

	"auto-consul/lib/registry"
)

// rewriteTries bounds how often others may be faster. With the pauses between
// tries that is some seconds.
const rewriteTries = 10

// rewrite looks at the record and writes what want makes of it, again and again
// until a look leaves nothing to be written. It returns that look, what want said
// of it, and what was written, in words. Its error is want's or the store's; it
// wraps [registry.ErrConflict] where others were faster each time.
func (r Reader) rewrite(ctx context.Context, dice Dice, want func(Look) (Attended, error)) (look Look, last Attended, wrote []string, err error) {
	for tries := range rewriteTries {
		if look, err = r.Record(ctx); err != nil {
			return look, last, wrote, err
		}
		if last, err = want(look); err != nil || last.Swap == nil {
			return look, last, wrote, err
		}
		switch err = r.Swap(ctx, look, last.Swap); {
		case err == nil:
			wrote = append(wrote, last.Why)
		case !errors.Is(err, registry.ErrConflict):
			return look, last, wrote, err
		default:
			if err := sleep(ctx, dice.pause(tries)); err != nil {
				return look, last, wrote, err
			}
		}
	}
	return look, last, wrote, fmt.Errorf("%s changes too often: %w", RecordKey, registry.ErrConflict)
}

// Attend looks at the record for a running server and writes what [Attend] wants
// written, until a look shows nothing left to write. It returns that look, with
// the store's time, whether the server's beat must be held, and what was
// written, in words. After an error there must be no beat at all: one as an agent
// alone would say that this node is no server.
func (r Reader) Attend(ctx context.Context, a Attendance, dice Dice) (look Look, hold bool, wrote []string, err error) {
	look, last, wrote, err := r.rewrite(ctx, dice, func(look Look) (Attended, error) {
		a.Time, a.Record, a.Write = look.Time, look.Record, dice.ID()
		return Attend(a)
	})
	return look, last.Hold || err != nil, wrote, err
}

// GiveBack takes the slot of an incarnation, if it is in a node's name, out of the
// record, by writing, and reports whether it held one. Who may still bootstrap
// keeps its slot: it is what others take over from.
func (r Reader) GiveBack(ctx context.Context, incarnation, node string, dice Dice) (bool, error) {
	_, _, wrote, err := r.rewrite(ctx, dice, func(look Look) (Attended, error) {
		rec := look.Record
		if rec == nil || rec.State == Bootstrapping && rec.Bootstrap.Incarnation == incarnation {
			return Attended{}, nil
		}
		if slot := rec.slot(incarnation); slot == nil || slot.Node != node {
			return Attended{}, nil
		}
		next := rec.next(dice.ID())
		next.without(incarnation)
		return Attended{Swap: &next, Why: "this server leaves"}, nil
	})
	if errors.Is(err, registry.ErrConflict) {
		err = fmt.Errorf("%w: %w", ErrUndecided, err)
	}
	return len(wrote) > 0 && err == nil, err
}
