package datadir

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"os"
)

// segment is a file of Consul's write-ahead log: a header, and then frames of eight bytes
// and what they announce, filled up to a multiple of eight.
type segment struct {
	path          string
	first, number uint64
}

// Kinds of frames in a segment. What follows the last is zero.
const (
	entryFrame  = 1
	indexFrame  = 2
	commitFrame = 3
)

// mostBytes is more than an entry of a segment may have.
const mostBytes = 64 << 20

// entries calls found for each entry of a segment. Those after the last commit were being
// written when the server ended, and are none.
func (s segment) entries(found func(raftEntry) error) error {
	f, err := os.Open(s.path)
	if err != nil {
		return err
	}
	defer f.Close()
	in := bufio.NewReaderSize(f, 1<<16)
	if _, err := in.Discard(walHeader); err != nil {
		return ended(err)
	}
	var batch []raftEntry
	for {
		var head [8]byte
		if _, err := io.ReadFull(in, head[:]); err != nil {
			return ended(err)
		}
		size := binary.LittleEndian.Uint32(head[4:])
		switch kind := head[0]; {
		case kind == commitFrame:
			for _, e := range batch {
				if err := found(e); err != nil {
					return err
				}
			}
			batch = nil
			continue
		case kind == entryFrame && size <= mostBytes:
			data := make([]byte, size)
			if _, err := io.ReadFull(in, data); err != nil {
				return ended(err)
			}
			e, err := decodeEntry(data)
			if err != nil {
				return err
			}
			batch = append(batch, e)
			if _, err := in.Discard(filling(size)); err != nil {
				return ended(err)
			}
		case kind == indexFrame && size <= mostBytes:
			if _, err := in.Discard(int(size) + filling(size)); err != nil {
				return ended(err)
			}
		default:
			return nil // nothing was written from here on
		}
	}
}

// filling returns how many bytes follow so many, so that a frame ends at a multiple of
// eight.
func filling(size uint32) int { return int(-size & 7) }

// ended makes the end of a file no error: a segment ends where nothing was written.
func ended(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil
	}
	return err
}

// decodeEntry reads index, term, type and data of an entry.
func decodeEntry(b []byte) (raftEntry, error) {
	var fields [4]uint64
	for i := range fields {
		v, n := binary.Uvarint(b)
		if n <= 0 {
			return raftEntry{}, errors.New("an entry of the log cannot be read")
		}
		fields[i], b = v, b[n:]
	}
	e := raftEntry{index: fields[0], term: fields[1]}
	if fields[2] == configuration && fields[3] <= uint64(len(b)) {
		e.data = b[:fields[3]]
	}
	return e, nil
}
