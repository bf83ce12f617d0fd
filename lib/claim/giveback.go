package claim

import (
	"context"
	"errors"
	"fmt"

	"auto-consul/lib/registry"
)

// GiveBack takes an incarnation's slot out of the record, by writing, and
// reports whether it held one. Who may still bootstrap keeps its slot: it is
// what others take over from.
func (r Reader) GiveBack(ctx context.Context, incarnation string, id func() string) (bool, error) {
	for range giveBackTries {
		look, err := r.Record(ctx)
		if err != nil {
			return false, err
		}
		rec := look.Record
		if rec == nil || rec.slot(incarnation) == nil {
			return false, nil
		}
		if rec.State == Bootstrapping && rec.Bootstrap.Incarnation == incarnation {
			return false, nil
		}
		next := rec.next(id())
		next.without(incarnation)
		err = r.Swap(ctx, look, &next)
		if err == nil || !errors.Is(err, registry.ErrConflict) {
			return err == nil, err
		}
	}
	return false, fmt.Errorf("%w: the cluster record changes too often", ErrUndecided)
}

const giveBackTries = 10
