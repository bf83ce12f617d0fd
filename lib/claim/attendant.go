package claim

import (
	"context"
	"errors"

	"auto-consul/lib/registry"
)

// Attend looks at the record for a running server and writes what [Attend] wants
// written. It returns the look, with the store's time, and what was written, in
// words. What became of the write only the next look can tell; a lost swap is no
// error, for another server was quicker or the next beat will see to it.
func (r Reader) Attend(ctx context.Context, a Attendance) (look Look, wrote string, err error) {
	look, err = r.Record(ctx)
	if err != nil {
		return look, "", err
	}
	a.Time, a.Record = look.Time, look.Record
	swap, why, err := Attend(a)
	if err != nil || swap == nil {
		return look, "", err
	}
	body, err := swap.Encode()
	if err != nil {
		return look, "", err
	}
	err = r.Registry.Store.Swap(ctx, RecordKey, body, look.ETag)
	switch {
	case errors.Is(err, registry.ErrConflict):
		return look, "", nil
	case err != nil:
		return look, "", err
	}
	look.Record = swap
	return look, why, nil
}
