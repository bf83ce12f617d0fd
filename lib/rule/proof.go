package rule

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"auto-consul/lib/registry"
)

// proveDead returns what proves that the node of a silent slot is dead (R9). After an
// outage of the store that was longer than the expiry every living server looks dead
// for a moment. So the silence must be shown to be real, and nobody may answer at the
// node's address. Until that is known, ok is false and the action is what to do next.
func (in Input) proveDead(s Slot) (proof []string, action Action, ok bool) {
	silence := in.witness(s)
	if silence == "" && in.SilentFor[s.Incarnation] >= in.Policy.Expiry {
		silence = fmt.Sprintf("%s: no heartbeat seen in %s of watching", s.Node, in.SilentFor[s.Incarnation].Round(time.Second))
	}
	if silence == "" {
		return nil, Action{
			Wait:  fmt.Sprintf("to see whether server %s, silent and at %s, is dead", s.Node, s.Address),
			Watch: []string{s.Incarnation},
		}, false
	}
	if action, ok := in.nobodyAnswers(s); !ok {
		return nil, action, false
	}
	return []string{silence, in.absence(s)}, Action{}, true
}

// witness returns, in words, another node's live heartbeat that is at least half an
// expiry old; empty if there is none (R9). Such a heartbeat shows that the store
// accepted writes at that time, and that the silent node has had a tick since then in
// which it could have beaten.
func (in Input) witness(s Slot) string {
	for _, role := range []registry.Role{registry.Servers, registry.Agents} {
		for _, m := range in.Seen.Live[role] {
			if m.Node != s.Node && in.Seen.Time.Sub(m.Oldest) >= in.Policy.Expiry/2 {
				key := registry.Heartbeat{Role: role, Time: m.Oldest, Node: m.Node}.Key()
				return fmt.Sprintf("%s: silent although the store took %s", s.Node, key)
			}
		}
	}
	return ""
}

// nobodyAnswers reports whether it is known that the node of a slot does not answer at
// the slot's address (R10). Until it is known, the action is what to do next.
func (in Input) nobodyAnswers(s Slot) (Action, bool) {
	answers, asked := in.Answers[s.Address]
	switch {
	case in.addressTakenBy(s) != "":
		return Action{}, true
	case !asked:
		return Action{Probe: []string{s.Address}}, false
	case answers:
		return Action{Wait: fmt.Sprintf("for server %s, which sends no heartbeats: somebody answers at %s", s.Node, s.Address)}, false
	}
	return Action{}, true
}

// absence returns what [Input.nobodyAnswers] has found, in words.
func (in Input) absence(s Slot) string {
	if by := in.addressTakenBy(s); by != "" {
		return fmt.Sprintf("%s: %s is the address of %s now", s.Node, s.Address, by)
	}
	return fmt.Sprintf("%s: nobody answers at %s", s.Node, s.Address)
}

// addressTakenBy returns who announces the address of a silent slot now, in words:
// another live node, or the slot's own node as a client. Whoever answers at the address
// is then not the server of the slot (R10). A server that has not found its cluster
// beats like a client, too (R31), but it stops when its slot is an expiry old (R33). So
// only a later heartbeat shows that the node is a client now.
func (in Input) addressTakenBy(s Slot) string {
	if by := in.addressAnnouncedBy(s); by != "" {
		return by
	}
	for _, m := range in.Seen.Live[registry.Agents] {
		if s.IsAt(m.Node, m.Address) && !m.Ahead && in.Seen.Record.State == Established && !s.Fresh(m.Heartbeat, in.Policy.Expiry) {
			return "agent " + m.Node
		}
	}
	return ""
}

// addressAnnouncedBy returns another node that has announced the address of a slot
// since the slot was claimed; empty if none has. Of a heartbeat that is dated in the
// future nobody knows when it was (R53).
func (in Input) addressAnnouncedBy(s Slot) string {
	for _, role := range []registry.Role{registry.Servers, registry.Agents} {
		for _, m := range in.Seen.Live[role] {
			if m.Address == s.Address && m.Node != s.Node && !m.Ahead && m.Heartbeat.After(s.Since) {
				return m.Node
			}
		}
	}
	return ""
}

