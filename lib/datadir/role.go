package datadir

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"auto-consul/lib/registry"
)

// TakeRole gets Consul's folder ready for a mode. A node that ran in the other mode
// goes on in the folder of that one, under the new mode's name, so that it keeps
// Consul's node id and what is registered through its agent: services, checks and
// sessions. Raft data in the server's folder keeps everything where it is. A folder
// that is in the way gets the ending .before.
//
// Every step is one rename. A change that was interrupted goes on with the next call.
// No agent may run on the data directory, see [Dir.Occupy].
func (d Dir) TakeRole(mode registry.Mode) error {
	from, err := d.lastRole(mode)
	if err != nil || from == mode {
		return err
	}
	return d.rename(from, mode)
}

// SetRaftAside makes a client of a server that has left its cluster for good. No server
// may ever start on its raft data again, so that goes to raft.before in the data
// directory, where no mode looks for it. The rest becomes the client's folder, by steps
// that may be interrupted like those of [Dir.TakeRole].
func (d Dir) SetRaftAside() error { return d.rename(registry.Server, registry.Client) }

// lastRole returns the mode in whose folder a node goes on that is to run in a mode.
func (d Dir) lastRole(mode registry.Mode) (registry.Mode, error) {
	client, err := d.ran(registry.Client)
	if err != nil || client && mode == registry.Client {
		return mode, err
	}
	if raft, err := d.HasRaft(); err != nil || raft {
		return mode, err
	}
	if client {
		return registry.Client, nil
	}
	if server, err := d.ran(registry.Server); err != nil || !server {
		return mode, err
	}
	return registry.Server, nil
}

// ran reports whether Consul has run in a mode's folder: it gives every folder its node
// id first.
func (d Dir) ran(mode registry.Mode) (bool, error) {
	return d.exists(string(mode), nodeIDFile)
}

func (d Dir) exists(name ...string) (bool, error) {
	_, err := os.Lstat(d.path(name...))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// rename makes the folder of one mode that of the other.
func (d Dir) rename(from, to registry.Mode) error {
	moves, err := d.moves(from, to)
	if err != nil {
		return err
	}
	for _, m := range moves {
		if err := d.move(m); err != nil {
			return err
		}
	}
	return nil
}

// move is one step of a change of role: a rename within the data directory.
type move struct{ from, to string }

// aside is the ending of what was set aside.
const aside = ".before"

// moves returns the steps that make the folder of one mode that of the other. What a
// server must never find again goes first, while the folder still has its old name:
// raft data, and the time at which a server last ran. Consul refuses to start a server
// for which that is long ago, and a client neither renews nor removes it.
func (d Dir) moves(from, to registry.Mode) ([]move, error) {
	var out []move
	raft := filepath.Join(string(from), "raft")
	if has, err := hasRaft(d.path(raft)); err != nil {
		return nil, err
	} else if has {
		out = append(out, move{raft, "raft" + aside})
	}
	if ran, err := d.ran(from); err != nil || !ran {
		// What is called as the other mode's folder may be this one already.
		return out, err
	}
	return append(out,
		move{filepath.Join(string(from), metadataFile), metadataFile + aside},
		move{string(to), string(to) + aside},
		move{string(from), string(to)},
	), nil
}

// move takes a step if there is anything to move, and makes it last. Only what was set
// aside by an older change is ever removed.
func (d Dir) move(m move) error {
	if found, err := d.exists(m.from); err != nil || !found {
		return err
	}
	if strings.HasSuffix(m.to, aside) {
		if err := os.RemoveAll(d.path(m.to)); err != nil {
			return err
		}
	}
	if err := os.Rename(d.path(m.from), d.path(m.to)); err != nil {
		return err
	}
	return errors.Join(d.sync(), d.sync(filepath.Dir(m.from)))
}
