package datadir

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"time"

	"go.etcd.io/bbolt"

	"auto-consul/lib/registry"
)

// HasRaft reports whether raft data of a Consul server lies in the data directory: a
// log entry or a snapshot (R13). A server that was started and never found a cluster
// leaves an empty log, which is no state. What cannot be read counts as state: taking
// it for none could start a second cluster on it.
func (d Dir) HasRaft() (bool, error) {
	return hasRaft(d.path(string(registry.Server), "raft"))
}

func hasRaft(raft string) (bool, error) {
	if _, err := os.Stat(raft); errors.Is(err, fs.ErrNotExist) {
		return false, nil
	} else if err != nil {
		return false, err
	}
	for _, of := range []func(string) (bool, error){hasSnapshot, hasWAL, hasLog} {
		if has, err := of(raft); has || err != nil {
			return has, err
		}
	}
	return false, nil
}

func hasSnapshot(raft string) (bool, error) {
	entries, err := os.ReadDir(filepath.Join(raft, "snapshots"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".tmp") {
			return true, nil
		}
	}
	return false, nil
}

// walHeader is the length of a segment's header in Consul's write-ahead log,
// github.com/hashicorp/raft-wal; frames follow it, each with a type that is not
// zero.
const walHeader = 32

// hasWAL reports whether the write-ahead log, Consul's usual log store since 1.22,
// has an entry. Its first segment is laid out before there is anything to write.
func hasWAL(raft string) (bool, error) {
	// Not a glob: the data directory's name may hold what is a pattern.
	segments, err := filesIn(filepath.Join(raft, "wal"), ".wal")
	if err != nil || len(segments) != 1 {
		return len(segments) > 1, err
	}
	f, err := os.Open(segments[0])
	if err != nil {
		return false, err
	}
	defer f.Close()
	frame := make([]byte, 1)
	if _, err := f.ReadAt(frame, walHeader); err != nil {
		return !errors.Is(err, io.EOF), nil
	}
	return frame[0] != 0, nil
}

// filesIn returns the paths in a folder that end so; none if there is no such folder.
func filesIn(dir, end string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var out []string
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), end) {
			out = append(out, filepath.Join(dir, e.Name()))
		}
	}
	return out, nil
}

// hasLog reports whether Consul's other log store has an entry. It is a bolt database
// with a bucket for entries and one for the term and the vote.
func hasLog(raft string) (has bool, err error) {
	path := filepath.Join(raft, "raft.db")
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{ReadOnly: true, Timeout: time.Second})
	if err != nil {
		return true, nil // in use by a server, or damaged
	}
	// bbolt maps the file and trusts it: what is cut off or overwritten is a fault.
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if recover() != nil {
			has, err = true, db.Close()
		}
	}()
	err = db.View(func(tx *bbolt.Tx) error {
		return tx.ForEach(func(name []byte, b *bbolt.Bucket) error {
			if string(name) == "conf" {
				return nil // the term and the vote, of a server that heard of others
			}
			key, _ := b.Cursor().First()
			has = has || key != nil
			return nil
		})
	})
	return has || err != nil, db.Close()
}
