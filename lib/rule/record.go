package rule

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"auto-consul/lib/registry"
)

// RecordKey is the cluster record's key. The record is the only object that is ever
// rewritten. It is never deleted, and never written without a condition (R1).
const RecordKey = "cluster.json"

// maxRecord is the most bytes that a record may have. A hundred servers fit.
const maxRecord = 64 << 10

// State says how far the birth of the cluster has come.
type State string

// States of a record.
const (
	Gathering     State = "gathering"     // slots are claimed, and nobody starts a server
	Bootstrapping State = "bootstrapping" // the node under Bootstrap may bootstrap
	Established   State = "established"   // there was a leader, so nobody bootstraps again
)

// Birth is the way in which a cluster of several servers starts.
type Birth string

// Kinds of birth.
const (
	// Auto gathers the desired servers for a while: if all come they bootstrap together,
	// otherwise one of them alone. A record has it while they gather.
	Auto   Birth = "auto"
	First  Birth = "first"  // the first server bootstraps alone, the others join it
	Quorum Birth = "quorum" // the desired servers bootstrap together
)

// Record is the one object that all nodes agree through.
type Record struct {
	Version   int       `json:"version"` // [firstVersion], or [secondVersion] while that is needed
	Seq       int64     `json:"seq"`     // counts the writes
	Write     string    `json:"write"`   // random: a writer knows its own write by it, and every body is unique (R2)
	ClusterID string    `json:"cluster_id"`
	State     State     `json:"state"`
	Birth     Birth     `json:"birth"`
	Desired   int       `json:"desired"` // how many servers there should be
	Bootstrap Bootstrap `json:"bootstrap"`
	Servers   []Slot    `json:"servers"` // in the order of their claims
	Gather    *Gather   `json:"gather,omitempty"`
	Leaving   *Leaving  `json:"leaving,omitempty"`
	// Restore is the key of the snapshot that the cluster was born from, or is to be; empty
	// for none (R55).
	Restore string `json:"restore,omitempty"`
	// Survivors are those that recover a lost quorum, and Recovery is what came of the
	// last such attempt (R56, R57).
	Survivors []Survivor `json:"survivors,omitempty"`
	Recovery  *Recovery  `json:"recovery,omitempty"`
}

// Versions of records. A record that an older program understands has the first: what
// came later is there for as long as it is needed.
const (
	firstVersion = 1
	// secondVersion is that of a record with a [Gather], [Leaving], [Survivor] or [Recovery], a
	// snapshot, or a slot that is promoted.
	secondVersion = 2
)

// version returns which version the record must have, so that no program takes part
// that does not know what is in it.
func (r Record) version() int {
	if r.Gather != nil || r.Leaving != nil || r.Restore != "" || len(r.Survivors) > 0 || r.Recovery != nil || slices.ContainsFunc(r.Servers, Slot.UnderWay) {
		return secondVersion
	}
	return firstVersion
}

// Bootstrap is the node that may bootstrap, or has. Its incarnation is empty in a
// record that was written for a cluster that already ran without one.
type Bootstrap struct {
	Incarnation string    `json:"incarnation"`
	Node        string    `json:"node"`
	Address     string    `json:"address"`
	Term        int64     `json:"term"` // counts the attempts to give this cluster a leader
	Since       time.Time `json:"since"`
}

// DecodeRecord reads a stored record. One that cannot be read in full is never
// overwritten (R1); the error wraps [ErrUnreadable].
func DecodeRecord(body []byte) (Record, error) {
	var r Record
	bad := func(format string, args ...any) (Record, error) {
		return r, fmt.Errorf("%s: %w: %w", RecordKey, ErrUnreadable, fmt.Errorf(format, args...))
	}
	if len(body) > maxRecord {
		return bad("%d bytes are too many", len(body))
	}
	if err := json.Unmarshal(body, &r); err != nil {
		return bad("%w", err)
	}
	switch {
	case r.Version > secondVersion:
		return bad("version %d: a newer release wrote it, and this one knows version %d at most", r.Version, secondVersion)
	case r.Version < firstVersion:
		return bad("version %d: want %d or %d", r.Version, firstVersion, secondVersion)
	}
	if err := r.check(); err != nil {
		return bad("%w", err)
	}
	return r, nil
}

