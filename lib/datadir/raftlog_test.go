package datadir_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"go.etcd.io/bbolt"

	"auto-consul/lib/datadir"
	"auto-consul/lib/rule"
)

const (
	voterOne = "11111111-1111-1111-1111-111111111111"
	voterTwo = "22222222-2222-2222-2222-222222222222"
)

// packed returns a raft configuration of servers at 10.0.0.1 and on, as raft's msgpack has
// it. The last of them does not vote.
func packed(ids ...string) []byte {
	text := func(s string) []byte { return append([]byte{0xda, byte(len(s) >> 8), byte(len(s))}, s...) }
	out := append([]byte{0x81}, text("Servers")...)
	out = append(out, 0x90|byte(len(ids)))
	for i, id := range ids {
		suffrage := byte(0)
		if i == len(ids)-1 {
			suffrage = 1
		}
		out = append(out, 0x83)
		out = append(append(out, text("Address")...), text(fmt.Sprintf("10.0.0.%d:8300", i+1))...)
		out = append(append(out, text("ID")...), text(id)...)
		out = append(append(out, text("Suffrage")...), suffrage)
	}
	return out
}

// frame returns a frame of a segment.
func frame(kind byte, data []byte) []byte {
	out := append([]byte{kind, 0, 0, 0}, binary.LittleEndian.AppendUint32(nil, uint32(len(data)))...)
	out = append(out, data...)
	return append(out, make([]byte, -len(data)&7)...)
}

// walEntry returns the frame of an entry: of a configuration where data is given.
func walEntry(index, term uint64, data []byte) []byte {
	kind := uint64(0)
	if data != nil {
		kind = 5
	}
	var b []byte
	for _, v := range []uint64{index, term, kind, uint64(len(data))} {
		b = binary.AppendUvarint(b, v)
	}
	return frame(1, append(append(b, data...), 0))
}

// walOf returns a segment with frames, and room for more.
func walOf(frames ...[]byte) string {
	return string(slices.Concat(append(append([][]byte{make([]byte, 32)}, frames...), make([]byte, 512))...))
}

var commit = frame(3, nil)

// boltOf writes a log store of entries that are as long as they are told.
func boltOf(t *testing.T, path string, entries ...[]byte) {
	t.Helper()
	db, err := bbolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	err = db.Update(func(tx *bbolt.Tx) error {
		logs, err := tx.CreateBucket([]byte("logs"))
		for i, e := range entries {
			if err == nil {
				err = logs.Put(binary.BigEndian.AppendUint64(nil, uint64(i+1)), e)
			}
		}
		return err
	})
	if err = errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
}

// boltEntry returns an entry as Consul's older log store has it.
func boltEntry(index, term uint64, data []byte) []byte {
	text := func(s string) []byte { return append([]byte{0xa0 | byte(len(s))}, s...) }
	kind := byte(0)
	if data != nil {
		kind = 5
	}
	out := append([]byte{0x86}, text("AppendedAt")...)
	out = append(out, 0xc7, 2, 1, 0, 0) // an extension
	out = append(append(out, text("Data")...), 0xdb, 0, 0, byte(len(data)>>8), byte(len(data)))
	out = append(append(out, data...), text("Extensions")...)
	out = append(append(out, 0xc0), text("Index")...)
	out = append(binary.BigEndian.AppendUint64(append(out, 0xcf), index), text("Term")...)
	out = append(append(out, 0xcc, byte(term)), text("Type")...)
	return append(out, kind)
}

