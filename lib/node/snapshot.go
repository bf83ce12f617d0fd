package node

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"auto-consul/lib/registry"
	"auto-consul/lib/rule"
)

// snapshotTimeout bounds the work for one snapshot, unless they are further apart. It is
// enough for the largest that S3 takes in one request, at some ten megabits a second.
const snapshotTimeout = time.Hour

// Scratch is a file of the data directory that is there as long as it is open.
type Scratch interface {
	io.ReadWriteSeeker
	io.Closer
}

// snapshots is what a loop knows of its cluster's snapshots.
type snapshots struct {
	next  time.Time        // before it none is taken, by the machine's monotonic clock
	pause time.Duration    // after the last failure; 0: the last did not fail
	taken chan takenResult // what comes of the one under way; nil if none is
}

// takenResult is what came of a snapshot.
type takenResult struct {
	registry.ConsulSnapshot               // zero where none was due
	wait                    time.Duration // until the next is due
	removed                 int           // older snapshots
	left                    error         // why others that are too many are still there
	err                     error         // why there is none
}

// keepSnapshots takes a snapshot if one is due and this server is the raft leader (R54).
// It goes on beside the beats, which neither wait for it nor end with it.
func (b *Beater) keepSnapshots(ctx context.Context, o observation) {
	s := &b.snapshots
	if b.Snapshots == 0 || !o.Leads || !b.named {
		s.next, s.pause = time.Time{}, 0 // whoever leads next looks at once what is kept
		return
	}
	if s.taken != nil || time.Now().Before(s.next) {
		return
	}
	of := registry.ConsulSnapshot{ClusterID: o.seen.Record.ClusterID, Term: o.seen.Record.Bootstrap.Term, Index: o.LogIndex}
	taken := make(chan takenResult, 1)
	s.taken = taken
	go func() {
		limited, cancel := context.WithTimeout(ctx, max(snapshotTimeout, b.Snapshots))
		defer cancel()
		taken <- b.takeSnapshot(limited, of)
	}()
}

// snapshotTaken tells what came of a snapshot, and says when the next is due.
func (b *Beater) snapshotTaken(r takenResult) {
	s := &b.snapshots
	s.taken = nil
	if r.err != nil {
		// A snapshot costs the leader something, so a failure that lasts is not tried at
		// every tick.
		s.pause = max(b.Ticks, min(2*s.pause, b.Snapshots))
		s.next = time.Now().Add(s.pause)
		b.Out.Warnf("no snapshot: %v; next try in %v", r.err, s.pause)
		return
	}
	s.pause, s.next = 0, time.Now().Add(r.wait)
	if r.Size > 0 {
		b.Out.Notef("wrote %s, %d bytes, and compared it; %d older ones were removed", r.Key(), r.Size, r.removed)
	}
	if r.left != nil {
		b.Out.Warnf("remove older snapshots: %v", r.left)
	}
}

// takeSnapshot takes a snapshot of a cluster in a term, unless none is due or nothing
// has changed since one that is kept. It is given the last index of the raft log.
func (b *Beater) takeSnapshot(ctx context.Context, s registry.ConsulSnapshot) (r takenResult) {
	kept, now, err := b.keptSnapshots(ctx, s.ClusterID)
	if err != nil {
		return takenResult{err: err}
	}
	if r.wait = rule.SnapshotDue(kept, now, b.Snapshots); r.wait > 0 {
		return r
	}
	r.wait = b.Snapshots
	if rule.HasSnapshot(kept, s.Term, s.Index) {
		return r
	}
	s.Time = now
	file, err := b.Disk.Scratch()
	if err != nil {
		return takenResult{err: fmt.Errorf("a file for it in %s: %w", b.Disk, err)}
	}
	defer file.Close() // it is only read from then on
	sum := sha256.New()
	if s.Index, err = b.Agent.Snapshot(ctx, io.MultiWriter(file, sum)); err != nil {
		return takenResult{err: err}
	}
	// Again, because another server may have become the leader and written one.
	if kept, now, err = b.keptSnapshots(ctx, s.ClusterID); err != nil {
		return takenResult{err: err}
	}
	if rule.HasSnapshot(kept, s.Term, s.Index) {
		return r
	}
	if s.Size, err = b.writeSnapshot(ctx, s.Key(), file, sum.Sum(nil)); err != nil {
		return takenResult{err: err}
	}
	r.ConsulSnapshot = s
	r.removed, r.left = b.thinSnapshots(ctx, append(kept, s), now)
	return r
}

func (b *Beater) keptSnapshots(ctx context.Context, clusterID string) ([]registry.ConsulSnapshot, time.Time, error) {
	limited, cancel := context.WithTimeout(ctx, b.Timeout)
	defer cancel()
	return registry.Snapshots(limited, b.Observer.Registry.Store, clusterID)
}

// writeSnapshot writes a file with this checksum to the registry, reads it back and
// returns its size. Whatever the answer to the writing was, what is read decides, but
// where it was refused.
func (b *Beater) writeSnapshot(ctx context.Context, key string, file Scratch, want []byte) (size int64, err error) {
	store := b.Observer.Registry.Store
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return 0, err
	}
	wrote := store.Upload(ctx, key, file)
	if errors.Is(wrote, registry.ErrDenied) || errors.Is(wrote, registry.ErrUnconditional) {
		return 0, wrote
	}
	sum := sha256.New()
	size, err = store.Download(ctx, key, sum)
	switch {
	case err == nil && bytes.Equal(sum.Sum(nil), want):
		return size, nil
	case wrote != nil:
		return 0, wrote
	case err == nil:
		err = fmt.Errorf("%s is not what was written", key)
	}
	limited, cancel := context.WithTimeout(ctx, b.Timeout)
	defer cancel()
	if removed := store.Delete(limited, key); removed != nil {
		err = fmt.Errorf("%w; it could not be removed: %w", err, removed)
	}
	return 0, err
}

// thinSnapshots removes the snapshots that are too many, and returns how many.
func (b *Beater) thinSnapshots(ctx context.Context, kept []registry.ConsulSnapshot, now time.Time) (int, error) {
	slices.SortFunc(kept, func(a, b registry.ConsulSnapshot) int { return strings.Compare(a.Key(), b.Key()) })
	limited, cancel := context.WithTimeout(ctx, b.Timeout)
	defer cancel()
	gone, err := b.Observer.Registry.Purge(limited, rule.ThinSnapshots(kept, now))
	return len(gone), err
}
