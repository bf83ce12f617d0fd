package claim

import "time"

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
