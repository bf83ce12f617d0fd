package claim

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"auto-consul/lib/registry"
	"auto-consul/lib/wire"
)

// dead finds out whether a silent slot's node is dead. After an outage of the
// store that was longer than the expiry every living server looks dead for a
// moment, so silence must be shown to be real, and nobody may answer at its
// address. Until that is known the step says what is to be done next.
func (c Case) dead(s Slot) (evidence []string, next Step, ok bool) {
	proof := c.witness(s)
	if proof == "" && c.Silent[s.Incarnation] >= c.Policy.Expiry {
		proof = fmt.Sprintf("%s: no heartbeat seen in %s of watching", s.Node, c.Silent[s.Incarnation].Round(time.Second))
	}
	if proof == "" {
		return nil, Step{
			Wait:  fmt.Sprintf("to see whether server %s, silent and at %s, is dead", s.Node, s.Address),
			Watch: []string{s.Incarnation},
		}, false
	}
	if next, ok := c.nobodyAt(s); !ok {
		return nil, next, false
	}
	return []string{proof, c.goneFrom(s)}, Step{}, true
}

// goneFrom is [Case.nobodyAt] as evidence.
func (c Case) goneFrom(s Slot) string {
	if by := c.inherited(s); by != "" {
		return fmt.Sprintf("%s: %s is the address of %s now", s.Node, s.Address, by)
	}
	return fmt.Sprintf("%s: nobody answers at %s", s.Node, s.Address)
}

// witness: another node's live heartbeat that is at least half an expiry old
// shows that the store took writes then, and the silent one has had a tick
// since.
func (c Case) witness(s Slot) string {
	for _, role := range []registry.Role{registry.Servers, registry.Agents} {
		for _, m := range c.Look.Live[role] {
			if m.Node != s.Node && c.age(m.Oldest) >= c.Policy.Expiry/2 {
				key := registry.Heartbeat{Role: role, Time: m.Oldest, Node: m.Node}.Key()
				return fmt.Sprintf("%s: silent although the store took %s", s.Node, key)
			}
		}
	}
	return ""
}

// nobodyAt: nobody answers at a slot's address.
func (c Case) nobodyAt(s Slot) (Step, bool) {
	answers, asked := c.Answers[s.Address]
	switch {
	case c.inherited(s) != "":
		return Step{}, true
	case !asked:
		return Step{Probe: []string{s.Address}}, false
	case answers:
		return Step{Wait: fmt.Sprintf("for server %s, which sends no heartbeats: somebody answers at %s", s.Node, s.Address)}, false
	}
	return Step{}, true
}

// settle is how long the others must have been unreachable before a birth is
// taken over. Should the first have bootstrapped just before it died, those who
// joined it say so in the record within a second.
const settle = 3 * time.Second

// takeOver: the one who may bootstrap died before there was a leader, so another
// may, in the next term.
func (c Case) takeOver() (Step, bool) {
	rec := c.Look.Record
	holder := rec.slot(rec.Bootstrap.Incarnation)
	if rec.State != Bootstrapping || holder.Incarnation == c.Self.Incarnation || c.held(*holder) {
		return Step{}, false
	}
	if c.own() == nil && c.Self.Mode == "" && len(c.heldOthers()) >= rec.Desired {
		return Step{}, false // those who hold slots see to it
	}
	evidence, step, ok := c.dead(*holder)
	if !ok {
		return step, true
	}
	if step, ok := c.settled(); !ok {
		return step, true
	}
	for _, s := range rec.Servers {
		if s.Incarnation != c.Self.Incarnation && s.Incarnation != holder.Incarnation {
			evidence = append(evidence, c.goneFrom(s))
		}
	}
	next := rec.next(c.Random.Write)
	next.without(holder.Incarnation)
	if twin := c.twin(); twin != nil && twin.Incarnation != holder.Incarnation {
		also, step, ok := c.dead(*twin)
		if !ok {
			return step, true
		}
		evidence = append(evidence, also[0])
		next.without(twin.Incarnation)
	}
	if c.own() == nil {
		next.Servers = append(next.Servers, c.slot())
	}
	next.Bootstrap = c.holder(rec.Bootstrap.Term + 1)
	return Step{
		Swap: &next, Evidence: evidence,
		Why: fmt.Sprintf("%s died before it had bootstrapped: term %d", holder.Node, next.Bootstrap.Term),
	}, true
}

