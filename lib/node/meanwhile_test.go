package node_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"auto-consul/lib/rule"
	"auto-consul/lib/ruletest"
)

// A node that waits because its cluster is lost goes on as soon as an operator has decided
// on its data directory. The control is one on whose data directory nobody has.
func TestPrepareMeanwhile(t *testing.T) {
	t.Parallel()
	for name, typed := range map[string]bool{"typed": true, "control": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				rec := birthOf(3)
				rec.State, rec.Servers[0].Since = rule.Established, time.Now().UTC().Add(-time.Hour)
				r := newKeepRig(t, memoryDisk{}, rec)
				r.Wait, r.Policy.Desired = time.Hour, 3
				begun := time.Now()
				if typed {
					timer := time.AfterFunc(10*time.Minute, func() {
						operator := r.Preparer
						operator.Policy.Lost = rule.LostBootstrap
						if d, err := operator.Prepare(t.Context(), nil); err != nil || !d.Bootstrap {
							t.Errorf("typed: got %+v, %v", d.Decision, err)
						}
					})
					defer timer.Stop()
				}
				d, err := r.Prepare(t.Context(), nil)
				took := time.Since(begun)
				if !typed {
					if !errors.Is(err, rule.ErrUndecided) || took < time.Hour {
						t.Errorf("got %+v, %v after %v, want an hour's wait", d.Decision, err, took)
					}
					return
				}
				if err != nil || !d.Bootstrap || d.Self.Incarnation != r.disk.incarnation {
					t.Errorf("got %+v, %v", d.Decision, err)
				}
				if limit := 10*time.Minute + ruletest.Expiry + 20*time.Second; took > limit {
					t.Errorf("decided after %v, want %v at most", took, limit)
				}
			})
		})
	}
}

// A snapshot that has failed three times is tried again once its file is removed.
func TestPrepareRestoresAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const key = "snapshots/c1/0000000001-00000000000000000043-20261123010100.snap"
		rec := birthOf(1)
		rec.Version, rec.Restore = 2, key
		rec.Bootstrap.Incarnation, rec.Servers[0].Incarnation = "i9", "i9"
		rec.Bootstrap.Node, rec.Servers[0].Node = "s9", "s9"
		rec.Bootstrap.Address, rec.Servers[0].Address = "192.0.2.9", "192.0.2.9"
		r := newKeepRig(t, memoryDisk{incarnation: "i9", failed: []rule.FailedRestore{{Snapshot: key, Tries: 3, Why: "disk full"}}}, rec)
		r.Wait = time.Hour
		if err := r.Observer.Registry.Store.Put(t.Context(), key, []byte("a snapshot")); err != nil {
			t.Fatal(err)
		}
		timer := time.AfterFunc(10*time.Minute, func() { _ = r.disk.KeepFailedRestores(nil) })
		defer timer.Stop()
		begun := time.Now()
		d, err := r.Prepare(t.Context(), nil)
		if took := time.Since(begun); err != nil || d.Membership.Restore != key || took < 10*time.Minute || took > 11*time.Minute {
			t.Errorf("got %+v, %v after %v", d.Decision, err, took)
		}
	})
}
