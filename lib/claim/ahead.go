package claim

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"auto-consul/lib/registry"
)

// FirstSeen says when an observer has first seen each heartbeat that is dated in the
// future, by the machine's monotonic clock. From then on such a heartbeat counts for an
// expiry (R53). Nil remembers nothing.
type FirstSeen struct {
	since map[string]time.Time // by key
	news  []string             // keys that the operator was not told of yet
}

// Observe takes note of what an observation that ended at a time has shown.
func (f *FirstSeen) Observe(end time.Time, snap registry.Snapshot) {
	if f == nil {
		return
	}
	since := map[string]time.Time{}
	for _, key := range slices.Concat(snap.Ahead, snap.Expired) {
		if at, known := f.since[key]; known {
			since[key] = at
		}
	}
	for _, key := range snap.Ahead {
		if _, known := since[key]; !known {
			since[key] = end
			f.news = append(f.news, key)
		}
	}
	f.since = since
}

// Over returns the keys that were seen first an expiry before an observation which begins
// at a time.
func (f *FirstSeen) Over(begin time.Time, expiry time.Duration) map[string]bool {
	if f == nil {
		return nil
	}
	over := map[string]bool{}
	for key, at := range f.since {
		if begin.Sub(at) >= expiry {
			over[key] = true
		}
	}
	return over
}

// News says in words which heartbeats were found dated in the future since it was asked
// last; empty if none were.
func (f *FirstSeen) News(expiry time.Duration) string {
	if f == nil || len(f.news) == 0 {
		return ""
	}
	const most = 3
	shown, more := f.news[:min(len(f.news), most)], ""
	if n := len(f.news) - most; n > 0 {
		more = fmt.Sprintf(" and %d others", n)
	}
	f.news = nil
	return fmt.Sprintf("the store's clock was set back: %s%s lie in the future and count for %v from now", strings.Join(shown, ", "), more, expiry)
}

// tellAhead tells the operator of heartbeats that are dated in the future.
func (d *Decider) tellAhead() {
	if news := d.Observer.FirstSeen.News(d.Policy.Expiry); news != "" {
		d.Progress("%s", news)
	}
}

// removeOver removes servers' heartbeats that are dated in the future and have had their
// time, so that nobody else need wait for them (R53).
func (d *Decider) removeOver(ctx context.Context) {
	var keys []string
	for key := range d.Observer.FirstSeen.Over(time.Now(), d.Policy.Expiry) {
		if strings.HasPrefix(key, string(registry.Servers)+"/") {
			keys = append(keys, key)
		}
	}
	if len(keys) == 0 || d.DryRun {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if _, err := d.Observer.Registry.Purge(ctx, keys); err != nil {
		d.Progress("heartbeats that lie in the future stay: %v", err)
	}
}
