package rule_test

import (
	"fmt"
	"time"

	"auto-consul/lib/registry"
	"auto-consul/lib/rule"
)

// Names of the explored world, as the rules are asked with them.

// timeOf returns when something was that has an age. What is old is older than the
// grace, too.
func timeOf(age int8) time.Time {
	return epoch.Add(-time.Duration(age)*unit - time.Duration(age/old)*grace)
}

func nodeName(i int8) string { return fmt.Sprintf("n%d", i) }

func address(i int8) string { return fmt.Sprintf("127.0.0.%d", i+1) }

func nodeAt(address string) int8 {
	var i int8
	_, _ = fmt.Sscanf(address, "127.0.0.%d", &i)
	return i - 1
}

func clusterName(cluster int8) string { return fmt.Sprintf("c%d", cluster) }

func incarnationName(incarnation int8) string { return fmt.Sprintf("i%d", incarnation) }

// number returns the number in the name of a cluster or an incarnation.
func number(name string) int8 {
	var n int8
	_, _ = fmt.Sscanf(name[1:], "%d", &n)
	return n
}

// forRule returns the record as the rules see it so many units after it was read.
func (r modelRecord) forRule(age int8) *rule.Record {
	if !r.exists {
		return nil
	}
	rec := &rule.Record{
		Version: 1, ClusterID: clusterName(r.cluster), State: rule.Bootstrapping, Birth: rule.First,
		Desired: int(r.desired), Bootstrap: rule.Bootstrap{Term: int64(r.term)},
	}
	if r.established {
		rec.State = rule.Established
	}
	if r.quorum {
		rec.Birth = rule.Quorum
	}
	if r.gathered {
		rec.Version, rec.Gather = 2, &rule.Gather{Since: epoch, Until: epoch.Add(unit), WaitSeconds: int64(unit.Seconds())}
	}
	if r.gathering {
		rec.State, rec.Birth = rule.Gathering, rule.Auto
		if (r.timeUp || age > 0) && !r.gathersTomorrow {
			rec.Gather.Since, rec.Gather.Until = epoch.Add(-unit), epoch
		} else {
			rec.Gather.Since = epoch.Add(-time.Duration(r.quarters) * unit / 4)
			rec.Gather.Until = rec.Gather.Since.Add(unit)
		}
		if r.gathersTomorrow {
			rec.Gather.Since, rec.Gather.Until = timeOf(tomorrow), timeOf(tomorrow).Add(unit)
		}
	}
	if r.restore != 0 {
		rec.Version, rec.Restore = 2, snapshotName(r.restore)
	}
	if r.leaving != 0 {
		rec.Version = 2
		rec.Leaving = &rule.Leaving{Incarnation: incarnationName(r.leaving), Node: nodeName(nodeOf(r.leaving)), Since: timeOf(grown(r.leavingAge, age))}
	}
	r.recoveryForRule(rec, age)
	if r.bootstrapper != 0 {
		rec.Bootstrap.Incarnation, rec.Bootstrap.Node = incarnationName(r.bootstrapper), nodeName(nodeOf(r.bootstrapper))
	}
	for _, s := range r.slots[:r.count] {
		node := nodeOf(s.incarnation)
		rec.Servers = append(rec.Servers, rule.Slot{
			Incarnation: incarnationName(s.incarnation), Node: nodeName(node), Address: address(node),
			Since: timeOf(grown(s.age, age)), Zone: zoneName(s.zone),
		})
		if slot := &rec.Servers[len(rec.Servers)-1]; r.gathering && s.before && !slot.Since.Before(rec.Gather.Since) {
			slot.Since = rec.Gather.Since.Add(-time.Second)
		}
		if s.promoted {
			rec.Version, rec.Servers[len(rec.Servers)-1].Promoted = 2, timeOf(old)
		}
	}
	return rec
}

// fromRule returns the model of a record that a rule wants written.
func fromRule(rec *rule.Record) modelRecord {
	r := modelRecord{
		exists: true, established: rec.State == rule.Established, quorum: rec.Birth == rule.Quorum,
		cluster: number(rec.ClusterID), desired: int8(rec.Desired), term: int8(rec.Bootstrap.Term),
		restore: snapshotNumber(rec.Restore),
	}
	if rec.Gather != nil {
		r.gathered, r.gathering = true, rec.State == rule.Gathering
		r.timeUp = r.gathering && !rec.Gather.Until.After(epoch)
		if r.gathering && !r.timeUp {
			r.quarters = int8(epoch.Sub(rec.Gather.Since) / (unit / 4))
		}
		if r.gathering && rec.Gather.Since.After(epoch) {
			r.gathersTomorrow, r.quarters = true, 0
		}
	}
	if l := rec.Leaving; l != nil && epoch.Sub(l.Since) < expiry {
		r.leaving, r.leavingAge = number(l.Incarnation), int8(epoch.Sub(l.Since)/unit)
	}
	r.recoveryFromRule(rec)
	if rec.Bootstrap.Incarnation != "" {
		r.bootstrapper = number(rec.Bootstrap.Incarnation)
	}
	for _, s := range rec.Servers {
		age := min(old, int8(epoch.Sub(s.Since)/unit))
		slot := &r.slots[r.count]
		*slot = modelSlot{incarnation: number(s.Incarnation), age: age, promoted: s.UnderWay(), before: r.gathering && s.Since.Before(rec.Gather.Since)}
		if s.Zone != "" {
			slot.zone = number(s.Zone)
		}
		r.count++
	}
	return r
}

