package rule

import (
	"time"

	"auto-consul/lib/registry"
)

// Self is the node that decides or runs.
type Self struct {
	Node        string        // its name
	Address     string        // what it announces
	Incarnation string        // the random id of its data directory
	Mode        registry.Mode // the mode that is kept, or that the operator set; empty if there is none yet
	Raft        bool          // the data directory holds raft data (PROTOCOL.md, Words)
	Membership  Membership    // the cluster that the data directory belongs to
	Zone        string        // its failure domain; empty if it was told none (R52)
	// FailedRestores are the snapshots that this node has tried to restore in vain (R55).
	FailedRestores []FailedRestore
}

// Membership is what a data directory remembers of its cluster. Cluster id and term
// together tie it to one birth (R12). The zero value belongs to none.
type Membership struct {
	ClusterID string `json:"cluster_id"`
	Term      int64  `json:"term"` // the record's when the node was decided last
	Desired   int    `json:"desired"`
	Birth     Birth  `json:"birth"`
	// Adopted reports that the cluster ran before there was a record of it (R15).
	Adopted bool `json:"adopted,omitempty"`
	// Restore is the snapshot that the cluster was born from (R55).
	Restore string `json:"restore,omitempty"`
	// Open reports that the mode was decided and not set by the operator, so that it may
	// be decided again: where the birth of the cluster stalls (R22), where a client takes a
	// place (R48), and where a server steps down (R50).
	Open bool `json:"open,omitempty"`
	// Established reports that the record has shown this birth as established, so that no
	// other can have taken its place since, unless the cluster was given up or recovered (R58).
	Established bool `json:"established,omitempty"`
	// GaveBack is how often the node has taken a place and did not come to vote. It takes
	// none before CandidateFrom, by the store's clock (R51).
	GaveBack      int       `json:"gave_back,omitempty"`
	CandidateFrom time.Time `json:"candidate_from,omitzero"`
	// Recovered reports that the raft data was made that of a sole voter in this term. That
	// is done once, for others may vote since (R57).
	Recovered bool `json:"recovered,omitempty"`
}

// takesNoPlace reports whether the node has given a place back of late (R51). The pause may
// have been kept before the store's clock was set back: it is no longer than it was then.
func (m Membership) takesNoPlace(now time.Time, expiry time.Duration) bool {
	longest := 10 * expiry << max(0, min(m.GaveBack-1, 6))
	return now.Before(m.CandidateFrom) && m.CandidateFrom.Sub(now) <= longest+registry.DefaultSkew
}

// GivesBack returns the membership of a node that gives a place back (R51): it takes none
// for ten expiries, the next time for twice as long.
func (m Membership) GivesBack(now time.Time, expiry time.Duration) Membership {
	m.CandidateFrom = now.Add(10 * expiry << min(m.GaveBack, 6)).UTC().Truncate(time.Second)
	m.GaveBack++
	return m
}

// Observation is what one reading of the registry showed.
type Observation struct {
	registry.Snapshot         // Time always; the heartbeats unless RecordOnly
	Record            *Record // nil if there is none
	Raw               []byte  // the record as it is stored
	ETag              string  // the record's entity tag; empty if there is no record
	RecordOnly        bool    // the heartbeats were not read
	// Horizon is the latest time that a clock of the store may have shown when the record
	// was read. What is dated later lies in the future (R53). Zero: it is not known.
	Horizon time.Time
	// HeartbeatsLater reports that the heartbeats were read after the record and not at
	// the same time (R6).
	HeartbeatsLater bool
}

// WithHeartbeats returns the observation with a snapshot of the heartbeats. It is
// judged as of the earlier of the two times, so that a node that beats between them
// seems younger than it is and never silent (R5).
func (o Observation) WithHeartbeats(snap registry.Snapshot) Observation {
	if o.Time.Before(snap.Time) {
		snap.Time = o.Time
	}
	o.Snapshot, o.RecordOnly = snap, false
	return o
}

