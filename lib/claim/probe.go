package claim

import (
	"context"
	"errors"
	"fmt"
	"time"

	"auto-consul/lib/registry"
)

// ProbeStore finds out whether the store honours conditions on writes, by breaking one
// of each kind on an object of its own (R40). Some stores accept conditions and ignore
// them: the second creation of a cluster would then succeed like the first.
func ProbeStore(ctx context.Context, store registry.Store, random string) (err error) {
	key := probeKey(random)
	defer func() {
		// The probe is removed where a condition was ignored, too, and when there is
		// no time left.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		err = errors.Join(err, store.Delete(ctx, key))
	}()
	if err := createProbe(ctx, store, key); errors.Is(err, registry.ErrUnconditional) {
		return fmt.Errorf("create %s: %w: %s", key, err, wayOut)
	} else if err != nil {
		return fmt.Errorf("create %s: %w", key, err)
	}
	if err := refused(store.Swap(ctx, key, []byte("second"), "")); err != nil {
		return fmt.Errorf("create %s again: %w", key, err)
	}
	first, err := store.Get(ctx, key)
	switch {
	case err != nil:
		return err
	case string(first.Body) != "first":
		return fmt.Errorf("create %s again: %w", key, ErrIgnored)
	}
	if err := store.Swap(ctx, key, []byte("third"), first.ETag); err != nil {
		return fmt.Errorf("swap %s: %w", key, err)
	}
	if err := refused(store.Swap(ctx, key, []byte("fourth"), first.ETag)); err != nil {
		return fmt.Errorf("swap %s from a stale state: %w", key, err)
	}
	return nil
}

func probeKey(random string) string { return "cluster.probe-" + random }

// createProbe tries again after a conflict. Nobody else knows the key, so the
// conflict is not about the probe: versitygw answers so when the removal of another
// probe takes the emptied folder away at the same moment.
func createProbe(ctx context.Context, store registry.Store, key string) error {
	for pause := 50 * time.Millisecond; ; pause *= 2 {
		err := store.Swap(ctx, key, []byte("first"), "")
		if !errors.Is(err, registry.ErrConflict) || pause > time.Second {
			return err
		}
		if err := sleep(ctx, pause); err != nil {
			return err
		}
	}
}

const wayOut = "use another store, or -claims off for the plain rule and its race"

// ErrIgnored reports that the store accepts conditions on writes and does not act on
// them.
var ErrIgnored = errors.New("the store ignores conditions on writes, so that claims cannot be safe: " + wayOut)

// refused returns nil if a write was refused, as it had to be.
func refused(err error) error {
	switch {
	case err == nil:
		return ErrIgnored
	case errors.Is(err, registry.ErrConflict):
		return nil
	}
	return err
}

// probeWrites finds out whether the store takes writes, because only silence counts
// during which it did (R11): where it refuses writes and can be read all the same,
// living nodes are silent, too.
func (d *Decider) probeWrites(ctx context.Context) error {
	if d.probe == "" {
		d.probe = probeKey(d.Self.Node) // one for each node, should it be killed
	}
	ctx, cancel := context.WithTimeout(ctx, d.Timeout)
	defer cancel()
	err := d.Observer.Registry.Store.Put(ctx, d.probe, []byte("watching"))
	if errors.Is(err, registry.ErrDenied) {
		return err
	}
	if err != nil {
		d.watch.reset()
		d.Progress("%v; the silence counts from when the store takes writes", err)
	}
	return nil
}

// removeProbe removes what probeWrites has written.
func (d *Decider) removeProbe(ctx context.Context) {
	if d.probe == "" {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if err := d.Observer.Registry.Store.Delete(ctx, d.probe); err != nil {
		d.Progress("%s stays: %v", d.probe, err)
	}
}