// members returns the live members that heartbeats show: bit n of a node's mask is a
// heartbeat that is n units old.
func members(masks [maxNodes]uint8) []registry.Member {
	var out []registry.Member
	for age := int8(old - 1); age >= 0; age-- {
		for i, mask := range masks {
			newest := int8(0)
			if mask&1 == 0 {
				newest = 1
			}
			if mask == 0 || newest != age {
				continue
			}
			oldest := int8(0)
			if mask&2 != 0 {
				oldest = 1
			}
			out = append(out, registry.Member{
				Node: nodeName(int8(i)), Address: address(int8(i)), Heartbeat: timeOf(newest), Oldest: timeOf(oldest),
			})
		}
	}
	return out
}

// input returns what a node that decides asks the rule with.
func (x *explorer) input(w world, i int8, recordOnly bool) rule.Input {
	n := w.nodes[i]
	in := rule.Input{
		Self:   n.self(i),
		Policy: rule.Policy{Desired: int(x.desired), Birth: x.birth, BirthWait: unit, Lost: x.lost, LostTyped: true, Expiry: expiry},
		Seen:   rule.Observation{Record: n.seen.forRule(n.recordAge), RecordOnly: recordOnly, HeartbeatsLater: n.beatsLater},
		New:    rule.NewIDs{ClusterID: clusterName(w.clusters + 1), Write: "w"},
	}
	in.Seen.Time, in.Seen.Horizon = epoch, x.horizon()
	in.Snapshots, in.Self.FailedRestores = w.stored(), x.failures(n)
	if n.candidate {
		in.Candidate = x.candidacy(w, i)
	}
	if n.recovers {
		in.Recover = x.recover(w, i)
	}
	x.spoil(in.Seen.Record, i)
	if recordOnly {
		return in
	}
	if n.candidate && x.gossipAlone {
		n.serverBeats, n.beatsTomorrow = [maxNodes]uint8{}, [2]uint8{}
	}
	in.Seen.Live = map[registry.Role][]registry.Member{
		registry.Servers: fromTomorrow(members(agedBeats(n.serverBeats, n.beatsAge)), n.beatsTomorrow[0]),
		registry.Agents:  fromTomorrow(members(agedBeats(n.agentBeats, n.beatsAge)), n.beatsTomorrow[1]),
	}
	if w.expired {
		in.Seen.Expired = []string{"servers/20260101000000-x"}
	}
	in.SilentFor, in.Answers, in.UnansweredFor = map[string]time.Duration{}, map[string]bool{}, map[string]time.Duration{}
	for k, units := range n.silentFor {
		if units >= 0 {
			in.SilentFor[silentKey(k)] = time.Duration(units) * unit
		}
		if x.oneReading && k < len(n.silentFor)-1 {
			in.SilentFor[silentKey(k)] = expiry
		}
	}
	for j := range x.nodes {
		if n.unansweredFor[j] >= 0 {
			in.UnansweredFor[address(j)] = time.Duration(n.unansweredFor[j]) * unit
		}
		if n.asked&(1<<j) != 0 && n.phase == probing {
			in.Answers[address(j)] = n.answered&(1<<j) != 0 && !x.oneReading
		}
	}
	return in
}

// self returns what a node knows of itself.
func (n modelNode) self(i int8) rule.Self {
	s := rule.Self{
		Node: nodeName(i), Address: address(i), Incarnation: incarnationName(n.incarnation),
		Mode: []registry.Mode{"", registry.Server, registry.Client}[n.mode], Raft: n.raft != 0, Zone: zoneName(n.zone),
	}
	s.Membership.Open = n.mode != noMode
	if n.keptCluster != 0 {
		s.Membership.ClusterID, s.Membership.Term = clusterName(n.keptCluster), int64(n.keptTerm)
		s.Membership.Recovered = n.made
		s.Membership.Established = n.keptEstablished
		s.Membership.Desired, s.Membership.Birth, s.Membership.Restore = 1, rule.First, snapshotName(n.keptRestore)
	}
	return s
}

// silentKey returns the key of an entry of modelNode.silentFor: two incarnations of
// each node, all servers, and the record.
func silentKey(k int) string {
	switch k {
	case maxNodes * 2:
		return rule.AllServers
	case maxNodes*2 + 1:
		return rule.NoRecord
	}
	return incarnationName(int8(k/2*4 + 1 + k%2))
}