// check returns what is wrong with the record.
func (r Record) check() error {
	switch {
	case r.ClusterID == "":
		return errors.New("cluster_id is missing")
	case r.State != Gathering && r.State != Bootstrapping && r.State != Established:
		return fmt.Errorf("unknown state %.20q", string(r.State))
	case r.Birth != First && r.Birth != Quorum && r.State != Gathering:
		return fmt.Errorf("unknown birth %.20q", string(r.Birth))
	case r.State == Gathering && (r.Birth != Auto || r.Gather == nil):
		return errors.New("nothing says for how long its servers gather")
	case r.Gather != nil && (r.Gather.WaitSeconds < 1 || !r.Gather.Since.Before(r.Gather.Until)):
		return fmt.Errorf("bad gathering of %d seconds", r.Gather.WaitSeconds)
	case r.Version < r.version():
		return fmt.Errorf("version %d has what came with version %d", r.Version, r.version())
	case r.Restore != "" && r.checkRestore() != nil:
		return r.checkRestore()
	case r.Desired < 1:
		return fmt.Errorf("desired is %d", r.Desired)
	case r.Bootstrap.Term < 1:
		return fmt.Errorf("term is %d", r.Bootstrap.Term)
	case r.State == Bootstrapping && r.SlotOf(r.Bootstrap.Incarnation) == nil:
		return errors.New("the node that may bootstrap holds no slot")
	}
	seen := map[string]bool{}
	for _, s := range r.Servers {
		if s.Incarnation == "" || seen[s.Incarnation] {
			return errors.New("an incarnation is missing or holds two slots")
		}
		seen[s.Incarnation] = true
		if err := errors.Join(registry.CheckNode(s.Node), registry.CheckAddress(s.Address), registry.CheckZone(s.Zone)); err != nil {
			return err
		}
	}
	for _, s := range r.Survivors {
		if err := errors.Join(registry.CheckNode(s.Node), registry.CheckAddress(s.Address)); err != nil || s.Incarnation == "" {
			return errors.Join(errors.New("bad survivor"), err)
		}
	}
	return nil
}

// checkRestore returns what is wrong with the snapshot that the record names.
func (r Record) checkRestore() error {
	_, err := registry.ParseSnapshotKey(r.Restore)
	if err == nil && r.Birth != First {
		err = fmt.Errorf("birth %s of a cluster that is restored", r.Birth)
	}
	return err
}

// Encode returns the record as it is stored. A record that nobody could read is not
// written (R1); the error wraps [ErrUnwritable].
func (r Record) Encode() ([]byte, error) {
	r.Version = r.version()
	if err := r.check(); err != nil {
		return nil, fmt.Errorf("%s: %w: %w", RecordKey, ErrUnwritable, err)
	}
	body, err := json.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %w", RecordKey, ErrUnwritable, err)
	}
	if len(body) > maxRecord {
		return nil, fmt.Errorf("%s: %w: %d bytes, and nobody would read more than %d", RecordKey, ErrUnwritable, len(body), maxRecord)
	}
	return body, nil
}

// Errors of records.
var (
	// ErrUnwritable reports a record that must not be written, because nobody could
	// read it. It is no fault of the store, and to try again does not help.
	ErrUnwritable = errors.New("cannot be written")
	// ErrUnreadable reports a stored record that this program cannot read.
	ErrUnreadable = errors.New("not a cluster record")
)

// stalledBirth returns, in words, what is wrong with a birth that is under way; empty
// if nothing is (R22). A birth stalls where a slot is free again, or where a slot was
// not renewed for a whole expiry, as the slot of a server that waits for a leader is:
// there may be too few servers for ever.
func (r Record) stalledBirth(now time.Time, expiry time.Duration) string {
	if r.State == Established {
		return ""
	}
	if i := slices.IndexFunc(r.Servers, func(s Slot) bool { return !s.Fresh(now, expiry) }); i >= 0 {
		return fmt.Sprintf("nothing has come of the birth with %s in %v", r.Servers[i].Node, expiry)
	}
	if len(r.Servers) < r.Desired {
		return fmt.Sprintf("%d servers take part in the birth, %d desired", len(r.Servers), r.Desired)
	}
	return ""
}

// establish makes the record one of a cluster that had a leader.
func (r *Record) establish() {
	r.State, r.Gather = Established, nil
	if r.Birth == Auto { // it is born already, and not by all together
		r.Birth = First
	}
}

// next returns a copy that is to be changed and written as the following record.
func (r Record) next(write string) Record {
	r.Seq++
	r.Write = write
	r.Servers, r.Survivors = slices.Clone(r.Servers), slices.Clone(r.Survivors)
	return r
}

// remove takes the slot of an incarnation out of the record.
func (r *Record) remove(incarnation string) {
	r.Servers = slices.DeleteFunc(r.Servers, func(s Slot) bool { return s.Incarnation == incarnation })
}

// membership returns what the data directory of a node of this cluster remembers, which
// has kept something before.
func (r Record) membership(kept Membership) Membership {
	return Membership{
		ClusterID: r.ClusterID, Term: r.Bootstrap.Term, Desired: r.Desired, Birth: r.Birth,
		Adopted: r.Bootstrap.Incarnation == "", Established: r.State == Established, Restore: r.Restore,
		GaveBack: kept.GaveBack, CandidateFrom: kept.CandidateFrom,
		Recovered: kept.Recovered && r.relationTo(kept.ClusterID, kept.Term) == sameBirth,
	}
}
