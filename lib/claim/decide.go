package claim

import (
	"fmt"

	"auto-consul/lib/wire"
)

// Decide is the rule: what to do next in this case. It has no memory and does
// no I/O.
func Decide(c Case) Step {
	rec := c.Look.Record
	if c.unborn() {
		c.Self.Mode, c.Self.Kept = "", Kept{}
	}
	if rec != nil {
		if err := c.foreign(); err != nil {
			return Step{Err: err}
		}
	}
	switch {
	case c.Look.RecordOnly && !c.newborn():
		return Step{More: true}
	case rec != nil && c.Policy.Resize && rec.Desired != c.Policy.Desired && rec.State == Established:
		return c.resize()
	case c.Self.Mode == wire.Agent:
		return c.agent("the data directory keeps mode agent")
	case c.Self.Raft:
		return c.returning()
	case rec == nil:
		return c.unrecorded()
	}
	return c.recorded()
}

// unborn: this node was decided to be an agent of a cluster whose birth is
// overdue, or has taken part in the birth since. Were agents agents for ever, the
// death of one who was to bootstrap would leave too few to do it.
func (c Case) unborn() bool {
	rec := c.Look.Record
	if rec == nil || c.Self.Mode != wire.Agent || !c.Self.Kept.Open || c.Self.Raft {
		return false
	}
	return c.own() != nil || rec.ailing(c.Look.Time, c.Policy.Expiry) != ""
}

// newborn: the record alone shows that every place is taken by a claim too young
// to be judged, so the heartbeats need not be read. This is how most of a
// thousand nodes that start at once see it.
func (c Case) newborn() bool {
	rec := c.Look.Record
	if rec == nil || c.Self.Mode != "" || c.Self.Raft || c.Policy.Resize || len(rec.Servers) < rec.Desired {
		return false
	}
	for _, s := range rec.Servers {
		if s.Incarnation == c.Self.Incarnation || s.Node == c.Self.Node || !c.young(s) {
			return false
		}
	}
	return true
}

// foreign: raft data of two births that meet corrupt each other without a word,
// so a server's data directory is tied to one cluster and one term of its birth.
func (c Case) foreign() error {
	rec, kept := c.Look.Record, c.Self.Kept
	switch {
	case c.Self.Mode == wire.Agent:
		return nil // an agent has no data that could meet
	case c.own() != nil && !c.Self.Raft:
		return nil // it claimed the slot itself, and has no data yet
	case kept.ClusterID != "" && kept.ClusterID != rec.ClusterID:
		return fmt.Errorf("%w: the data directory belongs to cluster %s and the registry names %s: start with an empty data directory, or give the one with this data its own registry",
			ErrFenced, kept.ClusterID, rec.ClusterID)
	case kept.ClusterID != "" && c.Self.Raft && rec.Bootstrap.Term != kept.Term:
		return fmt.Errorf("%w: the data directory holds raft state of term %d of cluster %s, which the registry names in term %d: start with an empty data directory",
			ErrFenced, kept.Term, rec.ClusterID, rec.Bootstrap.Term)
	case kept.ClusterID == "" && c.Self.Raft && rec.Bootstrap.Incarnation != "" && c.own() == nil:
		// Every server of a cluster that was born under a record keeps its id
		// before its first start, so this data is older or another's.
		return fmt.Errorf("%w: the data directory holds raft state of no known cluster and the registry names %s, which was born without it: start with an empty data directory",
			ErrFenced, rec.ClusterID)
	}
	return nil
}

func (c Case) resize() Step {
	next := c.Look.Record.next(c.Random.Write)
	next.Desired = c.Policy.Desired
	return Step{Swap: &next, Why: fmt.Sprintf("resize from %d to %d servers", c.Look.Record.Desired, next.Desired)}
}

// recorded is the decision of a node without raft state where there is a record.
func (c Case) recorded() Step {
	rec, own, held := c.Look.Record, c.own(), c.heldOthers()
	if twin := c.twin(); twin != nil && c.held(*twin) {
		return waitForTwin(*twin)
	}
	if own != nil {
		if step, ok := c.copied(*own); ok {
			return step
		}
	}
	enough := own == nil && len(held) >= rec.Desired
	if rec.State == Established && c.silence() && !(enough && c.Self.Mode == "") {
		// Before any renewal: those who hold slots without data and find no
		// cluster would keep each other held for ever.
		if c.beats(c.Self.Node) {
			return c.waitForNamesake()
		}
		return c.lost()
	}
	if own != nil {
		if step, ok := c.renew(*own); ok {
			return step
		}
	}
	if step, ok := c.takeOver(); ok {
		return step
	}
	switch {
	case own != nil:
		return c.server("this node holds a slot")
	case enough && c.Self.Mode == wire.Server:
		return c.server("the data directory keeps mode server")
	case enough:
		return c.agent(fmt.Sprintf("%d servers held, %d desired", len(held), rec.Desired))
	}
	return c.claim()
}

// unrecorded is the decision of a node without raft state where there is no
// record: nothing was here yet, or only nodes that know of no records, or the
// record was lost.
func (c Case) unrecorded() Step {
	if !c.Look.BeatsLater {
		// Heartbeats from before could be those of the time before a cluster
		// whose record has been lost since.
		return Step{More: true}
	}
	held := c.heldOthers()
	switch {
	case len(held) >= c.desired() && c.Self.Mode == "":
		return c.agent(fmt.Sprintf("%d live servers, %d desired, and no cluster record", len(held), c.desired()))
	case len(held) > 0 && c.Silent[NoRecord] < c.Policy.Expiry:
		// Our own servers write a lost record back, under the cluster_id that
		// they keep; an invented one would fence them all.
		return Step{Wait: "for the live servers to write the cluster record back, should they know it", Watch: []string{NoRecord}}
	case len(held) > 0:
		rec := c.create(Established)
		rec.Bootstrap = Bootstrap{Term: 1, Since: c.Look.Time}
		return Step{Swap: &rec, Why: fmt.Sprintf("%d live servers without a cluster record, %d desired", len(held), c.desired())}
	case c.beats(c.Self.Node):
		return c.waitForNamesake()
	case len(c.Look.Expired) > 0 || c.Self.Kept.ClusterID != "":
		return c.lost()
	}
	rec := c.create(Bootstrapping)
	return Step{Swap: &rec, Why: "no live servers and no cluster record"}
}

// waitForNamesake: a node that decides does not beat, so a live heartbeat under
// its name is of its earlier life, and will expire, or another machine's.
func (c Case) waitForNamesake() Step {
	return Step{Wait: fmt.Sprintf("for the heartbeats of another node %s, or of this one's earlier life, to expire", c.Self.Node)}
}

// create is the first record of a cluster, with this node's slot.
func (c Case) create(state State) Record {
	rec := Record{
		Version: recordVersion, Seq: 1, Write: c.Random.Write, ClusterID: c.Random.ClusterID,
		State: state, Birth: c.Policy.Birth, Desired: c.Policy.Desired,
		Servers: []Slot{c.slot()},
	}
	rec.Bootstrap = c.holder(1)
	return rec
}

func (c Case) slot() Slot {
	return Slot{c.Self.Incarnation, c.Self.Node, c.Self.Address, c.Look.Time}
}

func (c Case) holder(term int64) Bootstrap {
	return Bootstrap{c.Self.Incarnation, c.Self.Node, c.Self.Address, term, c.Look.Time}
}
