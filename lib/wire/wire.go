// Package wire holds the documents that the programs exchange, and nothing
// else. Its comments are the format's specification.
//
// Every document is one JSON object on one line of standard output. The key
// "version" is [Version]; keys may be added within a version, and none changes
// its meaning. Times are RFC 3339 in UTC with whole seconds of store time,
// durations are whole seconds with the unit in the key, lists are sorted and
// never null.
package wire

import (
	"encoding/json"
	"time"
)

// Version is the version of every document. A reader refuses any other.
const Version = 1

// Members is what ac-members prints and ac-decide reads: the registry as it was
// at one moment of store time.
type Members struct {
	Version       int       `json:"version"`
	Registry      string    `json:"registry"` // the registry's URL
	Time          time.Time `json:"time"`     // store time of the snapshot
	ExpirySeconds int64     `json:"expiry_seconds"`
	Roles         []string  `json:"roles"`   // what was read: agents, servers
	Servers       []Member  `json:"servers"` // sorted by heartbeat, then node
	Agents        []Member  `json:"agents"`  // servers beat here too
	ServersTotal  int       `json:"servers_total"`
	AgentsTotal   int       `json:"agents_total"`
	// Sampled is about how many clients have a live heartbeat at a time where there are
	// more of them: Agents does not list the others. It is what ac-members was told;
	// absent where it was not.
	Sampled int      `json:"sampled,omitempty"`
	Purged  []string `json:"purged"` // keys removed because they had expired
	// ExpiredTotal counts the expired heartbeats that were found, removed or not.
	ExpiredTotal int       `json:"expired_total"`
	Ignored      []Ignored `json:"ignored"` // sorted by key
	// Future lists what is dated in the future, because the store's clock was set back:
	// heartbeats by their keys, in order, then times in the cluster record. Absent if nothing
	// is.
	Future  []Future `json:"future,omitempty"`
	Cluster *Cluster `json:"cluster,omitempty"`
	// Snapshot is the cluster's newest snapshot in the registry. It is absent where there is
	// none, and where ac-members was not told that there are any.
	Snapshot *Snapshot `json:"snapshot,omitempty"`
}

// Snapshot is a snapshot of Consul's state in the registry.
type Snapshot struct {
	Key  string    `json:"key"`
	Time time.Time `json:"time"` // when it was taken, or a little earlier
	Size int64     `json:"size"` // in bytes
}

// Cluster is the cluster record as it was seen.
type Cluster struct {
	ClusterID  string `json:"cluster_id"`
	Generation int64  `json:"generation"` // the term: counts who may bootstrap
	State      string `json:"state"`      // gathering, bootstrapping or established
	ETag       string `json:"etag"`       // what a swap of the record is compared with
	// Time is the store time at which the record was read; Members.Time may be earlier.
	Time      time.Time `json:"time,omitzero"`
	Bootstrap string    `json:"bootstrap"` // the node that may bootstrap or has; empty if none had to
	Desired   int       `json:"desired_servers"`
	Servers   []Slot    `json:"servers"` // sorted by node
	// Vacant lists those of Servers that nobody holds: the node has no live heartbeat as a
	// server, and its time to start is over. It is sorted by node, and absent where the
	// heartbeats of servers were not read.
	Vacant []Vacant `json:"vacant,omitzero"`
	// Leaving is the server that steps down; absent if none does. A mark that is older than
	// the expiry was left by a server that was interrupted, and holds up nobody.
	Leaving *Leaving `json:"leaving,omitempty"`
	// Record is the object's body, from which ac-decide goes on.
	Record json.RawMessage `json:"record"`
}

// Slot is the right of one node to be a server.
type Slot struct {
	Node    string    `json:"node"`
	Address string    `json:"address"`
	Since   time.Time `json:"since"`
	// Promoted is when a running client claimed the slot. It is absent once the slot's server
	// votes, and where no client has claimed it.
	Promoted time.Time `json:"promoted,omitzero"`
	Zone     string    `json:"zone,omitempty"` // the node's failure domain, where it was told one
}

// Leaving is a server that leaves the cluster to become a client.
type Leaving struct {
	Node  string    `json:"node"`
	Since time.Time `json:"since"`
}

// Vacant is a slot that is not held.
type Vacant struct {
	Node string `json:"node"`
	// LastHeartbeat is the newest that the node wrote as a server; null once it has been
	// removed from the registry, or where there never was one.
	LastHeartbeat *time.Time `json:"last_heartbeat"`
}

// Member is one live node in one role, by its newest heartbeat.
type Member struct {
	Node       string    `json:"node"`
	Address    string    `json:"address"`   // where the node can be joined
	Heartbeat  time.Time `json:"heartbeat"` // its newest
	Oldest     time.Time `json:"oldest"`    // its oldest that is still live
	AgeSeconds int64     `json:"age_seconds"`
	// Future reports that all heartbeats of the node are dated in the future. Where it has
	// others, those alone are shown.
	Future bool `json:"future,omitempty"`
}

