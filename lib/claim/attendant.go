package claim

import (
	"context"
	"errors"

	"auto-consul/lib/registry"
)

// attendTries bounds how often one beat looks again after a write. Whoever loses
// as often holds its beat, and the next one goes on.
const attendTries = 4

// Attend looks at the record for a running server and writes what [Attend] wants
// written, until a look shows nothing left to write. It returns that look, with
// the store's time, whether the server's beat must be held, and what was
// written, in words. Each try takes the write's random name from id.
func (r Reader) Attend(ctx context.Context, a Attendance, id func() string) (look Look, hold bool, wrote []string, err error) {
	for range attendTries {
		look, err = r.Record(ctx)
		if err != nil {
			return look, true, wrote, err
		}
		a.Time, a.Record, a.Write = look.Time, look.Record, id()
		want, err := Attend(a)
		if err != nil || want.Swap == nil {
			return look, want.Hold, wrote, err
		}
		switch err := r.Swap(ctx, look, want.Swap); {
		case err == nil:
			wrote = append(wrote, want.Why)
		case !errors.Is(err, registry.ErrConflict):
			return look, true, wrote, err
		}
	}
	return look, true, wrote, nil
}
