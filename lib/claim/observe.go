package claim

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"golang.org/x/sync/errgroup"

	"auto-consul/lib/registry"
	"auto-consul/lib/rule"
)

// headStart is how long a first observation waits for the record before it asks for the
// heartbeats, too (R39). Where a thousand nodes start at once, nearly all of them need
// nothing but the record (R17).
const headStart = 10 * time.Millisecond

// Observer reads the registry for the rules. Its errors are the store's, or wrap
// [rule.ErrUnreadable].
type Observer struct {
	Registry *registry.Registry
	// FirstSeen remembers heartbeats that are dated in the future; nil: they count until
	// their time has come (R53).
	FirstSeen *FirstSeen
}

// Record reads the record alone. Without a record the observation still has the store's
// time, which is the only one that counts (R4). A reading that fails is an error and
// never means that there is no record (R3).
func (o Observer) Record(ctx context.Context) (rule.Observation, error) {
	seen, _, err := o.record(ctx)
	return seen, err
}

// record is [Observer.Record], and how long the store took to answer.
func (o Observer) record(ctx context.Context) (seen rule.Observation, took time.Duration, err error) {
	seen.RecordOnly = true
	obj, err := o.Registry.Store.Get(ctx, rule.RecordKey)
	seen.Time, seen.Horizon = obj.Time, o.Registry.Horizon(obj.Time)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return seen, obj.Took, nil
	case err != nil:
		return seen, 0, err
	case obj.ETag == "":
		return seen, 0, errUntagged(rule.RecordKey)
	}
	rec, err := rule.DecodeRecord(obj.Body)
	if err != nil {
		return seen, 0, err
	}
	seen.Record, seen.Raw, seen.ETag = &rec, obj.Body, obj.ETag
	return seen, obj.Took, nil
}

// All reads the record and the heartbeats at the same time, and judges them as of the
// earlier answer (R5).
func (o Observer) All(ctx context.Context) (rule.Observation, error) {
	seen, _, err := o.read(ctx, 0)
	return seen, err
}

// First is the first observation of a decision: the record, and the heartbeats too
// unless the record was quick to come (R39). took is how long the store took to answer
// for the record.
func (o Observer) First(ctx context.Context) (seen rule.Observation, took time.Duration, err error) {
	return o.read(ctx, headStart)
}

// read reads the record and, unless the record comes within the head start, the
// heartbeats.
func (o Observer) read(ctx context.Context, head time.Duration) (seen rule.Observation, took time.Duration, err error) {
	var snap registry.Snapshot
	g, gctx := errgroup.WithContext(ctx)
	came := make(chan struct{})
	g.Go(func() (err error) {
		defer close(came)
		seen, took, err = o.record(gctx)
		return err
	})
	if head > 0 {
		timer := time.NewTimer(head)
		defer timer.Stop()
		select {
		case <-came:
			err := g.Wait()
			return seen, took, err
		case <-timer.C:
		}
	}
	g.Go(func() (err error) {
		snap, err = o.Heartbeats(gctx)
		return err
	})
	if err := g.Wait(); err != nil {
		return rule.Observation{}, 0, err
	}
	return seen.WithHeartbeats(snap), took, nil
}

// Heartbeats reads the heartbeats alone: all of the servers and some of the
// clients, which is all that a decision needs. The heartbeats of a thousand clients
// do not fit into one answer of the store; the first answer will do then.
func (o Observer) Heartbeats(ctx context.Context) (registry.Snapshot, error) {
	// More than are wanted, because some may turn out to be bad or one's own.
	fresh := registry.Freshest(rule.MaxJoin + 2)
	snap, err := o.Registry.Read(ctx, registry.Query{
		Pick: map[registry.Role]registry.Pick{registry.Agents: fresh}, Oldest: []registry.Role{registry.Agents},
		Over: o.FirstSeen.Over(time.Now(), o.Registry.Expiry),
	})
	if err == nil {
		o.FirstSeen.Observe(time.Now(), snap)
	}
	return snap, err
}

// errUntagged is the error of an answer without an entity tag.
func errUntagged(key string) error {
	return fmt.Errorf("get %s: %w: the answer has no entity tag, without which nothing can be swapped", key, registry.ErrUnavailable)
}
