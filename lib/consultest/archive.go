package consultest

import (
	"archive/tar"
	"compress/gzip"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// WriteSnapshot writes what an agent answers when it is asked for a snapshot: of a state
// of so many bytes, up to this index of the raft log.
func WriteSnapshot(w io.Writer, index uint64, state io.Reader, size int64) error {
	meta, err := json.Marshal(map[string]any{"Version": 1, "ID": "2-4711-1", "Index": index, "Term": 2, "Size": size})
	if err != nil {
		return err
	}
	packed, err := gzip.NewWriterLevel(w, gzip.NoCompression) // quick, and as long as the state
	if err != nil {
		return err
	}
	archive := tar.NewWriter(packed)
	add := func(name string, size int64, from io.Reader) string {
		sum := sha256.New()
		err = errors.Join(err, archive.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: size}))
		if err == nil {
			_, err = io.CopyN(io.MultiWriter(archive, sum), from, size)
		}
		return fmt.Sprintf("%x  %s\n", sum.Sum(nil), name)
	}
	sums := add("meta.json", int64(len(meta)), strings.NewReader(string(meta))) + add("state.bin", size, state)
	add("SHA256SUMS", int64(len(sums)), strings.NewReader(sums))
	return errors.Join(err, archive.Close(), packed.Close())
}
