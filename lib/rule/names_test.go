package rule_test

import "auto-consul/lib/ruletest"

// Short names, for the tables.
var (
	slot         = ruletest.Slot
	rec          = ruletest.Record
	with         = ruletest.With
	beats        = ruletest.Member
	elsewhere    = ruletest.Elsewhere
	promoted     = ruletest.Promoted
	leaving      = ruletest.Leaving
	inZone       = ruletest.InZone
	told         = ruletest.Told
	showDecision = ruletest.ShowDecision
	showRecord   = ruletest.ShowRecord
	epoch        = ruletest.Epoch
)
