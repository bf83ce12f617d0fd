package claim

import (
	"context"
	"math"
	"time"

	"auto-consul/lib/rule"
)

// pace returns over how much time nodes are spread that start at once and find nothing,
// so that few of them try to create the record (R39): twice what a creation takes, whose
// rounds the store answers one after the other. Most nodes draw a long pause and the
// first a short one.
func pace(answer time.Duration) time.Duration {
	return min(max(50*time.Millisecond, 12*answer), 2*time.Second)
}

// start makes the first observation. Where there is nothing yet, and so perhaps many
// others who see the same, it observes again after a pause (R39).
func (d *Decider) start(ctx context.Context) error {
	d.seen.RecordOnly = true // no heartbeats have been read
	if d.Candidate != nil {
		// Of many clients that look, most see in the record that another takes the place.
		return d.refresh(ctx, d.Observer.Record)
	}
	var took time.Duration
	first := func(ctx context.Context) (seen rule.Observation, err error) {
		seen, took, err = d.Observer.First(ctx)
		return seen, err
	}
	if err := d.refresh(ctx, first); err != nil || d.seen.Record != nil || d.Self.Raft || d.DryRun {
		return err
	}
	spread := math.Sqrt(d.Random.Draw())
	if err := sleep(ctx, time.Duration(spread*float64(pace(took)))); err != nil {
		return err
	}
	return d.refresh(ctx, d.Observer.Record)
}

// Pause returns how long a node that waits for others, or for the store, pauses after so
// many readings: briefly at first, and a tenth of the expiry or 10 s in the end (R39).
func Pause(readings int, expiry time.Duration) time.Duration {
	return min(time.Second<<min(readings, 6), expiry/10, 10*time.Second)
}

// minRecordPoll is the shortest pause between two readings of the record alone.
const minRecordPoll = 10 * time.Millisecond

// recordPoll returns the pause before the record is read again by a node that has
// waited for so long for others who are starting at this moment: short at first, and a
// second in the end, so that a wait of half a minute costs some 120 requests.
func recordPoll(waited time.Duration) time.Duration {
	return min(max(minRecordPoll, waited/20), time.Second)
}