// Names reports whether the record names the cluster and the term that a data directory
// belongs to, as established (R36).
func (o Observation) Names(m Membership) bool {
	return o.Record != nil && o.Record.State == Established && o.Record.relationTo(m.ClusterID, m.Term) == sameBirth
}

// Evidence is what the observer has found out over time, beside the observation
// itself.
type Evidence struct {
	// SilentFor says how long an incarnation has been watched without a heartbeat while
	// the store accepted writes and every reading succeeded (R11). Under [AllServers]
	// it says how long no server at all has sent heartbeats, under [NoRecord] how long
	// there has been no record.
	SilentFor map[string]time.Duration
	// Answers says of each probed address whether somebody accepts connections there
	// (R10).
	Answers map[string]bool
	// UnansweredFor says how long nobody has, since the first probe (R19).
	UnansweredFor map[string]time.Duration
	// Snapshots are those of each cluster that was asked for, the newest last (R55).
	Snapshots map[string][]registry.ConsulSnapshot
}

// Keys of [Evidence.SilentFor] beside incarnations.
const (
	AllServers = "*"
	NoRecord   = "record"
)

// NewIDs are the random names that an action may need. Each is used once.
type NewIDs struct {
	ClusterID string
	Write     string
}

// Input is everything that a decision rests on.
type Input struct {
	Self   Self
	Policy Policy
	Seen   Observation
	Evidence
	Candidate *Candidacy // of a running client that may take a vacant place (R48); else nil
	Recover   *Recover   // where the operator has typed that a lost quorum is to be recovered (R56); else nil
	New       NewIDs
}

// Action is what the rule wants next. Exactly one of the fields Decision, Swap,
// Probe, ReadHeartbeats, ListSnapshots, ReadLog, SetAside, Wait and Err is set.
type Action struct {
	Decision       *Decision // the node is decided
	Swap           *Record   // write this in place of what was seen, then observe again
	Probe          []string  // find out whether anybody answers at these addresses
	ReadHeartbeats bool      // read the heartbeats now
	ListSnapshots  string    // list the snapshots of this cluster
	ReadLog        bool      // wait for the agent to end, keep it from starting, and read its raft log (R56)
	SetAside       string    // put the raft data aside, and say why (R57)
	Wait           string    // observe again later: what the node waits for
	Err            error     // wraps [ErrFenced], [ErrUndecided] or [ErrRefused]

	// With Wait: reading the record alone will do, and the node is to observe at this
	// time, by the store's clock, at the latest; zero: whenever it likes.
	ByRecord    bool
	Unbounded   bool // with Wait: it ends without -wait, because others bound it (R39)
	NoLaterThan time.Time
	// Unhurried goes with ByRecord: nothing is lost if the node sees a few seconds late
	// what it waits for.
	Unhurried bool

	Watch []string // with Wait: whose silence is to be watched, keys of [Evidence.SilentFor]
	Why   string   // with Swap: the reason, in words
	Proof []string // with Swap: what proved it right, in words
	Mends bool     // with Swap: it changes nothing but times in the future (R53)
}

// Decision is what a node is to be, and why.
type Decision struct {
	Mode       registry.Mode
	Bootstrap  bool       // start a cluster of one
	Expect     int        // start a cluster of so many together; 0 for none
	Restore    string     // with Bootstrap: the key of the snapshot that it starts from; empty for none
	HasSlot    bool       // it is a server by a slot of its own
	Recover    bool       // make it the sole voter of its raft data before it starts (R57)
	Winner     string     // of a recovery that was typed: the node that goes ahead (R56)
	Join       []string   // addresses, the freshest first, at most [MaxJoin]
	Held       []string   // nodes that are servers or have the right to be, sorted
	Reason     string     // in words
	Proof      []string   // what proved a silent server dead, in words
	Notes      []string   // what the operator should know
	Membership Membership // what the data directory remembers from now on; zero: as before
	Desired    int        // how many servers there should be
	Offline    bool       // it was made without the store (R58)
	// LookAgain is how soon a candidate is to look again that leaves a place to clients of
	// other zones (R52); zero: no sooner than any other.
	LookAgain time.Duration
}
