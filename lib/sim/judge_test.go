package sim

import (
	"fmt"
	"slices"
	"time"

	"auto-consul/lib/registry"
	"auto-consul/lib/rule"
)

// judge sees every effect at the store and everything in Consul, and notes as a verdict
// whatever must never be.
type judge struct {
	w              *world
	body           []byte          // of the record, as it is in the store
	rec            *rule.Record    // the same, nil if there is none
	last           *rule.Record    // the last that there was
	era            int             // counts the clusters and terms that the record has named
	eras           []time.Time     // when each era began
	wasEstablished map[string]bool // by cluster_id
	births         map[birthKey]*lineage
	shown          map[*lineage]shown
	snapshots      []kept // that were ever in the store
	verdicts       []string
}

// birthKey is a cluster and term, under which at most one lineage may be founded.
type birthKey struct {
	cluster string
	term    int64
}

// shown is a lineage's newest server heartbeat.
type shown struct {
	era   int
	until time.Time // store time at which it expires
}

// beat is one server heartbeat in the store, from at until its own node removed it.
type beat struct{ at, stamp, removed time.Time }

// live reports whether the heartbeat had not expired at a moment, at which the store's
// clock showed the time stored. One that is dated in the future counts for no longer than
// the expiry (R53).
func (b beat) live(moment, stored time.Time, expiry time.Duration) bool {
	future := b.stamp.After(stored.Add(registry.DefaultSkew))
	return b.stamp.Add(expiry).After(stored) && (!future || moment.Sub(b.at) < expiry)
}

// thereAt reports whether the heartbeat was in the store at a moment, and known to be.
func (b beat) thereAt(moment time.Time) bool {
	return b.at.Before(moment) && (b.removed.IsZero() || b.removed.After(moment))
}

func (j *judge) fail(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	j.w.note("VIOLATION: %s", text)
	if len(j.verdicts) < 20 && !slices.Contains(j.verdicts, text) {
		j.verdicts = append(j.verdicts, text)
	}
}

// changed sees the record written by s, or gone.
func (j *judge) changed(s *sent, body []byte, there bool) {
	prev := j.rec
	j.body, j.rec = body, nil
	if !there {
		j.w.note("the record is gone")
		return
	}
	next, err := rule.DecodeRecord(body)
	if err != nil {
		j.fail("%s wrote a record that cannot be read: %v", s.n.name, err)
		return
	}
	j.rec = &next
	if prev != nil && len(prev.Ahead(j.w.storeTime().Add(registry.DefaultSkew))) > 0 {
		j.w.count("records mended")
	}
	j.w.note("%s wrote the record: %.8s %s term %d by %s, slots %v of %d", s.n.name, next.ClusterID, next.State, next.Bootstrap.Term, next.Bootstrap.Node, slotNodes(next), next.Desired)
	allowed := max(next.Desired, slotsOf(prev))
	if j.w.allowsOneFewer {
		allowed--
	}
	if len(next.Servers) > allowed {
		j.fail("slots: %s made %d of %d", s.n.name, len(next.Servers), next.Desired)
	}
	if prev != nil && next.Desired >= prev.Desired { // a resize to fewer gives slots up (R24)
		for _, slot := range prev.Servers {
			if !slices.ContainsFunc(next.Servers, func(t rule.Slot) bool { return t.Incarnation == slot.Incarnation }) {
				j.removed(s, slot)
			}
		}
	}
	j.promoted(s, prev, next)
	j.countZones(prev, next)
	j.restored(s, prev, next)
	j.compareWithLast(s, next)
	if next.State == rule.Established {
		j.wasEstablished[next.ClusterID] = true
	}
	j.last = &next
}

// promoted sees running clients take places, one after the other (R49).
func (j *judge) promoted(s *sent, prev *rule.Record, next rule.Record) {
	for _, slot := range next.Servers {
		if !slot.UnderWay() || prev == nil || prev.SlotOf(slot.Incarnation) != nil {
			continue
		}
		j.w.count("promotions")
		for _, other := range prev.Servers {
			if other.Changes(slot.Since, j.w.policy.Expiry) && other.Fresh(slot.Since, j.w.policy.Expiry) {
				j.fail("promoted: %s took a place while %s did", s.n.name, other.Node)
			}
		}
	}
}

func slotNodes(r rule.Record) (names []string) {
	for _, s := range r.Servers {
		names = append(names, s.Node)
	}
	return names
}

