package datadir

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"go.etcd.io/bbolt"

	"auto-consul/lib/registry"
	"auto-consul/lib/rule"
)

// raftEntry is an entry of raft's log, without its data unless that is a configuration.
type raftEntry struct {
	index, term uint64
	data        []byte // of a configuration; else nil
}

// configuration is the type of entries that hold a raft configuration, which
// github.com/hashicorp/raft calls LogConfiguration.
const configuration = 5

// raftServer is a server of a raft configuration, as snapshots describe it.
type raftServer struct {
	Suffrage    int64 // 0: it votes
	ID, Address string
}

// RaftLog returns what the server's raft data says: its last entry and who votes, by the
// latest configuration that it has. Entries count that were written and never confirmed,
// as they do in an election. No agent may run on the data directory, see [Dir.Occupy].
func (d Dir) RaftLog() (rule.Log, error) {
	folder := d.Consul(registry.Server)
	id, err := NodeID(folder)
	if err != nil {
		return rule.Log{}, err
	}
	raft := filepath.Join(folder, "raft")
	log := rule.Log{ID: id}
	servers, err := readSnapshots(filepath.Join(raft, "snapshots"), &log)
	if err != nil {
		return log, err
	}
	entries := walEntries
	if _, err := os.Stat(filepath.Join(raft, "raft.db")); err == nil {
		entries = boltEntries
	} else if !errors.Is(err, fs.ErrNotExist) {
		return log, err
	}
	err = entries(raft, func(e raftEntry) error {
		if e.index > log.Index {
			log.Index, log.Term = e.index, e.term
		}
		if e.data == nil {
			return nil
		}
		var err error
		servers, err = unpackServers(e.data)
		return err
	})
	if err != nil {
		return log, fmt.Errorf("%s: %w", raft, err)
	}
	if log.Voters, err = voters(servers); err == nil && (log.Index == 0 || len(log.Voters) == 0) {
		err = fmt.Errorf("%s: neither log nor snapshot says who votes", raft)
	}
	return log, err
}

// voters returns the servers that vote, by their hosts.
func voters(servers []raftServer) (out []rule.Voter, err error) {
	for _, s := range servers {
		if s.Suffrage != 0 {
			continue
		}
		host, _, err := net.SplitHostPort(s.Address)
		if err != nil {
			return nil, fmt.Errorf("raft configuration: %w", err)
		}
		out = append(out, rule.Voter{ID: s.ID, Address: host})
	}
	return out, nil
}

// readSnapshots takes the end of the log, and who votes, from the newest snapshot.
func readSnapshots(dir string, log *rule.Log) (servers []raftServer, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), ".tmp") {
			continue
		}
		path := filepath.Join(dir, e.Name(), "meta.json")
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		var meta struct {
			Index, Term   uint64
			Configuration struct{ Servers []raftServer }
		}
		if err := json.Unmarshal(text, &meta); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		if meta.Index >= log.Index {
			log.Index, log.Term, servers = meta.Index, meta.Term, meta.Configuration.Servers
		}
	}
	return servers, nil
}

// unpackServers reads a raft configuration.
func unpackServers(data []byte) (out []raftServer, err error) {
	value, _, err := unpack(data)
	if err != nil {
		return nil, err
	}
	fields, _ := value.(map[string]any)
	list, ok := fields["Servers"].([]any)
	if !ok {
		return nil, errors.New("a raft configuration without servers")
	}
	for _, item := range list {
		server, _ := item.(map[string]any)
		id, _ := server["ID"].([]byte)
		address, _ := server["Address"].([]byte)
		suffrage, _ := server["Suffrage"].(uint64)
		out = append(out, raftServer{Suffrage: int64(suffrage), ID: string(id), Address: string(address)})
	}
	return out, nil
}

// boltEntries calls found for each entry of Consul's older log store, in their order.
func boltEntries(raft string, found func(raftEntry) error) (err error) {
	db, err := bbolt.Open(filepath.Join(raft, "raft.db"), 0o600, &bbolt.Options{ReadOnly: true, Timeout: time.Second})
	if err != nil {
		return err
	}
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() { // bbolt maps the file and trusts it
		if fault := recover(); fault != nil {
			err = fmt.Errorf("raft.db is damaged: %v", fault)
		}
		err = errors.Join(err, db.Close())
	}()
	return db.View(func(tx *bbolt.Tx) error {
		logs := tx.Bucket([]byte("logs"))
		if logs == nil {
			return nil
		}
		return logs.ForEach(func(_, value []byte) error {
			log, _, err := unpack(slices.Clone(value))
			if err != nil {
				return err
			}
			fields, _ := log.(map[string]any)
			e := raftEntry{}
			e.index, _ = fields["Index"].(uint64)
			e.term, _ = fields["Term"].(uint64)
			if kind, _ := fields["Type"].(uint64); kind == configuration {
				e.data, _ = fields["Data"].([]byte)
			}
			return found(e)
		})
	})
}

// walEntries calls found for each entry of Consul's write-ahead log, in their order. A
// segment's name holds the index of its first entry and its number. Where entries were
// taken back, a later segment begins with an index that an earlier one has, too.
func walEntries(raft string, found func(raftEntry) error) error {
	paths, err := filesIn(filepath.Join(raft, "wal"), ".wal")
	if err != nil {
		return err
	}
	var segments []segment
	for _, path := range paths {
		s := segment{path: path}
		if _, err := fmt.Sscanf(filepath.Base(path), "%d-%x.wal", &s.first, &s.number); err != nil {
			return fmt.Errorf("%s: not a segment's name", path)
		}
		segments = append(segments, s)
	}
	slices.SortFunc(segments, func(a, b segment) int { return cmp.Compare(a.number, b.number) })
	for i, s := range segments {
		end := ^uint64(0)
		for _, later := range segments[i+1:] {
			end = min(end, later.first)
		}
		if err := s.entries(func(e raftEntry) error {
			if e.index >= end {
				return nil
			}
			return found(e)
		}); err != nil {
			return fmt.Errorf("%s: %w", s.path, err)
		}
	}
	return nil
}
