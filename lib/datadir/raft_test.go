package datadir_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"go.etcd.io/bbolt"

	"auto-consul/lib/datadir"
)

// A log entry or a snapshot is raft data; an empty log is not (R12, R13).
func TestHasRaft(t *testing.T) {
	t.Parallel()
	laidOut := string(make([]byte, 4096))
	header := string(make([]byte, 32))
	tests := []struct {
		file, text string
		want       bool
	}{
		{"mode", "server", false},
		{"server/serf/local.snapshot", "x", false},
		{"server/raft/peers.info", "x", false},
		{"agent/raft/raft.db", "x", false},
		{"server/raft/snapshots/2-16-1700000000000/state.bin", "x", true},
		{"server/raft/snapshots/2-16-1700000000000.tmp/state.bin", "x", false},
		{"server/raft/raft.db", "damaged", true},
		{"server/raft/wal/00000000000000000001-0000000000000000.wal", laidOut, false},
		{"server/raft/wal/00000000000000000001-0000000000000000.wal", header, false},
		{"server/raft/wal/00000000000000000001-0000000000000000.wal", header + "\x01", true},
		{"server/raft/wal/wal-meta.db", "x", false},
	}
	for _, tt := range tests {
		if got, err := holding(t, tt.file, tt.text).HasRaft(); err != nil || got != tt.want {
			t.Errorf("%s of %d bytes: got %t, %v, want %t", tt.file, len(tt.text), got, err, tt.want)
		}
	}
}

// A file in the way, or a folder, is no proof that there is no state (R12).
func TestHasRaftUnreadable(t *testing.T) {
	t.Parallel()
	for _, file := range []string{"server", "server/raft", "server/raft/snapshots"} {
		if got, err := holding(t, file, "").HasRaft(); err == nil && !got {
			t.Errorf("a file at %s: got %t, %v, want an error or state", file, got, err)
		}
	}
	const segment = "server/raft/wal/00000000000000000001-0000000000000000.wal"
	if got, err := holding(t, segment+"/x", "").HasRaft(); err == nil && !got {
		t.Errorf("a folder at %s: got %t, %v, want an error or state", segment, got, err)
	}
}

func TestHasRaftSegments(t *testing.T) {
	t.Parallel()
	d := holding(t, "server/raft/wal/00000000000000000001-0000000000000000.wal", "")
	second := filepath.Join(string(d), "server/raft/wal/00000000000000000100-0000000000000001.wal")
	if err := os.WriteFile(second, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := d.HasRaft(); err != nil || !got {
		t.Errorf("two segments: got %t, %v, want true", got, err)
	}
}

// A folder's name is no pattern.
func TestHasRaftBrackets(t *testing.T) {
	t.Parallel()
	d := holding(t, "data[1]*/server/raft/wal/1-0.wal", string(make([]byte, 32))+"\x01")
	d = datadir.Dir(filepath.Join(string(d), "data[1]*"))
	if got, err := d.HasRaft(); err != nil || !got {
		t.Errorf("got %t, %v, want true", got, err)
	}
}

func TestHasRaftBolt(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		entries map[string]string // bucket to key
		want    bool
	}{
		{"no buckets", nil, false},
		{"empty buckets", map[string]string{"logs": "", "conf": ""}, false},
		{"a vote", map[string]string{"logs": "", "conf": "LastVoteTerm"}, false},
		{"an entry", map[string]string{"logs": "1", "conf": "CurrentTerm"}, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := holding(t, "server/raft/peers.info", "")
			writeBolt(t, filepath.Join(string(d), "server/raft/raft.db"), tt.entries)
			if got, err := d.HasRaft(); err != nil || got != tt.want {
				t.Errorf("got %t, %v, want %t", got, err, tt.want)
			}
		})
	}
}

// What is cut off or overwritten counts as state, and is nobody's end.
func TestHasRaftDamagedBolt(t *testing.T) {
	t.Parallel()
	for name, damage := range map[string]func([]byte) []byte{
		"cut to its first pages": func(b []byte) []byte { return b[:2*os.Getpagesize()] },
		"cut to some pages":      func(b []byte) []byte { return b[:3*os.Getpagesize()] },
		"overwritten": func(b []byte) []byte {
			for i := 2 * os.Getpagesize(); i < len(b); i++ {
				b[i] = 0xa5
			}
			return b
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := holding(t, "server/raft/peers.info", "")
			path := filepath.Join(string(d), "server/raft/raft.db")
			entries := map[string]string{"conf": "CurrentTerm"}
			for i := range 200 { // until there are pages to lose
				entries[fmt.Sprint("logs", i)] = ""
			}
			writeBolt(t, path, entries)
			body, err := os.ReadFile(path)
			if err == nil {
				err = os.WriteFile(path, damage(body), 0o600)
			}
			if err != nil {
				t.Fatal(err)
			}
			if got, err := d.HasRaft(); err != nil || !got {
				t.Errorf("got %t, %v, want true", got, err)
			}
		})
	}
}

func writeBolt(t *testing.T, path string, entries map[string]string) {
	t.Helper()
	db, err := bbolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	err = db.Update(func(tx *bbolt.Tx) error {
		for bucket, key := range entries {
			b, err := tx.CreateBucket([]byte(bucket))
			if err == nil && key != "" {
				err = b.Put([]byte(key), []byte("x"))
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}
