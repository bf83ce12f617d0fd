package node_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
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
	srv  *storetest.Server
}

// memoryDisk is a data directory in memory. It notes what is written to it.
type memoryDisk struct {
	mode        registry.Mode
	incarnation string
	membership  rule.Membership
	raft        bool
	wrote       []string
}

func (d *memoryDisk) Mode() (registry.Mode, error)         { return d.mode, nil }
func (d *memoryDisk) Incarnation() (string, error)         { return d.incarnation, nil }
func (d *memoryDisk) Membership() (rule.Membership, error) { return d.membership, nil }
func (d *memoryDisk) HasRaft() (bool, error)               { return d.raft, nil }
func (d *memoryDisk) String() string                       { return "memory" }

func (d *memoryDisk) KeepMode(mode registry.Mode) error {
	d.mode, d.wrote = mode, append(d.wrote, "mode")
	return nil
}

func (d *memoryDisk) KeepIncarnation(id string) error {
	d.incarnation, d.wrote = id, append(d.wrote, "incarnation")
	return nil
}

func (d *memoryDisk) KeepMembership(m rule.Membership) error {
	d.membership, d.wrote = m, append(d.wrote, "membership")
	return nil
}

// notingStore notes the writes to the cluster record beside those to the disk.
type notingStore struct {
	registry.Store
	disk *memoryDisk
}

func (s notingStore) Swap(ctx context.Context, key string, body []byte, etag string) error {
	if key == rule.RecordKey {
		s.disk.wrote = append(s.disk.wrote, "record")
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
	return &keepRig{disk: &disk, srv: srv, Preparer: node.Preparer{
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

// A mode that the operator sets decides and is not open any more, also on the data
// directory of a client that would decide again because a birth has stalled (R22).
func TestModeThatIsSetDecides(t *testing.T) {
	t.Parallel()
	tied := rule.Membership{ClusterID: "c1", Term: 1, Desired: 2, Birth: rule.First, Open: true}
	closed := tied
	closed.Open = false
	tests := []struct {
		name   string
		set    registry.Mode
		claims bool
		before rule.Membership
		rec    *rule.Record
		want   registry.Mode
		after  rule.Membership
	}{
		{"not set: it decides again, as one slot is free", "", true, tied, birthOf(2), registry.Server, closed},
		{"agent beside a stalled birth", registry.Client, true, tied, birthOf(2), registry.Client, closed},
		{"agent beside a birth in time", registry.Client, true, tied, birthOf(1), registry.Client, closed},
		{"agent where there was no record", registry.Client, true, rule.Membership{Open: true}, nil, registry.Client, rule.Membership{}},
		{"server beside a stalled birth", registry.Server, true, tied, birthOf(2), registry.Server, closed},
		{"agent by the plain rule", registry.Client, false, tied, nil, registry.Client, rule.Membership{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := newKeepRig(t, memoryDisk{mode: registry.Client, membership: tt.before}, tt.rec)
			r.Mode, r.Claims = tt.set, tt.claims
			decided := r.prepare(t)
			if decided.Mode != tt.want || r.disk.mode != tt.want {
				t.Errorf("got %s decided, %s kept, want %s", decided.Mode, r.disk.mode, tt.want)
			}
			if r.disk.membership != tt.after {
				t.Errorf("got membership %+v kept, want %+v", r.disk.membership, tt.after)
			}
		})
	}
}

// The incarnation is kept before the first write to the record, and the membership
// before the mode (R37).
func TestKeepOrder(t *testing.T) {
	t.Parallel()
	for name, set := range map[string]registry.Mode{"decided": "", "set": registry.Server} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newKeepRig(t, memoryDisk{}, birthOf(2))
			r.Mode = set
			r.prepare(t)
			got := strings.Join(slices.Compact(r.disk.wrote), " ")
			if want := "incarnation record incarnation membership mode"; got != want {
				t.Errorf("got written: %s; want %s", got, want)
			}
		})
	}
}

// A node that only asks, and one whose decision fails, keep nothing (R37).
func TestNothingIsKeptBeforeADecision(t *testing.T) {
	t.Parallel()
	undecided := birthOf(1)
	undecided.Servers[0].Node = "s9" // another incarnation of the node's own name
	for name, change := range map[string]func(r *keepRig){
		"dry run":    func(r *keepRig) { r.DryRun = true },
		"no success": func(r *keepRig) { r.Wait = 0 },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newKeepRig(t, memoryDisk{}, undecided)
			change(r)
			if decided, err := r.Prepare(t.Context(), nil); err == nil {
				t.Errorf("got %s decided, want it to wait", decided.Mode)
			}
			if len(r.disk.wrote) > 0 || r.disk.incarnation != "" {
				t.Errorf("got %q written, want nothing", r.disk.wrote)
			}
		})
	}
}

// A directory that the plain rule decides for is untied from its cluster, unless it
// holds raft data: that belongs to its cluster for good (R42).
func TestPlainUnties(t *testing.T) {
	t.Parallel()
	tied := rule.Membership{ClusterID: "c1", Term: 1, Desired: 1, Birth: rule.First}
	for raft, want := range map[bool]rule.Membership{false: {}, true: tied} {
		t.Run(fmt.Sprintf("raft data %t", raft), func(t *testing.T) {
			t.Parallel()
			r := newKeepRig(t, memoryDisk{incarnation: "i9", membership: tied, raft: raft}, nil)
			r.Claims = false
			if decided := r.prepare(t); decided.Mode != registry.Server || decided.Bootstrap == raft {
				t.Errorf("got %s, bootstrap %t, want a server that bootstraps only without raft data", decided.Mode, decided.Bootstrap)
			}
			if r.disk.membership != want {
				t.Errorf("got membership %+v kept, want %+v", r.disk.membership, want)
			}
		})
	}
}
