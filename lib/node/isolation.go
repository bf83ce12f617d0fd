package node

import "time"

// firstJoinPause is how long an agent may be alone before it is joined to others for the
// first time. The pause after an attempt is twice the one before, up to the tick, or this
// pause where that is longer: 5, 10, 20, 40 s. Where the store does not answer nobody is
// joined.
const firstJoinPause = 5 * time.Second

// isolation is how long the agent has been alone. It is a value like [schedule].
type isolation struct {
	since time.Time     // zero: it is not
	due   time.Time     // the next attempt
	pause time.Duration // the one that ends at due; the next is twice as long
	tried bool          // there was an attempt
}

// next returns the isolation after a look at the agent, and whether to join it to
// others now (R41).
func (i isolation) next(now time.Time, alone bool, ticks time.Duration) (_ isolation, join bool) {
	switch {
	case !alone:
		return isolation{}, false
	case i.since.IsZero():
		return isolation{since: now, due: now.Add(firstJoinPause), pause: firstJoinPause}, false
	case now.Before(i.due):
		return i, false
	}
	i.pause = min(2*i.pause, max(ticks, firstJoinPause))
	i.due, i.tried = now.Add(i.pause), true
	return i, true
}
