// Package claim decides what a node is to be, so that any number of nodes that
// start at once agree on one bootstrap and on the desired number of servers.
//
// All agreement goes through one record that is only ever compared and swapped.
// [Decide] is the rule: a pure function from what one look at the registry
// showed to the next step. [Decider] is the loop around it: it looks, decides,
// swaps and looks again, and acts on nothing but what a look has shown.
// [Attend] is the rule of a server that runs already.
package claim

import (
	"errors"
	"time"

	"auto-consul/lib/registry"
)

// Errors of the rules.
var (
	// ErrFenced: this node's data belongs to another cluster, or to a birth that
	// another one has overtaken. It must not run as it is.
	ErrFenced = errors.New("fenced")
	// ErrUndecided: the ground of the decision is gone, or what was waited for
	// did not come. Deciding again may help.
	ErrUndecided = errors.New("undecided")
)

// Self is the node that decides.
type Self struct {
	Node        string
	Address     string // what it announces
	Incarnation string // random, made once for a data directory
	Mode        string // the kept mode, or the one to be kept; empty if it is open
	Raft        bool   // a Consul server's raft state lies in the data directory
	Kept        Kept   // the cluster that the data directory belongs to
}

// Kept is what a data directory remembers of its cluster.
type Kept struct {
	ClusterID string `json:"cluster_id"`
	Term      int64  `json:"term"` // of the record when the node was last decided
	Desired   int    `json:"desired"`
	Birth     Birth  `json:"birth"`
	// Adopted: the cluster lived before there was a record of it.
	Adopted bool `json:"adopted,omitempty"`
	// Open: the mode agent was decided, not set, and may be decided anew should
	// the cluster never be born.
	Open bool `json:"open,omitempty"`
}

// Lost is what to do about a cluster that lived and is silent.
type Lost string

// Policies for lost clusters.
const (
	LostAuto      Lost = "auto"      // bootstrap where one server is desired, else wait
	LostWait      Lost = "wait"      // for its servers to come back
	LostBootstrap Lost = "bootstrap" // start another cluster
)

// Policy is how this node was told to decide.
type Policy struct {
	Desired int
	Birth   Birth
	Lost    Lost
	Resize  bool          // make Desired the record's
	Expiry  time.Duration // of heartbeats; also the grace period of a new slot
	// StartOver is the command that gives a lost cluster up, for messages.
	StartOver string
}

// Look is what one look at the registry showed.
type Look struct {
	registry.Snapshot
	Record *Record // nil: there is none
	Raw    []byte  // the record as it is stored
	ETag   string
	// RecordOnly: the heartbeats were not read.
	RecordOnly bool
	// BeatsLater: the heartbeats were read after the record, not beside it.
	BeatsLater bool
}

// Evidence is what the observer has found out beside the look itself.
type Evidence struct {
	// Silent is for how long an incarnation has been watched in unbroken
	// silence while the store took writes; under [Everybody] for how long no
	// server sent heartbeats, under [NoRecord] for how long there was no record.
	Silent map[string]time.Duration
	// Answers says of probed addresses whether somebody answered there.
	Answers map[string]bool
	// Unanswered is for how long nobody has, since the first probe.
	Unanswered map[string]time.Duration
}

// Keys of [Evidence.Silent] beside incarnations.
const (
	Everybody = "*"
	NoRecord  = "record"
)

// Random is where a step's random names come from: each is used once.
type Random struct {
	ClusterID string
	Write     string
}

// Case is all that a decision rests on.
type Case struct {
	Self   Self
	Policy Policy
	Look   Look
	Evidence
	Random Random
}

// Step is what the rule wants next: exactly one of its fields but Why.
type Step struct {
	Verdict *Verdict // done
	Swap    *Record  // write this over what was seen, then look again
	Probe   []string // ask whether anybody answers at these addresses
	More    bool     // read the heartbeats now
	Wait    string   // look again later: what is waited for
	Watch   []string // with Wait: whose silence is to be watched, keys of [Evidence.Silent]
	Err     error    // wraps [ErrFenced] or [ErrUndecided]

	Why      string   // with Swap: in words
	Evidence []string // with Swap: what proved it right
}

// Verdict is what a rule finds: what the node is to be, and why.
type Verdict struct {
	Mode      string // [wire.Server] or [wire.Agent]
	Bootstrap bool
	Expect    int      // bootstrap so many together; 0 for none
	Slot      bool     // a server by a slot of its own
	Join      []string // addresses, the freshest first, at most [MaxJoin]
	Held      []string // nodes that are servers or have the right to be, sorted
	Reason    string
	Evidence  []string // what proved silence real, for the decision's document
	Notes     []string // what the operator should know
	Kept      Kept     // what the data directory remembers from now on; zero: as before
	Desired   int
}