// settled: nobody has answered at the other slots' addresses for a while. Any of
// them may hold raft data of the birth that came to nothing, and one that is
// frozen will say so when it wakes; those that found no cluster stop by
// themselves to decide again.
func (c Case) settled() (Step, bool) {
	var open Step
	for _, s := range c.Look.Record.Servers {
		if s.Incarnation == c.Self.Incarnation {
			continue
		}
		if step, ok := c.nobodyAt(s); !ok {
			open = open.or(step)
		} else if c.inherited(s) == "" && c.Unanswered[s.Address] < settle {
			open = open.or(Step{Wait: fmt.Sprintf("to see that %s, which took part in a birth that failed, has left nothing behind", s.Node), Watch: []string{s.Incarnation}})
		}
	}
	return open, open.Probe == nil && open.Wait == ""
}

// claim takes a slot: a free one, or that of a dead server.
func (c Case) claim() Step {
	rec := c.Look.Record
	next := rec.next(c.Random.Write)
	next.Servers = append(next.Servers, c.slot())
	twin := c.twin()
	why := fmt.Sprintf("%d servers held, %d desired", len(c.heldOthers()), rec.Desired)
	if len(rec.Servers) < rec.Desired && twin == nil {
		return Step{Swap: &next, Why: why}
	}
	silent := c.silentSlots()
	switch {
	case twin != nil && c.held(*twin):
		return waitForTwin(*twin)
	case twin != nil:
		// Two slots of one name could not be told apart by their heartbeats.
		silent = []Slot{*twin}
	}
	var open Step
	for _, s := range silent {
		evidence, step, ok := c.dead(s)
		if ok {
			next.without(s.Incarnation)
			return Step{Swap: &next, Evidence: evidence, Why: why + ": in place of " + s.Node}
		}
		open = open.or(step)
	}
	if reason := fmt.Sprintf("%d slots, none of them silent, %d desired", len(rec.Servers), rec.Desired); len(silent) == 0 {
		if c.Self.Mode == wire.Server {
			return c.server(reason)
		}
		return c.agent(reason)
	}
	return open
}

func waitForTwin(twin Slot) Step {
	return Step{Wait: fmt.Sprintf("for another incarnation of node %s, at %s, to be gone", twin.Node, twin.Address)}
}

// or is the step that leads on: a probe before a wait, and every silence is
// watched at once.
func (s Step) or(other Step) Step {
	switch {
	case s.Probe != nil:
		s.Probe = append(s.Probe, other.Probe...)
		return s
	case other.Probe != nil || s.Wait == "":
		return other
	}
	s.Watch = slices.Concat(s.Watch, other.Watch)
	return s
}

// lost: a cluster lived here and is silent. It is watched for a whole expiry,
// and nobody may answer anywhere; then the policy rules.
func (c Case) lost() Step {
	if c.Silent[Everybody] < c.Policy.Expiry {
		return Step{Wait: "to see whether " + c.lostName() + " is lost: no server sends heartbeats", Watch: []string{Everybody}}
	}
	if held := c.heldOthers(); len(held) > 0 {
		return Step{Wait: fmt.Sprintf("for %s to start, who hold slots of %s", strings.Join(held, ", "), c.lostName()), Watch: []string{Everybody}}
	}
	evidence := []string{fmt.Sprintf("no server's heartbeat seen in %s of watching", c.Silent[Everybody].Round(time.Second))}
	var open Step
	for _, s := range c.slots() {
		if s.Incarnation == c.Self.Incarnation {
			continue
		}
		if step, ok := c.nobodyAt(s); !ok {
			open = open.or(step)
		}
		evidence = append(evidence, c.goneFrom(s))
	}
	if open.Probe != nil || open.Wait != "" {
		return open
	}
	if c.Policy.Lost == LostWait || c.Policy.Lost == LostAuto && c.desired() > 1 {
		return Step{Wait: fmt.Sprintf("for the servers of %s to come back; if they never will, this starts an empty one in its place: %s", c.lostName(), c.Policy.StartOver)}
	}
	rec := c.create(Bootstrapping)
	if old := c.Look.Record; old != nil {
		rec.Seq, rec.Desired, rec.Birth = old.Seq+1, old.Desired, old.Birth
		rec.Bootstrap.Term = old.Bootstrap.Term + 1
	}
	return Step{Swap: &rec, Evidence: evidence, Why: c.lostName() + " is lost: a new cluster in its place"}
}

func (c Case) lostName() string {
	switch {
	case c.Look.Record != nil:
		return "cluster " + c.Look.Record.ClusterID
	case c.Self.Kept.ClusterID != "":
		return "cluster " + c.Self.Kept.ClusterID
	}
	return "the cluster whose expired heartbeats are here"
}
