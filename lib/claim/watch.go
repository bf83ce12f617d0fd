package claim

import (
	"context"
	"errors"
	"time"

	"auto-consul/lib/registry"
)

// watch measures silence on the observer's own monotonic clock. Only unbroken
// watching counts: a failed look or a gap starts it anew.
type watch struct {
	since map[string]time.Time // when a silence was first seen
	last  time.Time            // when the last look ended
}

// observe takes note of what a look that ended just now found silent. A
// heartbeat stays visible for a whole expiry, so looks less than gap apart miss
// none as long as gap is shorter than that.
func (w *watch) observe(end time.Time, silences []string, gap time.Duration) {
	if end.Sub(w.last) > gap {
		w.reset()
	}
	since := map[string]time.Time{}
	for _, key := range silences {
		if at, ok := w.since[key]; ok {
			since[key] = at
		} else {
			since[key] = end
		}
	}
	w.since, w.last = since, end
}

func (w *watch) reset() { w.since = nil }

// silent is how long each silence had lasted when the last look began.
func (w *watch) silent(begin time.Time) map[string]time.Duration {
	out := map[string]time.Duration{}
	for key, at := range w.since {
		out[key] = max(0, begin.Sub(at))
	}
	return out
}

// audible sees to it that only silence counts during which the store took
// writes: where it refuses them, and can be read all the same, those who live
// are silent too.
func (d *Decider) audible(ctx context.Context) error {
	if d.written == "" {
		d.written = probeKey(d.Self.Node) // one a node, should it be killed
	}
	ctx, cancel := context.WithTimeout(ctx, d.Timeout)
	defer cancel()
	err := d.Reader.Registry.Store.Put(ctx, d.written, []byte("watching"))
	if errors.Is(err, registry.ErrDenied) {
		return err
	}
	if err != nil {
		d.watch.reset()
		d.Progress("%v; the silence counts from when the store takes writes", err)
	}
	return nil
}

// clear removes what audible wrote.
func (d *Decider) clear(ctx context.Context) {
	if d.written == "" {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if err := d.Reader.Registry.Store.Delete(ctx, d.written); err != nil {
		d.Progress("%s stays: %v", d.written, err)
	}
}
