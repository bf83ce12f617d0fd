// Package datadir keeps what a node remembers between its starts. The files lie
// in the data directory beside Consul's own server and agent folders, and each
// is replaced in one step. A [Dir] is a [auto-consul/lib/node.Disk].
package datadir

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"auto-consul/lib/registry"
	"auto-consul/lib/rule"
)

// Dir is a node's data directory.
type Dir string

// modeFile is the file in which the Ruby gem keeps the mode, too: the bare word, without
// a line end.
const modeFile = "mode"

// Mode returns the kept mode, empty if none is kept.
func (d Dir) Mode() (registry.Mode, error) {
	text, err := d.read(modeFile)
	if err != nil || text == "" {
		return "", err
	}
	if mode := registry.Mode(text); mode.Known() {
		return mode, nil
	}
	return "", fmt.Errorf("%s holds %.20q: want server or agent; auto-consul set_server or set_agent repairs it", d.path(modeFile), text)
}

// KeepMode keeps the mode for this and the next starts.
func (d Dir) KeepMode(mode registry.Mode) error { return d.write(modeFile, string(mode)) }

// Incarnation returns the data directory's random id; empty if it has none yet.
func (d Dir) Incarnation() (string, error) { return d.read("incarnation") }

// KeepIncarnation gives the data directory its id, once and for all (R37). A data
// directory that has another belongs to another decision: the error wraps
// [rule.ErrUndecided].
func (d Dir) KeepIncarnation(id string) error {
	kept, err := d.Incarnation()
	if err != nil || kept == id {
		return err
	}
	if kept != "" {
		return fmt.Errorf("%w: another decision was made on data directory %s meanwhile", rule.ErrUndecided, string(d))
	}
	return d.write("incarnation", id)
}

// Membership returns the cluster that the node belongs to; zero if none is kept.
func (d Dir) Membership() (rule.Membership, error) {
	var m rule.Membership
	text, err := d.read(clusterFile)
	if err != nil || text == "" {
		return m, err
	}
	if err := json.Unmarshal([]byte(text), &m); err != nil {
		return m, fmt.Errorf("%s: %w", d.path(clusterFile), err)
	}
	if m.ClusterID == "" && !m.Open {
		return m, fmt.Errorf("%s: cluster_id is missing", d.path(clusterFile))
	}
	return m, nil
}

// KeepMembership ties the data directory to a cluster, or unties it (R37, R42).
func (d Dir) KeepMembership(m rule.Membership) error {
	if m.ClusterID == "" && !m.Open {
		if err := os.Remove(d.path(clusterFile)); !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	}
	text, err := json.Marshal(m)
	if err != nil {
		return err
	}
	return d.write(clusterFile, string(text))
}

const clusterFile = "cluster"

// addressesFile has one address a line.
const addressesFile = "addresses"

// Addresses returns where the cluster's servers were when the node saw the registry last
// (R58); none if that is not kept.
func (d Dir) Addresses() ([]string, error) {
	text, err := d.read(addressesFile)
	if err != nil {
		return nil, err
	}
	addresses := strings.Fields(text)
	for _, a := range addresses {
		if err := registry.CheckAddress(a); err != nil {
			return nil, fmt.Errorf("%s: %w", d.path(addressesFile), err)
		}
	}
	return addresses, nil
}

// KeepAddresses keeps them for the next start.
func (d Dir) KeepAddresses(addresses []string) error {
	return d.write(addressesFile, strings.Join(addresses, "\n")+"\n")
}

// offlineFile is there while the next decision may do without the store.
const offlineFile = "offline"

// Offline reports whether the operator lets the next decision do without the store (R58).
func (d Dir) Offline() (bool, error) { return d.exists(offlineFile) }

// KeepOffline allows that, or takes it back.
func (d Dir) KeepOffline(allowed bool) error {
	if allowed {
		return d.write(offlineFile, "the next decision may do without the store\n")
	}
	if err := os.Remove(d.path(offlineFile)); !errors.Is(err, fs.ErrNotExist) {
		return errors.Join(err, d.sync())
	}
	return nil
}

// Consul returns the folder of Consul's own data in a mode.
func (d Dir) Consul(mode registry.Mode) string { return d.path(string(mode)) }

// String returns the path of the data directory.
func (d Dir) String() string { return string(d) }

func (d Dir) path(name ...string) string {
	return filepath.Join(append([]string{string(d)}, name...)...)
}

// read returns the text of a file without white space around it; empty if there is no
// such file.
func (d Dir) read(name string) (string, error) {
	data, err := os.ReadFile(d.path(name))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	return strings.TrimSpace(string(data)), nil
}

// write replaces a file in one step that survives a power cut (R37).
func (d Dir) write(name, text string) error {
	if err := os.MkdirAll(string(d), 0o755); err != nil {
		return err
	}
	return replace(d.path(name), text)
}

// replace gives a file its text, in one step that survives a power cut. The file's folder
// must be there.
func replace(path, text string) error {
	folder, name := filepath.Split(path)
	tmp, err := os.CreateTemp(folder, "."+name+"-*")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name()) // gone already where all went well
	_, err = tmp.WriteString(text)
	err = errors.Join(err, tmp.Chmod(0o644), asFolder(tmp.Name(), int(tmp.Fd())), tmp.Sync(), tmp.Close())
	if err != nil {
		return err
	}
	if err := os.Rename(tmp.Name(), path); err != nil {
		return err
	}
	return syncFolder(folder)
}

// sync makes a rename in the data directory last, or in a folder of it.
func (d Dir) sync(folder ...string) error { return syncFolder(d.path(folder...)) }

func syncFolder(folder string) error {
	dir, err := os.Open(folder)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
