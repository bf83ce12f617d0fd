package datadir

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"syscall"

	"auto-consul/lib/registry"
	"auto-consul/lib/rule"
)

// failedFile is the file in which a node remembers the snapshots that it could not restore.
// Whoever removes it has the node try again.
const failedFile = "restore-failed"

// FailedRestores returns the snapshots that this node has tried to restore in vain (R55).
func (d Dir) FailedRestores() (list []rule.FailedRestore, err error) {
	text, err := d.read(failedFile)
	if err != nil || text == "" {
		return nil, err
	}
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		return nil, fmt.Errorf("%s: %w", d.path(failedFile), err)
	}
	return list, nil
}

// KeepFailedRestores keeps them.
func (d Dir) KeepFailedRestores(list []rule.FailedRestore) error {
	if len(list) == 0 {
		if err := os.Remove(d.path(failedFile)); !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	}
	text, err := json.Marshal(list)
	if err != nil {
		return err
	}
	return d.write(failedFile, string(text))
}

// FailedRestoresFile returns the path of the file that [Dir.KeepFailedRestores] writes.
func (d Dir) FailedRestoresFile() string { return d.path(failedFile) }

// Restore is a snapshot that is restored before it is put in place. All of it lies in one
// folder, which nobody else can read, in that of the server's data.
type Restore struct {
	dir    Dir
	folder string
}

// restoreFolder is its name.
const restoreFolder = "restore"

// NewRestore makes room for a restore. What an earlier one has left is removed.
func (d Dir) NewRestore() (Restore, error) {
	r := Restore{d, d.path(string(registry.Server), restoreFolder)}
	if err := d.EndRestore(); err != nil {
		return r, err
	}
	if err := os.MkdirAll(d.Consul(registry.Server), 0o755); err != nil {
		return r, err
	}
	return r, os.Mkdir(r.folder, 0o700)
}

// EndRestore removes what a restore has left.
func (d Dir) EndRestore() error {
	err := os.RemoveAll(d.path(string(registry.Server), restoreFolder))
	if errors.Is(err, syscall.ENOTDIR) { // so there is none
		return nil
	}
	return err
}

// Snapshot returns where the snapshot is to be stored.
func (r Restore) Snapshot() string { return filepath.Join(r.folder, "snapshot") }

// Folder returns where Consul is to run that loads the snapshot.
func (r Restore) Folder() string { return filepath.Join(r.folder, "consul") }

// Ready makes the data that Consul has left in the folder that of one server, which is to
// be found at an address. It has the node id that is given, or else the one that Consul
// has drawn.
func (r Restore) Ready(nodeID string, at netip.AddrPort) error {
	if nodeID != "" {
		if err := replace(filepath.Join(r.Folder(), nodeIDFile), nodeID); err != nil {
			return err
		}
	}
	return MakeSoleVoter(r.Folder(), at)
}

// Place makes the data that is ready the server's. It is there as a whole when the last
// step is done, which is one rename, and before that the server has no raft data. The
// server must have none: the error says so if it has.
func (r Restore) Place() error {
	for _, step := range r.steps() {
		if err := step(); err != nil {
			return err
		}
	}
	return r.dir.EndRestore()
}

func (r Restore) steps() []func() error {
	server := r.dir.Consul(registry.Server)
	raft := filepath.Join(server, "raft")
	return []func() error{
		func() error {
			id, err := NodeID(r.Folder())
			if err != nil {
				return err
			}
			return replace(filepath.Join(server, nodeIDFile), id)
		},
		func() error { // an empty log, of a server that found no cluster
			if has, err := hasRaft(raft); err != nil || has {
				return errors.Join(fmt.Errorf("%s: there is raft data already", raft), err)
			}
			return os.RemoveAll(raft)
		},
		func() error {
			if err := os.Rename(filepath.Join(r.Folder(), "raft"), raft); err != nil {
				return err
			}
			return syncFolder(server)
		},
	}
}
