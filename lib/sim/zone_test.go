package sim

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"auto-consul/lib/rule"
)

// What the tally counts of zones.
const (
	zonesGone = "whole zones gone for a while"
	zoneTaken = "promotions in a zone without a server"
	zoneBorn  = "births by quorum in as many zones as servers"
)

// drawZones gives a third of the runs zones, one of which may go and come back as a whole.
func (p *plan) drawZones(v variant) {
	d := newRandom(p.seed, name("zones"))
	if !d.hit(1.0/3) && !v.noNewNodes {
		return
	}
	p.zones = 2 + d.IntN(2)
	p.kinds = append(p.kinds, kind{"whole zone", 3, (*world).loseZone})
	if v.noNewNodes { // a few machines of which one or two die, and whose clients may take places
		p.nodes, p.sample, p.mixed, p.interrupts = 6, 0, false, 0
		p.policy.Desired, p.eligible, p.grace = 3, true, p.policy.Expiry
		p.faulty, p.pause = 4*p.policy.Expiry, 2*p.policy.Expiry
		p.kinds = slices.DeleteFunc(allKinds(), func(k kind) bool { return k.name != "gone for good" })
	}
}

// zoneOf returns the zone of a new machine. A few are told none.
func (w *world) zoneOf(id int) string {
	h := mix(w.seed, name("zone"), uint64(id))
	if w.zones == 0 || chance(h) < 0.1 {
		return ""
	}
	return fmt.Sprintf("z%d", mix(h)%uint64(w.zones))
}

// graceIn returns how long clients of a zone leave a place to nodes that start. In a
// control those with a zone leave it to others for ever.
func (w *world) graceIn(zone string) time.Duration {
	if w.zonesForEver && zone != "" {
		return years
	}
	return w.grace
}

// loseZone stops all machines of a zone, or pauses them, and lets them go on together.
func (w *world) loseZone(d random) {
	zone := fmt.Sprintf("z%d", d.IntN(w.zones))
	pauses, delay := d.hit(0.5), w.faultLength(d)
	w.do(func() { w.count(zonesGone) })
	for _, n := range w.machines {
		switch {
		case n.gone || n.gem || n.zone != zone:
		case pauses:
			w.do(func() { n.pause(delay) })
		default:
			w.restart(n, false, delay+d.span(0, 5*time.Second))
		}
	}
}

// countZones counts in which zones servers are born, and clients take places.
func (j *judge) countZones(prev *rule.Record, next rule.Record) {
	zones := map[string]int{}
	for _, slot := range next.Servers {
		zones[slot.Zone]++
	}
	if prev != nil && prev.State == rule.Gathering && next.State == rule.Bootstrapping && next.Birth == rule.Quorum && len(zones) == next.Desired && zones[""] == 0 {
		j.w.count(zoneBorn)
	}
	for _, slot := range next.Servers {
		if slot.UnderWay() && slot.Zone != "" && zones[slot.Zone] == 1 && (prev == nil || prev.SlotOf(slot.Incarnation) == nil) {
			j.w.count(zoneTaken)
		}
	}
}

// A place stays empty where clients leave it to other zones for ever and no machine starts:
// the judge finds that, and finds nothing where the same run has the bound (R52).
func TestZoneControl(t *testing.T) {
	t.Parallel()
	for seed := range uint64(40) {
		if w := runSeed(t, seed, variant{calm: true, noNewNodes: true}, false); len(w.verdicts) > 0 || w.tally["promotions"] == 0 {
			continue
		}
		w := runSeed(t, seed, variant{calm: true, noNewNodes: true, zonesForEver: true}, false)
		if slices.ContainsFunc(w.verdicts, func(v string) bool { return strings.HasPrefix(v, "stuck:") }) {
			t.Logf("found out by seed %d", seed)
			return
		}
	}
	t.Error("got no place that stays empty, of 40 runs")
}
