package rule_test

import (
	"slices"
	"time"

	"auto-consul/lib/rule"
)

// spoil changes, in a control, what a node knows of a gathering, or of places that are
// being taken.
func (x *explorer) spoil(rec *rule.Record, i int8) {
	if rec != nil && x.manyAtOnce {
		for k := range rec.Servers {
			rec.Servers[k].Promoted = time.Time{}
		}
	}
	holds := func(s rule.Slot) bool { return s.Node == nodeName(i) }
	switch {
	case rec == nil || rec.Gather == nil:
	case x.zonesForEver && rec.State == rule.Gathering && !slices.ContainsFunc(rec.Servers, holds):
		rec.Gather.Until = epoch.Add(unit)
	case x.ignoresGathering && i == 0 && rec.State == rule.Gathering:
		rec.State, rec.Birth = rule.Bootstrapping, rule.First
	case x.neverGathersAgain && rec.State == rule.Bootstrapping && rec.Birth == rule.Quorum:
		rec.Gather = nil
	}
}
