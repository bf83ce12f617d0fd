package rule_test

import (
	"fmt"
	"time"

	"auto-consul/lib/rule"
)

// modelEntry is the entry of a server that recovers a lost quorum. Without an incarnation
// there is none.
type modelEntry struct {
	incarnation, since, renewed, log int8 // log: 0 until it was read
}

func (e modelEntry) aged(by int8) modelEntry {
	if e.incarnation == 0 {
		return e
	}
	e.since, e.renewed = grown(e.since, by), grown(e.renewed, by)
	if e.renewed >= old {
		return modelEntry{} // it does not count any more
	}
	return e
}

// recoveryForRule adds what the record says of a recovery, so many units after it was read.
func (r modelRecord) recoveryForRule(rec *rule.Record, age int8) {
	for i, e := range r.entries {
		if e = e.aged(age); e.incarnation == 0 {
			continue
		}
		s := rule.Survivor{
			Incarnation: incarnationName(e.incarnation), Node: nodeName(int8(i)), Address: address(int8(i)),
			Came: timeOf(e.since), Renewed: timeOf(e.renewed),
		}
		if e.log > 0 {
			s.ID, s.LogTerm, s.LogIndex = voterID(int8(i)), 1, uint64(e.log)
		}
		rec.Survivors = append(rec.Survivors, s)
	}
	if r.recovered {
		rec.Recovery = &rule.Recovery{FromTerm: int64(r.fromTerm), Done: !r.recovering}
		for i := range int8(maxNodes) {
			if r.tookPart&(1<<i) != 0 {
				rec.Recovery.TookPart = append(rec.Recovery.TookPart, incarnationName(i*4+1))
			}
		}
	}
	if rec.Survivors != nil || rec.Recovery != nil {
		rec.Version = 2
	}
}

func (r *modelRecord) recoveryFromRule(rec *rule.Record) {
	for _, s := range rec.Survivors {
		i := nodeOf(number(s.Incarnation))
		r.entries[i] = modelEntry{number(s.Incarnation), ageOf(s.Came), ageOf(s.Renewed), int8(s.LogIndex)}.aged(0)
	}
	if rec.Recovery == nil {
		return
	}
	r.recovered, r.recovering, r.fromTerm = true, !rec.Recovery.Done, int8(rec.Recovery.FromTerm)
	for _, incarnation := range rec.Recovery.TookPart {
		r.tookPart |= 1 << nodeOf(number(incarnation))
	}
}

func ageOf(t time.Time) int8 { return min(old, int8(epoch.Sub(t)/unit)) }

// voterID is what raft calls a node's server.
func voterID(i int8) string { return fmt.Sprintf("v%d", i) }

// watch takes note of what an observation found silent, as the loop of a node that
// decides does.
func (n *modelNode) watch(in rule.Input) {
	silent := map[string]bool{}
	for _, key := range in.SilentKeys() {
		silent[key] = true
	}
	for k := range n.silentFor {
		switch {
		case !silent[silentKey(k)]:
			n.silentFor[k] = -1
		case n.silentFor[k] < 0 || n.sinceReading >= 2:
			n.silentFor[k] = 0
		}
	}
	n.sinceReading = 0
}