func slotsOf(r *rule.Record) int {
	if r == nil {
		return 0
	}
	return len(r.Servers)
}

// compareWithLast compares the record with the one before it, also with one that
// vanished meanwhile.
func (j *judge) compareWithLast(s *sent, next rule.Record) {
	old := j.last
	if old == nil {
		j.newEra()
		return
	}
	if old.ClusterID == next.ClusterID {
		if old.State == rule.Established && next.State != rule.Established {
			j.fail("established: %s let cluster %.8s be born again", s.n.name, next.ClusterID)
		}
		if old.Bootstrap.Term != next.Bootstrap.Term {
			j.newEra()
			j.w.count("takeovers")
		}
		return
	}
	j.newEra()
	j.w.count("clusters given up")
	policy := j.w.policy
	if policy.Lost == rule.LostWait || policy.Lost == rule.LostAuto && old.Desired > 1 {
		j.fail("lost: %s put cluster %.8s in place of %.8s (%s) without being told", s.n.name, next.ClusterID, old.ClusterID, old.State)
	}
	if policy.Lost == rule.LostRestore && next.Restore == "" {
		j.fail("lost: %s put an empty cluster %.8s in place of %.8s", s.n.name, next.ClusterID, old.ClusterID)
	}
}

func (j *judge) newEra() {
	j.era++
	j.eras = append(j.eras, time.Now())
}

// removed sees a slot taken away by s, who looked at the heartbeats at s.listed
// and asked at the address after that.
func (j *judge) removed(s *sent, slot rule.Slot) {
	j.w.count("replacements")
	for _, n := range j.w.machines {
		if n.name != slot.Node || n.disk.incarnation != slot.Incarnation || n == s.n {
			continue // one that leaves gives its own slot back
		}
		if j.rec.Recovery != nil && n.disk.raft == nil {
			continue // a recovery goes on with one slot alone, and this server holds no data (R57)
		}
		a := n.agent
		if a != nil && a.up && a.server && a.since.Before(s.listed) && n.group == s.n.group && j.w.regroup.Before(s.listed) {
			j.fail("alive: %s replaced %s, which answers", s.n.name, n.name)
		}
		for _, b := range n.beats {
			if b.thereAt(s.listed) && b.live(s.listed, s.stored.Add(time.Second), j.w.policy.Expiry) {
				j.fail("alive: %s replaced %s, which sends heartbeats", s.n.name, n.name)
			}
		}
	}
}

// withdrawn sees a server's heartbeat removed. One that its own node removed says no longer
// that the node lives.
func (j *judge) withdrawn(s sent) {
	h, err := registry.ParseKey(s.key[len("p/"):])
	if err != nil || h.Node != s.n.name {
		return
	}
	for i := range s.n.beats {
		if b := &s.n.beats[i]; b.stamp.Equal(h.Time) && b.removed.IsZero() {
			b.removed = time.Now()
		}
	}
}

// beat sees a server's heartbeat written.
func (j *judge) beat(s sent) {
	h, err := registry.ParseKey(s.key[len("p/"):])
	if err != nil {
		j.fail("%s wrote heartbeat %s", s.n.name, s.key)
		return
	}
	j.w.count("server heartbeats")
	expiry := j.w.policy.Expiry
	s.n.beats = append(s.n.beats, beat{at: time.Now(), stamp: h.Time})
	if len(s.n.beats) > 64 {
		s.n.beats = s.n.beats[32:]
	}
	l := s.raft
	if l == nil || j.abandoned(l) {
		return // there is no data, or nobody could end the node
	}
	if r := s.lastRead.rec; r != nil && l.cluster != "" && (r.ClusterID != l.cluster || r.Bootstrap.Term != l.term) {
		j.fail("advertised: %s shows lineage %d of %.8s term %d after reading %.8s term %d", s.n.name, l.id, l.cluster, l.term, r.ClusterID, r.Bootstrap.Term)
	}
	era := s.lastRead.era
	if s.n.gem {
		era = j.era
	}
	for other, seen := range j.shown {
		if other != l && !j.abandoned(other) && seen.era == era && seen.until.After(j.w.storeTime()) && h.Live(j.w.storeTime(), expiry) {
			j.fail("advertised: lineages %d and %d at once", min(l.id, other.id), max(l.id, other.id))
		}
	}
	if until := h.Time.Add(expiry); until.After(j.shown[l].until) {
		j.shown[l] = shown{era, until}
	}
}
