package claim

import "time"

// watch measures silence on the observer's own monotonic clock (R4). Only unbroken
// watching counts (R11): after a reading that failed, or a gap, it starts anew.
type watch struct {
	since map[string]time.Time // when a silence was first seen
	last  time.Time            // when the last observation ended
}

// observe takes note of what an observation that ended just now found silent. A
// heartbeat stays visible for a whole expiry, so observations less than gap apart
// miss none, as long as gap is shorter than the expiry.
func (w *watch) observe(end time.Time, silent []string, gap time.Duration) {
	if end.Sub(w.last) > gap {
		w.reset()
	}
	since := map[string]time.Time{}
	for _, key := range silent {
		if at, ok := w.since[key]; ok {
			since[key] = at
		} else {
			since[key] = end
		}
	}
	w.since, w.last = since, end
}

// reset forgets all silences.
func (w *watch) reset() { w.since = nil }

// silentFor returns how long each silence had lasted when the last observation
// began.
func (w *watch) silentFor(begin time.Time) map[string]time.Duration {
	out := map[string]time.Duration{}
	for key, at := range w.since {
		out[key] = max(0, begin.Sub(at))
	}
	return out
}
