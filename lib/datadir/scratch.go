package datadir

import (
	"errors"
	"io/fs"
	"os"

	"auto-consul/lib/node"
)

// scratchFile is the name of a scratch file for the moment that it has one.
const scratchFile = ".snapshot"

// Scratch returns an empty file that nobody else can read. It has no name any more, so
// that nothing stays of it, however its program ends (R54).
func (d Dir) Scratch() (node.Scratch, error) {
	if err := os.MkdirAll(string(d), 0o755); err != nil {
		return nil, err
	}
	// What a program has left that was killed just here.
	if err := os.Remove(d.path(scratchFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	f, err := os.OpenFile(d.path(scratchFile), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	if err := os.Remove(f.Name()); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}
