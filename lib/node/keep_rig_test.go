package node_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"auto-consul/lib/claim"
	"auto-consul/lib/node"
	"auto-consul/lib/registry"
	"auto-consul/lib/rule"
	"auto-consul/lib/storetest"
)

// keepRig is a node that decides, with what it writes, in order.
type keepRig struct {
	node.Preparer
	disk *memoryDisk
}

// memoryDisk is a data directory in memory. It notes what is written to it.
type memoryDisk struct {
	mode        registry.Mode
	incarnation string
	membership  rule.Membership
	raft        bool
	addresses   []string
	offline     bool
	failed      []rule.FailedRestore
	wrote       []string
}

// memory guards what all data directories in memory hold: a node that decides and an
// operator may use one at a time.
var memory sync.Mutex

// held returns what one of them holds.
func held[T any](field *T) (T, error) {
	memory.Lock()
	defer memory.Unlock()
	return *field, nil
}

// hold lets one of them hold something, and note what that is.
func hold[T any](d *memoryDisk, field *T, value T, note string) error {
	memory.Lock()
	defer memory.Unlock()
	*field, d.wrote = value, append(d.wrote, note)
	return nil
}

func (d *memoryDisk) Mode() (registry.Mode, error)                  { return held(&d.mode) }
func (d *memoryDisk) Incarnation() (string, error)                  { return held(&d.incarnation) }
func (d *memoryDisk) Membership() (rule.Membership, error)          { return held(&d.membership) }
func (d *memoryDisk) Scratch() (node.Scratch, error)                { return nil, errors.ErrUnsupported }
func (d *memoryDisk) HasRaft() (bool, error)                        { return held(&d.raft) }
func (d *memoryDisk) Addresses() ([]string, error)                  { return held(&d.addresses) }
func (d *memoryDisk) Offline() (bool, error)                        { return held(&d.offline) }
func (d *memoryDisk) FailedRestores() ([]rule.FailedRestore, error) { return held(&d.failed) }
func (d *memoryDisk) String() string                                { return "memory" }

func (d *memoryDisk) SetRaftAside() error { return hold(d, &d.raft, false, "aside") }
func (d *memoryDisk) KeepAddresses(list []string) error {
	return hold(d, &d.addresses, list, "addresses")
}

func (d *memoryDisk) KeepOffline(allowed bool) error    { return hold(d, &d.offline, allowed, "offline") }
func (d *memoryDisk) KeepMode(mode registry.Mode) error { return hold(d, &d.mode, mode, "mode") }
func (d *memoryDisk) KeepIncarnation(id string) error {
	return hold(d, &d.incarnation, id, "incarnation")
}

func (d *memoryDisk) KeepFailedRestores(list []rule.FailedRestore) error {
	return hold(d, &d.failed, list, "restores")
}

func (d *memoryDisk) KeepMembership(m rule.Membership) error {
	return hold(d, &d.membership, m, "membership")
}

// notingStore notes the writes to the cluster record beside those to the disk.
type notingStore struct {
	registry.Store
	disk *memoryDisk
}

func (s notingStore) Swap(ctx context.Context, key string, body []byte, etag string) error {
	if key == rule.RecordKey {
		memory.Lock()
		s.disk.wrote = append(s.disk.wrote, "record")
		memory.Unlock()
	}
	return s.Store.Swap(ctx, key, body, etag)
}

// quiet is an output that nobody reads.
type quiet struct{}

func (quiet) Print(any) error      { return nil }
func (quiet) Notef(string, ...any) {}
func (quiet) Warnf(string, ...any) {}

// newKeepRig returns node s9 with a data directory, beside a record unless that is nil.
// The times of the record's slots are counted from now.
func newKeepRig(t *testing.T, disk memoryDisk, rec *rule.Record) *keepRig {
	t.Helper()
	srv := storetest.New(t)
	srv.CreateBucket(t, "b")
	store := srv.Open(t, "b", "r")
	if rec != nil {
		body, err := rec.Encode()
		if err == nil {
			err = store.Put(t.Context(), rule.RecordKey, body)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	const expiry = 2 * time.Minute
	return &keepRig{disk: &disk, Preparer: node.Preparer{
		Observer: claim.Observer{Registry: &registry.Registry{Store: notingStore{store, &disk}, Expiry: expiry}},
		Disk:     &disk, Out: quiet{},
		Random:  claim.Random{ID: claim.NewID, Draw: func() float64 { return 0 }},
		Answers: func(context.Context, string) bool { return false },
		Node:    "s9", Address: "192.0.2.9",
		Policy: rule.Policy{Desired: 1, Birth: rule.First, Lost: rule.LostAuto, Expiry: expiry},
		Claims: true, Timeout: 10 * time.Second, MayServe: func() error { return nil },
	}}
}

// birthOf returns the record of a birth by s1 of so many servers.
func birthOf(desired int) *rule.Record {
	s1 := rule.Slot{Incarnation: "i1", Node: "s1", Address: "192.0.2.1", Since: time.Now().UTC()}
	return &rule.Record{
		Version: 1, Seq: 1, Write: "w", ClusterID: "c1", State: rule.Bootstrapping, Birth: rule.First, Desired: desired,
		Bootstrap: rule.Bootstrap{Incarnation: "i1", Node: "s1", Address: "192.0.2.1", Term: 1, Since: s1.Since},
		Servers:   []rule.Slot{s1},
	}
}

func (r *keepRig) prepare(t *testing.T) node.Prepared {
	t.Helper()
	decided, err := r.Prepare(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return decided
}
