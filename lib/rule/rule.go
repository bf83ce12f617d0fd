// Package rule holds the rules by which nodes agree on one bootstrap and on the
// desired number of servers, and on nothing else. PROTOCOL.md, beside this file,
// states the rules and numbers them; comments here cite the numbers.
//
// Every rule is a pure function. [Decide] says what a node that starts does next,
// [Confirm] whether its decision still holds immediately before it acts on it,
// [Serve] what a running node does at each beat, and [GiveBack] what a node
// that leaves writes. None of them does I/O, reads a clock or draws a random
// number: whatever a rule rests on is an argument. Package claim is the loop
// that reads the registry, asks these functions and writes what they want.
package rule

import (
	"errors"
	"time"
)

// Errors of the rules.
var (
	// ErrFenced reports that the node's data belongs to another cluster, or to a
	// birth that another birth has replaced, or that its data directory is a copy of one
	// that another node uses. The node must not run with it.
	ErrFenced = errors.New("fenced")
	// ErrUndecided reports that what a decision rested on has changed, or that what the
	// node waited for did not come. To decide again may help.
	ErrUndecided = errors.New("undecided")
)

// Lost says what to do about a cluster that existed and whose servers are all silent
// (R20).
type Lost string

// Policies for lost clusters.
const (
	LostAuto      Lost = "auto"      // where one server is desired restore or bootstrap, else wait
	LostWait      Lost = "wait"      // wait for the servers to come back
	LostBootstrap Lost = "bootstrap" // start another, empty cluster
	LostRestore   Lost = "restore"   // start another from the newest snapshot (R55)
)

// Policy is what the operator told this node. Once there is a record, the record's own
// number of servers and kind of birth come before these (R24).
type Policy struct {
	Desired int   // how many servers there should be, 1 or more
	Birth   Birth // how a new cluster starts
	// BirthWait is how long the servers of a birth by [Auto] gather; 0 for not at all.
	BirthWait time.Duration
	Lost      Lost          // what to do about a lost cluster
	LostTyped bool          // Lost was typed for this one decision (R22)
	Resize    bool          // make Desired the record's number
	Expiry    time.Duration // of heartbeats; also how long a new slot counts as held
	// For messages: StartOver is the command that gives up a lost cluster, Restore the one
	// that restores its newest snapshot, and Retry the one that has a restore tried again
	// which has failed. Remove with a key after it removes an object of the registry.
	StartOver, Restore, Retry, Remove string
}
