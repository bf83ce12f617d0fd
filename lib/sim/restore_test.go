package sim

import (
	"bytes"
	"context"
	"errors"
	"time"

	"auto-consul/lib/node"
	"auto-consul/lib/rule"
)

// restores does what ac-exec does with a decision to restore, between its confirmation and
// the agent's start (R55). A restore takes longer than the expiry, now and then, and fails
// now and then.
func (n *machine) restores(l life, decided node.Prepared) error {
	w, key := n.w, decided.Restore
	claim := decided.Claim(decided.Self, n.policy.Expiry)
	var from string
	r := node.Restorer{
		Observer: n.observer, Random: n.claimRandom(), Disk: l, Out: l, Claim: claim, Timeout: w.timeout,
		Confirm: func(ctx context.Context) error {
			if w.noConfirm {
				return nil
			}
			return node.Confirm(ctx, claim, n.readRecord, l)
		},
		Prepare: func(ctx context.Context, snapshot string) error {
			var body bytes.Buffer
			if _, err := n.observer.Registry.Store.Download(ctx, snapshot, &body); err != nil {
				return err
			}
			// The node's own random numbers are for the slot, which is kept meanwhile.
			d := newRandom(w.seed, name("restore"), uint64(n.id), uint64(time.Since(w.start)))
			took := d.span(time.Second, 10*time.Second)
			if d.hit(0.2) {
				took = d.span(0, 2*n.policy.Expiry)
			}
			if !sleep(ctx, took) {
				return ctx.Err()
			}
			if d.hit(0.1) {
				return errors.New("disk full")
			}
			from = snapshot
			return l.hold(ctx)
		},
		Place: func() error {
			return l.ask(l.ctx, func() error {
				w.count("restores")
				w.found(n.disk.membership, []*machine{n})
				n.disk.raft.restored = from
				return nil
			})
		},
	}
	err := r.Restore(l.ctx, key)
	if errors.Is(err, rule.ErrUndecided) {
		w.do(func() { w.count("restores that failed or were overtaken") })
	}
	return errors.Join(err, l.ctx.Err())
}

// restored sees a record written that names a snapshot, or one that named one before: no
// cluster is established that was to be restored and was not, and no birth forgets what it
// restores.
func (j *judge) restored(s *sent, prev *rule.Record, next rule.Record) {
	if prev != nil && prev.ClusterID == next.ClusterID && prev.Restore != next.Restore {
		j.fail("restored: %s let cluster %.8s restore %q instead of %q", s.n.name, next.ClusterID, next.Restore, prev.Restore)
	}
	if next.State != rule.Established || next.Restore == "" {
		return
	}
	if l := j.births[birthKey{next.ClusterID, next.Bootstrap.Term}]; l != nil && l.restored != next.Restore {
		j.fail("restored: cluster %.8s is established from %q, not from %s", next.ClusterID, l.restored, next.Restore)
	}
}

// hasSnapshot reports whether there is a snapshot that a new cluster can be restored from
// in place of the record's.
func (j *judge) hasSnapshot() bool {
	if j.rec == nil {
		return false
	}
	for _, k := range j.snapshots {
		if k.ClusterID == j.rec.ClusterID {
			return true
		}
	}
	return j.rec.Restore != ""
}

// gaveUp reports whether another cluster takes the place of one that is lost.
func (w *world) gaveUp() bool {
	switch w.policy.Lost {
	case rule.LostBootstrap:
		return true
	case rule.LostRestore:
		return w.judge.hasSnapshot()
	}
	return w.policy.Lost == rule.LostAuto && w.wanted() == 1
}
