package claim

import (
	"context"

	"auto-consul/lib/rule"
)

// readLog reads this server's raft log, or waits for its agent to end (R56).
func (d *Decider) readLog(ctx context.Context) error {
	log, ended, err := d.ReadLog()
	switch {
	case err != nil:
		return err
	case !ended:
		return d.wait(ctx, rule.Action{Wait: "for the agent of this node to end, which the heartbeats beside it stop"})
	}
	d.Recover.Log = &log
	return nil
}

// setAside puts this node's raft data aside (R57).
func (d *Decider) setAside(why string) error {
	d.Progress("%s", why)
	if !d.DryRun {
		if err := d.SetAside(); err != nil {
			return err
		}
	}
	d.Self.Raft = false
	return nil
}

// GiveUpRecovery takes the entry of an incarnation that was to recover a lost quorum out
// of the record, so that its node need not wait until it does not count any more (R56).
func (o Observer) GiveUpRecovery(ctx context.Context, incarnation string, random Random) error {
	_, _, _, err := o.update(ctx, random, func(seen rule.Observation) (rule.Order, error) {
		return rule.Order{Swap: rule.GiveUpRecovery(seen.Record, incarnation, random.ID()), Why: "the recovery is given up"}, nil
	})
	return err
}