// Both log stores, and snapshots, say where the log ends and who votes (R56).
func TestRaftLog(t *testing.T) {
	t.Parallel()
	const (
		first  = "server/raft/wal/00000000000000000001-0000000000000000.wal"
		second = "server/raft/wal/00000000000000000003-0000000000000001.wal"
		meta   = "server/raft/snapshots/2-9-1700000000000/meta.json"
	)
	snapshot := `{"Version":1,"Index":9,"Term":2,"Configuration":{"Servers":[{"Suffrage":0,"ID":"` + voterTwo + `","Address":"10.0.0.2:8300"}]}}`
	one := []rule.Voter{{ID: voterOne, Address: "10.0.0.1"}}
	two := []rule.Voter{{ID: voterOne, Address: "10.0.0.1"}, {ID: voterTwo, Address: "10.0.0.2"}}
	conf1, conf2 := packed(voterOne, voterTwo), packed(voterOne, voterTwo, "x")
	for name, tt := range map[string]struct {
		files map[string]string
		bolt  [][]byte
		want  rule.Log
		err   string
	}{
		"a log":                  {map[string]string{first: walOf(walEntry(1, 1, conf1), commit, walEntry(2, 2, nil), walEntry(3, 2, nil), commit)}, nil, rule.Log{Term: 2, Index: 3, Voters: one}, ""},
		"a later configuration":  {map[string]string{first: walOf(walEntry(1, 1, conf1), walEntry(2, 2, conf2), commit)}, nil, rule.Log{Term: 2, Index: 2, Voters: two}, ""},
		"what was not committed": {map[string]string{first: walOf(walEntry(1, 1, conf1), commit, walEntry(2, 2, conf2))}, nil, rule.Log{Term: 1, Index: 1, Voters: one}, ""},
		"cut off":                {map[string]string{first: walOf(walEntry(1, 1, conf1), commit)[:32+len(walEntry(1, 1, conf1))+8]}, nil, rule.Log{Term: 1, Index: 1, Voters: one}, ""},
		"a full segment": {map[string]string{
			first:  walOf(walEntry(1, 1, conf1), walEntry(2, 1, nil), frame(2, make([]byte, 12)), commit),
			second: walOf(walEntry(3, 2, nil), commit),
		}, nil, rule.Log{Term: 2, Index: 3, Voters: one}, ""},
		"entries that were taken back": {map[string]string{
			first:  walOf(walEntry(1, 1, conf1), walEntry(2, 1, nil), walEntry(3, 1, conf2), walEntry(4, 1, nil), commit),
			second: walOf(walEntry(3, 2, nil), commit),
		}, nil, rule.Log{Term: 2, Index: 3, Voters: one}, ""},
		"a snapshot":               {map[string]string{meta: snapshot}, nil, rule.Log{Term: 2, Index: 9, Voters: []rule.Voter{{ID: voterTwo, Address: "10.0.0.2"}}}, ""},
		"a snapshot and a log":     {map[string]string{meta: snapshot, first: walOf(walEntry(9, 2, nil), walEntry(10, 3, nil), commit)}, nil, rule.Log{Term: 3, Index: 10, Voters: []rule.Voter{{ID: voterTwo, Address: "10.0.0.2"}}}, ""},
		"an unfinished snapshot":   {map[string]string{strings.Replace(meta, "000/", "000.tmp/", 1): "x", first: walOf(walEntry(1, 1, conf1), commit)}, nil, rule.Log{Term: 1, Index: 1, Voters: one}, ""},
		"the older store":          {nil, [][]byte{boltEntry(1, 1, conf2), boltEntry(2, 7, nil)}, rule.Log{Term: 7, Index: 2, Voters: two}, ""},
		"nothing":                  {map[string]string{first: walOf()}, nil, rule.Log{}, "neither log nor snapshot says who votes"},
		"a damaged snapshot":       {map[string]string{meta: "{"}, nil, rule.Log{}, "meta.json"},
		"a damaged entry":          {nil, [][]byte{{0x86, 0xa5}}, rule.Log{}, "cut off"},
		"a damaged configuration":  {map[string]string{first: walOf(walEntry(1, 1, []byte{0x81, 0xc1}), commit)}, nil, rule.Log{}, "msgpack"},
		"no servers configured":    {map[string]string{first: walOf(walEntry(1, 1, []byte{0x80}), commit)}, nil, rule.Log{}, "without servers"},
		"a segment's other name":   {map[string]string{"server/raft/wal/x.wal": "x"}, nil, rule.Log{}, "not a segment's name"},
		"the older store, damaged": {map[string]string{"server/raft/raft.db": "x"}, nil, rule.Log{}, "raft"},
	} {
		d := holding(t, "server/node-id", voterOne)
		for path, text := range tt.files {
			path = filepath.Join(string(d), path)
			if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o600)); err != nil {
				t.Fatal(err)
			}
		}
		if tt.bolt != nil {
			path := filepath.Join(string(d), "server/raft/raft.db")
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			boltOf(t, path, tt.bolt...)
		}
		got, err := d.RaftLog()
		if tt.err != "" {
			if err == nil || !strings.Contains(err.Error(), tt.err) {
				t.Errorf("%s: got %v, want %q", name, err, tt.err)
			}
			continue
		}
		tt.want.ID = voterOne
		if err != nil || !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s: got %+v, %v, want %+v", name, got, err, tt.want)
		}
	}
	if _, err := datadir.Dir(t.TempDir()).RaftLog(); err == nil {
		t.Error("no node id: want an error")
	}
}
