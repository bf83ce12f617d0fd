package rule

import (
	"fmt"
	"slices"
	"time"

	"auto-consul/lib/registry"
)

// A zone is a failure domain, such as an availability zone. Where two nodes could take a
// place, the one whose zone has fewer servers is to come first (R52). No node knows which
// others there are and where they will be. So a node of a zone that has servers waits a
// while, and then takes the place itself.

// zoneWait returns for how long a node leaves a place to nodes of other zones: a quarter
// of a wait where one server is in its own zone, half of it where more are. serves says
// which slots count. A node that was told no zone waits for nobody.
func (s Self) zoneWait(slots []Slot, wait time.Duration, serves func(Slot) bool) time.Duration {
	n := 0
	for _, slot := range slots {
		if slot.Zone == s.Zone && slot.Incarnation != s.Incarnation && serves(slot) {
			n++
		}
	}
	if s.Zone == "" {
		return 0
	}
	return wait * time.Duration(min(n, 2)) / 4
}

// gatherTurn returns from when on this node may claim a slot while the servers of a birth
// gather. That is long before the gathering ends, so that a birth is never short of a
// server for its zone's sake.
func (in Input) gatherTurn() time.Time {
	rec := in.Seen.Record
	return rec.Gather.Until.Add(in.Self.zoneWait(rec.Servers, rec.birthWait(), in.fresh) - rec.birthWait())
}

// LeaveToZones returns the decision of a client to leave a vacant place to clients of
// other zones for now, and nil once it is its turn. A server of its own zone that holds a
// slot counts if the gossip holds it to be alive. rec may be older than the gossip.
func (c Candidacy) LeaveToZones(self Self, rec *Record, expiry time.Duration) *Decision {
	lives := func(s Slot) bool { return slices.Contains(c.Servers, s.Node) }
	if c.FewFor >= expiry+c.Grace+self.zoneWait(rec.Servers, c.Grace, lives) {
		return nil
	}
	return &Decision{
		Mode: registry.Client, LookAgain: c.Grace / 4,
		Reason: fmt.Sprintf("zone %s has a server, so the place is left to clients of other zones for a while", self.Zone),
	}
}

// surplus returns which of the slots is given up first where they are too many (R24): one
// that is not held, or else one of the zone that has most of them, and of several the
// newest. Of a slot without a zone nothing is known, so it is in nobody's zone.
func (in Input) surplus(slots []Slot) int {
	worst, most := 0, 0
	for i, s := range slots {
		n := 1
		switch {
		case !in.held(s):
			n = len(slots) + 1
		case s.Zone != "":
			n = in.heldIn(s.Zone, slots)
		}
		if n >= most {
			worst, most = i, n
		}
	}
	return worst
}

// heldIn returns how many held slots are in a zone.
func (in Input) heldIn(zone string, slots []Slot) (n int) {
	for _, s := range slots {
		if s.Zone == zone && in.held(s) {
			n++
		}
	}
	return n
}
