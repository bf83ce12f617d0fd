package node

import (
	"context"
	"slices"
	"time"

	"auto-consul/lib/registry"
)

// maxRetriedRemovals is how many own heartbeats that could not be removed are tried again,
// so that a beat stays a few requests where nothing may ever be removed.
const maxRetriedRemovals = 8

// own is a heartbeat that this loop has written and not removed yet.
type own struct {
	key   string
	since time.Time // when it had been written, by the machine's monotonic clock
	tried bool      // it could not be removed: the next beat tries again
}

// wrote remembers what a beat has written. Beats within one second write the same keys,
// which are remembered once.
func (b *Beater) wrote(keys []string) {
	b.written = slices.DeleteFunc(b.written, func(o own) bool { return slices.Contains(keys, o.key) })
	for _, key := range keys {
		b.written = append(b.written, own{key: key, since: time.Now()})
	}
}

// expiredAt returns what tells the heartbeats that have expired at store time now. One that
// is dated in the future, because the store's clock was set back, has expired when it was
// written so long ago (R53).
func expiredAt(now, horizon time.Time, expiry time.Duration) func(own) bool {
	return func(o own) bool {
		h, err := registry.ParseKey(o.key)
		return err == nil && (!h.Live(now, expiry) || registry.Ahead(h.Time, horizon) && time.Since(o.since) > expiry)
	}
}

// outlived returns what tells the heartbeats that were written an expiry and a second
// ago, so that they have expired whatever the store's time is. Where a beat is left out
// nobody has read that (R47). One that could not be removed is left to the next beat.
func outlived(now time.Time, expiry time.Duration) func(own) bool {
	return func(o own) bool { return !o.tried && now.Sub(o.since) >= expiry+time.Second }
}

// tidy removes what this loop wrote and has expired since, so that a registry that
// nobody lists does not grow. What cannot be removed is tried again.
func (b *Beater) tidy(ctx context.Context, expired func(own) bool) {
	var old, live []own
	var keys []string
	for _, o := range b.written {
		if expired(o) {
			o.tried = true
			old, keys = append(old, o), append(keys, o.key)
		} else {
			live = append(live, o)
		}
	}
	gone, err := b.Observer.Registry.Purge(ctx, keys)
	if err != nil {
		b.Out.Warnf("remove own expired heartbeats: %v", err)
	}
	old = slices.DeleteFunc(old, func(o own) bool { return slices.Contains(gone, o.key) })
	b.written = slices.Concat(old[max(0, len(old)-maxRetriedRemovals):], live)
}
