package sim

import (
	"slices"
	"time"

	"auto-consul/lib/rule"
)

// plan is what a seed makes of a run, before anything happens.
type plan struct {
	seed          uint64
	nodes         int // that start at the beginning
	gems          int // nodes of the Ruby gem, which know of heartbeats only and start before all others
	policy        rule.Policy
	mixed         bool // some nodes are told another number of servers
	ticks         time.Duration
	timeout       time.Duration
	faulty        time.Duration // how long faults go on
	pause         time.Duration // between two faults, about
	skew          time.Duration // how far the store's clock is from that of all nodes
	kinds         []kind        // of faults that this run has
	faultsAtBirth bool          // faults come in quick succession while the cluster is born

	sample     int  // about how many clients beat; 0: all (R47)
	eligible   bool // running clients may take places (R48)
	grace      time.Duration
	zones      int           // of the nodes; 0: none has one (R52)
	snapshots  time.Duration // the time between two snapshots; 0: none are kept (R54)
	operator   bool          // a quorum that is lost for good is recovered (R56)
	interrupts float64       // how likely a node pauses or crashes in a request for the record
}

// variant is a run's conditions beside its seed: the zero value for a run of what ships, and
// in a control the safeguard that is taken away.
type variant struct {
	plainRule         bool          // nodes decide by the plain rule, which has no record (R42)
	ignoresConditions bool          // the store ignores the conditions on writes of the record
	oneReading        bool          // silence is taken for death at the first reading
	noConfirm         bool          // nodes start their agents without a confirmation
	noServe           bool          // nodes that run do not know their cluster, so they obey no record
	startsOverUntold  bool          // nodes start another cluster in place of a lost one though the policy forbids it
	answersAlways     bool          // probes find that every address answers
	noNewNodes        bool          // no node starts in place of one that is gone; only clients may take its place
	zonesForEver      bool          // clients leave vacant places to other zones for ever
	listsNoSnapshots  bool          // lists of snapshots are empty
	keepsNoAddresses  bool          // data directories keep no addresses (R58)
	recoversByHand    bool          // a lost quorum is recovered by hand, with no word in the record
	allowsOneFewer    bool          // the judge allows one slot fewer than the protocol
	trustsFuture      bool          // what is dated in the future counts until that time has come
	ignoresRestore    bool          // nodes that are to restore a snapshot start without it
	ahead             time.Duration // added to the distance of the clocks
	calm              bool          // no nodes of the Ruby gem, several servers, a cluster that is not given up
}

// mostServers is the highest number of servers that a run ever wants.
const mostServers = 5

const years = 365 * 24 * time.Hour

func newPlan(seed uint64, v variant) plan {
	d := newRandom(seed, name("plan"))
	p := plan{
		seed:          seed,
		nodes:         pick(d, 1, 2, 3, 3, 4, 4, 5, 6, 8, 10, 14, 20),
		timeout:       pick(d, 10*time.Second, 30*time.Second),
		mixed:         d.hit(0.1),
		faultsAtBirth: d.hit(0.5),
		skew:          d.span(-20*years, 60*years) + v.ahead,
	}
	if d.hit(0.02) {
		p.nodes = 20 + d.IntN(21)
	}
	p.policy = rule.Policy{
		Desired: pick(d, 1, 1, 2, 3, 3, 3, 5),
		Birth:   pick(d, rule.First, rule.Quorum, rule.Auto, rule.Auto),
		Lost:    pick(d, rule.LostAuto, rule.LostAuto, rule.LostWait, rule.LostBootstrap, rule.LostRestore),
		Expiry:  pick(d, 30*time.Second, 60*time.Second, 120*time.Second),
	}
	p.policy.BirthWait = pick(d, p.policy.Expiry/4, p.policy.Expiry/4, p.policy.Expiry/2, 5*time.Second)
	p.ticks = p.policy.Expiry / pick(d, time.Duration(2), 2, 3, 4)
	p.faulty = time.Duration(3+d.IntN(27)) * p.policy.Expiry
	p.pause = d.span(p.policy.Expiry/4, 3*p.policy.Expiry)
	if d.hit(0.5) {
		p.interrupts = pick(d, 0.005, 0.02, 0.05)
	}
	if d.hit(0.1) {
		p.gems = 1 + d.IntN(3)
	}
	if v.calm {
		p.gems, p.policy.Lost, p.policy.Desired = 0, rule.LostAuto, max(2, p.policy.Desired)
	}
	if v.ignoresRestore {
		p.gems, p.policy.Lost, p.policy.Desired = 0, rule.LostRestore, 1
	}
	for _, k := range allKinds() {
		if d.hit(0.6) {
			p.kinds = append(p.kinds, k)
		}
	}
	if v.trustsFuture { // nothing but what this control is about
		p.kinds = slices.DeleteFunc(allKinds(), func(k kind) bool { return k.name != "gone for good" && k.name != clockShifted })
	}
	if d.hit(1.0 / 3) {
		p.sample = pick(d, 1, 1, 2, 4)
	}
	if d.hit(0.5) {
		p.eligible, p.grace = true, pick(d, time.Second, p.policy.Expiry/2, p.policy.Expiry)
	}
	p.drawZones(v)
	if d.hit(0.3) || p.policy.Lost == rule.LostRestore && d.hit(0.8) {
		p.snapshots = pick(d, p.ticks, 2*p.policy.Expiry, 10*p.policy.Expiry)
	}
	p.operator = d.hit(0.7) || v.recoversByHand
	return p
}
