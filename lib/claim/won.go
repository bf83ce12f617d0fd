package claim

import "auto-consul/lib/rule"

// takes remembers the write of ours that an observation has shown. One that only mends
// the record is told and is no reason for the decision (R53).
func (d *Decider) takes(action rule.Action) {
	switch {
	case action.Mends && d.DryRun:
		return
	case action.Mends:
		d.Progress("wrote the cluster record: %s", action.Why)
		return
	}
	d.won = action
	if d.Recover != nil {
		d.Recover.Entry = true // its writes have nothing else in common (R56)
	}
}

// explained gives a decision the reason of the write that made it possible.
func (d *Decider) explained(decision rule.Decision) rule.Decision {
	if d.won.Why != "" {
		decision.Reason, decision.Proof = d.won.Why, d.won.Proof
	}
	return decision
}
