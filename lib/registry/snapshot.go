package registry

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"time"
)

// snapshots is the folder of Consul's own snapshots. Each cluster has a folder in it.
const snapshots = "snapshots"

// ConsulSnapshot is a snapshot of Consul's state that is kept in the registry.
type ConsulSnapshot struct {
	ClusterID string
	Term      int64     // the record's when it was taken, 1 or more
	Index     uint64    // of the last entry of the raft log that it contains
	Time      time.Time // store time, UTC, whole seconds: when it was taken, or a little earlier
	Size      int64     // bytes, where it was listed; the key does not say it
}

// The numbers in a key have leading zeros, so that a cluster's newest snapshot is the
// last of its keys: the index goes on growing in a term, and whatever gives the cluster
// an older log again begins a new term.
const (
	termDigits  = 10
	indexDigits = 20
)

var (
	clusterID   = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,127}$`)
	snapshotKey = regexp.MustCompile(fmt.Sprintf(`^%s/([^/]+)/([0-9]{%d})-([0-9]{%d})-([0-9]{%d})\.snap$`,
		snapshots, termDigits, indexDigits, len(stampLayout)))
)

// Key returns the snapshot's key, such as
// "snapshots/0123456789abcdef/0000000001-00000000000000000042-20140516092731.snap".
func (s ConsulSnapshot) Key() string {
	return fmt.Sprintf("%s/%0*d-%0*d-%s.snap", snapshotFolder(s.ClusterID), termDigits, s.Term,
		indexDigits, s.Index, s.Time.UTC().Format(stampLayout))
}

func snapshotFolder(clusterID string) string { return snapshots + "/" + clusterID }

// CheckClusterID returns an error unless a cluster id can name a folder of snapshots.
func CheckClusterID(id string) error {
	if !clusterID.MatchString(id) {
		return fmt.Errorf("bad cluster id %s: want 1 to 128 of [A-Za-z0-9_-], not beginning with a dash", quote(id))
	}
	return nil
}

// ParseSnapshotKey reads a snapshot's key. Its error says that a key is none.
func ParseSnapshotKey(key string) (ConsulSnapshot, error) {
	bad := errors.New("not a snapshot: want snapshots/CLUSTER/TERM-INDEX-YYYYMMDDhhmmss.snap")
	part := snapshotKey.FindStringSubmatch(key)
	if part == nil || CheckClusterID(part[1]) != nil {
		return ConsulSnapshot{}, bad
	}
	term, termErr := strconv.ParseInt(part[2], 10, 64)
	index, indexErr := strconv.ParseUint(part[3], 10, 64)
	at, timeErr := time.Parse(stampLayout, part[4])
	if err := errors.Join(termErr, indexErr, timeErr); err != nil || term < 1 {
		return ConsulSnapshot{}, bad
	}
	return ConsulSnapshot{ClusterID: part[1], Term: term, Index: index, Time: at}, nil
}

// Snapshots returns a cluster's snapshots, the newest last, and the store's time. Keys
// that are no snapshot's are passed over.
func Snapshots(ctx context.Context, store Store, clusterID string) ([]ConsulSnapshot, time.Time, error) {
	if err := CheckClusterID(clusterID); err != nil {
		return nil, time.Time{}, fmt.Errorf("list snapshots: %w", err)
	}
	list, err := store.List(ctx, snapshotFolder(clusterID))
	if err != nil {
		return nil, time.Time{}, err
	}
	var out []ConsulSnapshot
	for i, key := range list.Keys {
		if s, err := ParseSnapshotKey(key); err == nil {
			s.Size = list.Sizes[i]
			out = append(out, s)
		}
	}
	return out, list.Time, nil
}
