package claim

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"auto-consul/lib/registry"
)

// RecordKey is the cluster record's key, the only object that is ever
// rewritten. It is never deleted, and never written without a condition.
const RecordKey = "cluster.json"

// maxRecord bounds a record: a hundred servers fit with ease.
const maxRecord = 64 << 10

// State says how far the cluster's birth has come.
type State string

// States of a record.
const (
	Bootstrapping State = "bootstrapping" // somebody may bootstrap: the holder of the term
	Established   State = "established"   // there was a leader: nobody bootstraps again
)

// Birth is how a cluster of several servers comes to be.
type Birth string

// Births.
const (
	First  Birth = "first"  // the first server bootstraps alone, the others join it
	Quorum Birth = "quorum" // the desired servers bootstrap together
)

// Record is the one object that all nodes agree through.
type Record struct {
	Version   int       `json:"version"` // [recordVersion]
	Seq       int64     `json:"seq"`     // counts the writes
	Write     string    `json:"write"`   // random: tells a writer its own write, and makes every body unique
	ClusterID string    `json:"cluster_id"`
	State     State     `json:"state"`
	Birth     Birth     `json:"birth"`
	Desired   int       `json:"desired"` // how many servers there should be
	Bootstrap Bootstrap `json:"bootstrap"`
	Servers   []Slot    `json:"servers"` // in the order of their claims
}

const recordVersion = 1

// Bootstrap is who may bootstrap. Its incarnation is empty in a record that was
// written over a cluster that lived already.
type Bootstrap struct {
	Incarnation string    `json:"incarnation"`
	Node        string    `json:"node"`
	Address     string    `json:"address"`
	Term        int64     `json:"term"` // counts up each time another may
	Since       time.Time `json:"since"`
}

// Slot is the right of one incarnation to be a server.
type Slot struct {
	Incarnation string    `json:"incarnation"`
	Node        string    `json:"node"`
	Address     string    `json:"address"`
	Since       time.Time `json:"since"` // store time of the claim, or of its renewal
}

// DecodeRecord reads a record. A record that cannot be read in full is an error
// and never overwritten.
func DecodeRecord(body []byte) (Record, error) {
	var r Record
	if len(body) > maxRecord {
		return r, fmt.Errorf("%s: %d bytes are too large for a cluster record", RecordKey, len(body))
	}
	if err := json.Unmarshal(body, &r); err != nil {
		return r, fmt.Errorf("%s: not a cluster record: %w", RecordKey, err)
	}
	if r.Version != recordVersion {
		return r, fmt.Errorf("%s: version %d, and this program knows version %d", RecordKey, r.Version, recordVersion)
	}
	if err := r.check(); err != nil {
		return r, fmt.Errorf("%s: %w", RecordKey, err)
	}
	return r, nil
}

func (r Record) check() error {
	switch {
	case r.ClusterID == "":
		return errors.New("cluster_id is missing")
	case r.State != Bootstrapping && r.State != Established:
		return fmt.Errorf("unknown state %.20q", string(r.State))
	case r.Birth != First && r.Birth != Quorum:
		return fmt.Errorf("unknown birth %.20q", string(r.Birth))
	case r.Desired < 1:
		return fmt.Errorf("desired is %d", r.Desired)
	case r.Bootstrap.Term < 1:
		return fmt.Errorf("term is %d", r.Bootstrap.Term)
	case r.State == Bootstrapping && r.slot(r.Bootstrap.Incarnation) == nil:
		return errors.New("whoever may bootstrap holds no slot")
	}
	seen := map[string]bool{}
	for _, s := range r.Servers {
		if s.Incarnation == "" || seen[s.Incarnation] {
			return errors.New("an incarnation is missing or holds two slots")
		}
		seen[s.Incarnation] = true
		if err := errors.Join(registry.CheckNode(s.Node), registry.CheckAddress(s.Address)); err != nil {
			return err
		}
	}
	return nil
}

// Encode is the record as it is stored. Its error wraps [errEncode].
func (r Record) Encode() ([]byte, error) {
	if err := r.check(); err != nil {
		return nil, fmt.Errorf("%s: %w: %w", RecordKey, errEncode, err)
	}
	body, err := json.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %w", RecordKey, errEncode, err)
	}
	if len(body) > maxRecord {
		return nil, fmt.Errorf("%s: %w: %d bytes, and nobody would read more than %d", RecordKey, errEncode, len(body), maxRecord)
	}
	return body, nil
}

// errEncode is no fault of the store, and does not pass by itself.
var errEncode = errors.New("cannot be written")

// slot returns an incarnation's slot, nil if it holds none.
func (r Record) slot(incarnation string) *Slot {
	i := slices.IndexFunc(r.Servers, func(s Slot) bool { return s.Incarnation == incarnation })
	if i < 0 || incarnation == "" {
		return nil
	}
	return &r.Servers[i]
}

// ailing says what is wrong with a birth that is under way; empty if nothing is. A
// slot is free again, or its holder has not come to anything in a whole expiry and
// does not renew it, as those do who wait: there may be too few for ever.
func (r Record) ailing(now time.Time, expiry time.Duration) string {
	if r.State != Bootstrapping {
		return ""
	}
	if i := slices.IndexFunc(r.Servers, func(s Slot) bool { return now.Sub(s.Since) >= expiry }); i >= 0 {
		return fmt.Sprintf("nothing has come of the birth with %s in %v", r.Servers[i].Node, expiry)
	}
	if len(r.Servers) < r.Desired {
		return fmt.Sprintf("%d servers take part in the birth, %d desired", len(r.Servers), r.Desired)
	}
	return ""
}

// next is a copy to be changed and written as the following record.
func (r Record) next(write string) Record {
	r.Seq++
	r.Write = write
	r.Servers = slices.Clone(r.Servers)
	return r
}

// without removes an incarnation's slot.
func (r *Record) without(incarnation string) {
	r.Servers = slices.DeleteFunc(r.Servers, func(s Slot) bool { return s.Incarnation == incarnation })
}