// addressClaimedSince reports whether another node has claimed a slot with the address
// of this one since. A node takes that of its own slot as a sign that it has moved (R23).
// It does not prove that another node is dead, for a claim may name a wrong address (R10).
func (in Input) addressClaimedSince(s Slot) bool {
	return slices.ContainsFunc(in.slots(), func(o Slot) bool {
		return o.Address == s.Address && o.Node != s.Node && o.Since.After(s.Since)
	})
}

// undecided reports whether the action leads on: there is something to probe or to wait
// for.
func (a Action) undecided() bool { return a.Probe != nil || a.Wait != "" }

// mergeWith combines what two slots need whose nodes have not been proved dead: all
// probes first, or else the first wait, in which the silences of both are watched (R18).
func (a Action) mergeWith(other Action) Action {
	switch {
	case a.Probe != nil:
		a.Probe = append(a.Probe, other.Probe...)
		return a
	case other.Probe != nil || a.Wait == "":
		return other
	}
	a.Watch = slices.Concat(a.Watch, other.Watch)
	return a
}

// lostCluster decides where a cluster existed and no server of it beats (R20). The
// silence is watched for a whole expiry, the holders of fresh slots have their time to
// start, nobody may answer at any slot's address, and then the policy says what to do.
func (in Input) lostCluster() Action {
	if survivors := in.survivors(); len(survivors) > 0 { // R56
		if own := in.ownSlot(); own != nil {
			// Those who recover must not take this node for a server with data.
			next := in.Seen.Record.next(in.New.Write)
			next.remove(own.Incarnation)
			return Action{Swap: &next, Why: "the lost quorum is being recovered, and this node holds no data"}
		}
		return Action{Wait: fmt.Sprintf("for %s of %s to be recovered", survivors[0].Node, in.lostName())}
	}
	if in.SilentFor[AllServers] < in.Policy.Expiry {
		return Action{Wait: "to see whether " + in.lostName() + " is lost: no server sends heartbeats", Watch: []string{AllServers}}
	}
	if held := in.heldByOthers(); len(held) > 0 {
		return Action{Wait: fmt.Sprintf("for %s to start, who hold slots of %s", strings.Join(held, ", "), in.lostName()), Watch: []string{AllServers}}
	}
	proof := []string{fmt.Sprintf("no server's heartbeat seen in %s of watching", in.SilentFor[AllServers].Round(time.Second))}
	var pending Action
	for _, s := range in.slotsOfOthers() {
		if action, ok := in.nobodyAnswers(s); !ok {
			pending = pending.mergeWith(action)
		}
		proof = append(proof, in.absence(s))
	}
	if pending.undecided() {
		return pending
	}
	snapshot, action, ok := in.snapshotOfLost()
	if !ok {
		return action
	}
	rec := in.newRecord()
	if old := in.Seen.Record; old != nil {
		rec.Seq, rec.Bootstrap.Term = old.Seq+1, old.Bootstrap.Term+1
		if in.Policy.Birth != Auto && old.Birth != Auto {
			rec.Birth = old.Birth
		}
	}
	why := in.lostName() + " is lost: a new cluster in its place"
	if snapshot != "" { // R55
		rec.State, rec.Birth, rec.Gather, rec.Restore = Bootstrapping, First, nil, snapshot
		why += ", from " + snapshot
	}
	return Action{Swap: &rec, Proof: proof, Why: why}
}

// lostName returns what to call the lost cluster in messages.
func (in Input) lostName() string {
	switch {
	case in.Seen.Record != nil:
		return "cluster " + in.Seen.Record.ClusterID
	case in.Self.Membership.ClusterID != "":
		return "cluster " + in.Self.Membership.ClusterID
	}
	return "the cluster whose expired heartbeats are here"
}
