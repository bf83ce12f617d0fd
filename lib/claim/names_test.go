package claim_test

import "auto-consul/lib/ruletest"

// Short names, for the tables.
var (
	slot         = ruletest.Slot
	rec          = ruletest.Record
	with         = ruletest.With
	elsewhere    = ruletest.Elsewhere
	told         = ruletest.Told
	showDecision = ruletest.ShowDecision
	epoch        = ruletest.Epoch
	expiry       = ruletest.Expiry
)
