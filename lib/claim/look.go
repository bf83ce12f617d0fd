package claim

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"golang.org/x/sync/errgroup"

	"auto-consul/lib/registry"
)

// headStart is how long the record is waited for before the heartbeats are
// asked for beside it. Where a thousand nodes start at once nearly all of them
// need nothing but the record.
const headStart = 10 * time.Millisecond

// Reader looks at a registry.
type Reader struct {
	Registry *registry.Registry
}

// Record reads the record alone.
func (r Reader) Record(ctx context.Context) (Look, error) {
	look := Look{RecordOnly: true}
	obj, err := r.Registry.Store.Get(ctx, RecordKey)
	look.Time = obj.Time
	if errors.Is(err, fs.ErrNotExist) {
		return look, nil
	}
	if err != nil {
		return look, err
	}
	rec, err := DecodeRecord(obj.Body)
	if err != nil {
		return look, err
	}
	look.Record, look.Raw, look.ETag = &rec, obj.Body, obj.ETag
	return look, nil
}

// All reads the record and the heartbeats, side by side.
func (r Reader) All(ctx context.Context) (Look, error) { return r.read(ctx, 0) }

// First is the first look of a decision: the record, and the heartbeats too
// unless the record was quick to come.
func (r Reader) First(ctx context.Context) (Look, error) { return r.read(ctx, headStart) }

func (r Reader) read(ctx context.Context, head time.Duration) (Look, error) {
	var look Look
	var snap registry.Snapshot
	g, gctx := errgroup.WithContext(ctx)
	came := make(chan struct{})
	g.Go(func() (err error) {
		defer close(came)
		look, err = r.Record(gctx)
		return err
	})
	if head > 0 {
		timer := time.NewTimer(head)
		defer timer.Stop()
		select {
		case <-came:
			return look, g.Wait()
		case <-timer.C:
		}
	}
	g.Go(func() (err error) {
		beats, err := r.Heartbeats(gctx)
		snap = beats.Snapshot
		return err
	})
	if err := g.Wait(); err != nil {
		return Look{}, err
	}
	return look.with(snap), nil
}

// Names reports whether the record names the cluster that a server belongs to, as
// established.
func (l Look) Names(kept Kept) bool {
	return l.Record != nil && l.Record.State == Established && l.Record.ClusterID == kept.ClusterID && l.Record.Bootstrap.Term == kept.Term
}

// Heartbeats reads the heartbeats alone: all servers and some agents, which is all
// that a decision needs. Those of a thousand agents do not fit into one answer; the
// first will do then.
func (r Reader) Heartbeats(ctx context.Context) (Look, error) {
	// More than are wanted: some may turn out to be bad or one's own.
	fresh := registry.Freshest(MaxJoin + 2)
	snap, err := r.Registry.Read(ctx, registry.Query{
		Pick: map[registry.Role]registry.Pick{registry.Agents: fresh}, Oldest: []registry.Role{registry.Agents},
	})
	return Look{Snapshot: snap}, err
}

// Swap writes a record over the one that a look has shown, or creates it where
// the look has shown none. Its errors are the store's, or wrap [errEncode].
func (r Reader) Swap(ctx context.Context, seen Look, next *Record) error {
	body, err := next.Encode()
	if err != nil {
		return err
	}
	return r.Registry.Store.Swap(ctx, RecordKey, body, seen.ETag)
}

// with is the look with heartbeats added. It is judged as of the earlier of both
// times: who has beaten between the two seems younger than it is, never silent.
func (l Look) with(snap registry.Snapshot) Look {
	if l.Time.Before(snap.Time) {
		snap.Time = l.Time
	}
	l.Snapshot, l.RecordOnly = snap, false
	return l
}

// completed is this look's record with later heartbeats.
func (l Look) completed(later Look) Look {
	l = l.with(later.Snapshot)
	l.BeatsLater = true
	return l
}

// Able finds out whether the store honours conditions, by breaking one of each
// kind on an object of its own. Some accept them and do as they like, and the
// second creation of a cluster would then succeed like the first.
func Able(ctx context.Context, store registry.Store, random string) (err error) {
	key := probeKey(random)
	defer func() {
		// Also where a condition was ignored, and when there is no time left.
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
		return fmt.Errorf("create %s again: %w", key, errIgnored)
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

// createProbe tries again after a conflict. Nobody else knows the key, so it is
// not about the probe: versitygw answers so when another probe's removal takes
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

const wayOut = "use another store, or -claims off for the plain rule and its race"

var errIgnored = errors.New("the store ignores conditions on writes, so that claims cannot be safe: " + wayOut)

func refused(err error) error {
	switch {
	case err == nil:
		return errIgnored
	case errors.Is(err, registry.ErrConflict):
		return nil
	}
	return err
}