// Future is a time that lies in the future. Nodes count it for an expiry from when they
// have first seen it.
type Future struct {
	Key          string    `json:"key"`            // a heartbeat's, or the cluster record's
	What         string    `json:"what,omitempty"` // in the cluster record, in words
	Time         time.Time `json:"time"`
	AheadSeconds int64     `json:"ahead_seconds"` // of the store's clock
}

// Ignored is a key under servers/ or agents/ that does not count, and why.
type Ignored struct {
	Key    string `json:"key"`
	Reason string `json:"reason"`
}

// Modes of a node, as decisions, heartbeats and the data directory name them.
const (
	Server = "server"
	Agent  = "agent"
)

// Decision is what ac-decide prints and ac-exec reads: what this node is to be.
type Decision struct {
	Version int    `json:"version"`
	Mode    string `json:"mode"` // [Server] or [Agent]
	// Bootstrap says to start a cluster of one, never together with BootstrapExpect.
	Bootstrap bool `json:"bootstrap"`
	// BootstrapExpect says with how many servers together to start a cluster; 0 means
	// not to start one so.
	BootstrapExpect int `json:"bootstrap_expect"`
	// Restore is the key of the snapshot in the registry that the cluster starts from,
	// with Bootstrap alone.
	Restore string `json:"restore,omitempty"`
	// Recover says to go on with the raft data of the term before as its sole voter, after
	// a lost quorum.
	Recover        bool      `json:"recover,omitempty"`
	Join           []string  `json:"join"` // addresses, freshest first, at most 5, never its own
	Node           string    `json:"node"`
	Address        string    `json:"address"`        // what this node announces
	Zone           string    `json:"zone,omitempty"` // its failure domain, where it was told one
	Registry       string    `json:"registry"`
	ClusterID      string    `json:"cluster_id,omitempty"`
	Generation     int64     `json:"generation,omitempty"`
	Incarnation    string    `json:"incarnation,omitempty"` // whose claim it is
	Slot           bool      `json:"slot,omitempty"`        // a server by a slot of its own in the cluster record
	Reason         string    `json:"reason"`
	Evidence       []string  `json:"evidence"` // what proved that a replaced server is dead
	ExpirySeconds  int64     `json:"expiry_seconds"`
	DesiredServers int       `json:"desired_servers"`
	HeldServers    []string  `json:"held_servers"` // nodes, sorted
	DecidedAt      time.Time `json:"decided_at"`
	// Offline says that the store was away, and that the decision rests on the data
	// directory alone. DecidedAt is by the machine's clock then.
	Offline bool `json:"offline,omitempty"`
}

// Beat is one line of ac-heartbeat: a heartbeat that was written.
type Beat struct {
	Version int       `json:"version"`
	Node    string    `json:"node"`
	Address string    `json:"address"`
	Role    string    `json:"role"` // [Server] or [Agent]
	Time    time.Time `json:"time"`
	Keys    []string  `json:"keys"` // what was written, sorted
}

// Command is what ac-exec -dry-run prints: the program and its arguments.
type Command struct {
	Version int      `json:"version"`
	Argv    []string `json:"argv"`
}

// Kept is what ac-decide -set prints: the mode that the data directory now
// keeps, and whether its next decision may do without the store.
type Kept struct {
	Version int    `json:"version"`
	Mode    string `json:"mode"`
	DataDir string `json:"data_dir"`
	Offline bool   `json:"offline,omitempty"` // the next decision may do without the store
}

// Recovered is what ac-decide -recover prints: with whose data the cluster goes on that has
// lost its quorum.
type Recovered struct {
	Version    int    `json:"version"`
	Winner     string `json:"winner"` // the node
	ClusterID  string `json:"cluster_id"`
	Generation int64  `json:"generation"` // the term in which it goes on
}

// Left is what ac-heartbeat -leave prints: what was taken out of the registry.
type Left struct {
	Version int      `json:"version"`
	Node    string   `json:"node"`
	Removed []string `json:"removed"` // heartbeats, sorted
	Slot    bool     `json:"slot"`    // a server's slot was given back
}

// Build is what -version prints: what a program was built from.
type Build struct {
	Version  int    `json:"version"` // [Version], of this document
	Program  string `json:"program"`
	Release  string `json:"release"`            // a package's version, a tag, what Go derives from the commit, or "(devel)"
	Revision string `json:"revision,omitempty"` // the commit, where it is known
	Modified bool   `json:"modified,omitempty"` // the tree differed from that commit
	Go       string `json:"go"`                 // the version of Go
}

// Check is what ac-exec -check prints: an agent can be started here.
type Check struct {
	Version int    `json:"version"`
	Mode    string `json:"mode"`    // what was checked: [Server], or [Agent]
	Consul  string `json:"consul"`  // the program's file
	Release string `json:"release"` // its version
	DataDir string `json:"data_dir"`
}
