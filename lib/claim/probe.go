package claim

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"auto-consul/lib/registry"
	"auto-consul/lib/rule"
)

// prober finds out whether the store honours conditions on writes (R40), by breaking one
// of each kind on an object of its own. Some stores accept conditions and do not act on
// them: the second creation of a cluster would then succeed like the first.
type prober struct {
	store   registry.Store
	key     string
	removed chan error // the answer to the removal of the object; nil before that has begun
}

// conditions creates the object and then breaks both conditions, side by side: it
// creates what is there, and swaps what is not there any more.
func (p *prober) conditions(ctx context.Context) error {
	if err := createProbe(ctx, p.store, p.key); errors.Is(err, registry.ErrUnconditional) {
		return fmt.Errorf("create %s: %w: %s", p.key, err, wayOut)
	} else if err != nil {
		return fmt.Errorf("create %s: %w", p.key, err)
	}
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		if err := refused(p.store.Swap(gctx, p.key, []byte("second"), "")); err != nil {
			return fmt.Errorf("create %s again: %w", p.key, err)
		}
		return nil
	})
	g.Go(func() error {
		if err := refused(p.store.Swap(gctx, p.key, []byte("third"), staleTag)); err != nil {
			return fmt.Errorf("swap %s from a stale state: %w", p.key, err)
		}
		return nil
	})
	return g.Wait()
}

// staleTag is an entity tag that no object has.
const staleTag = `"00000000000000000000000000000000"`

// effects finds out that what was refused has not been done, and that a swap from the
// right state is.
func (p *prober) effects(ctx context.Context) error {
	first, err := p.store.Get(ctx, p.key)
	switch {
	case err != nil:
		return err
	case string(first.Body) != "first":
		return fmt.Errorf("create %s again: %w", p.key, ErrIgnored)
	case first.ETag == "":
		return errUntagged(p.key)
	}
	if err := p.store.Swap(ctx, p.key, []byte("fourth"), first.ETag); err != nil {
		return fmt.Errorf("swap %s: %w", p.key, err)
	}
	return nil
}

// startRemoval begins to remove the object, also when there is no time left.
func (p *prober) startRemoval(ctx context.Context) {
	p.removed = make(chan error, 1)
	go func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		p.removed <- p.store.Delete(ctx, p.key)
	}()
}

func probeKey(random string) string { return "cluster.probe-" + random }

// createProbe tries again after a conflict. Nobody else knows the key, so the conflict
// is not about the probe: versitygw answers so when the removal of another probe takes
// the emptied folder away at the same moment.
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

// create writes the first record and probes the store, in part beside that (R40). It
// reports whether a reading has shown this node's record. An error of the probe comes
// before all else, because nothing may rest on such a store.
func (d *Decider) create(ctx context.Context, record *rule.Record) (written bool, err error) {
	limited, cancel := context.WithTimeout(ctx, d.Timeout)
	defer cancel()
	d.prober = &prober{store: d.Observer.Registry.Store, key: probeKey(d.Random.ID())}
	defer d.prober.startRemoval(ctx)
	if err := d.prober.conditions(limited); err != nil {
		return false, err
	}
	effects := make(chan error, 1)
	go func() { effects <- d.prober.effects(limited) }()
	written, err = d.write(ctx, record)
	if bad := <-effects; bad != nil {
		return false, bad
	}
	d.able = true
	return written, err
}

// endProbe waits until the probe has left nothing behind.
func (d *Decider) endProbe() {
	if d.prober == nil {
		return
	}
	if err := <-d.prober.removed; err != nil {
		d.Progress("%s stays: %v", d.prober.key, err)
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
	if d.watched == "" {
		d.watched = probeKey(d.Self.Node) // one for each node, should it be killed
	}
	ctx, cancel := context.WithTimeout(ctx, d.Timeout)
	defer cancel()
	err := d.Observer.Registry.Store.Put(ctx, d.watched, []byte("watching"))
	if errors.Is(err, registry.ErrDenied) {
		return err
	}
	if err != nil {
		d.watch.reset()
		d.Progress("%v; the silence counts from when the store takes writes", err)
	}
	return nil
}

// removeWatched removes what probeWrites has written.
func (d *Decider) removeWatched(ctx context.Context) {
	if d.watched == "" {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if err := d.Observer.Registry.Store.Delete(ctx, d.watched); err != nil {
		d.Progress("%s stays: %v", d.watched, err)
	}
}
