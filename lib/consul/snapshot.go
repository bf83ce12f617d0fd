package consul

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"strings"

	"github.com/hashicorp/consul/api"
)

// Snapshot writes a snapshot of the cluster's state into to, as the leader has it and
// never a stale one, and returns the index of the last raft log entry that it holds. What
// it writes is checked on its way. With ACLs it needs acl:write.
func (a *Agent) Snapshot(ctx context.Context, to io.Writer) (index uint64, err error) {
	body, _, err := a.client.Snapshot().Save(new(api.QueryOptions).WithContext(ctx))
	if err != nil {
		return 0, fmt.Errorf("take a snapshot: %w", classify(ctx, "acl:write", err))
	}
	out := &failing{Writer: to}
	if index, err = CheckSnapshot(io.TeeReader(body, out)); out.err != nil {
		err = out.err // and not that the snapshot ends there
	}
	if err = errors.Join(err, body.Close()); err != nil {
		return 0, fmt.Errorf("take a snapshot: %w", err)
	}
	return index, nil
}

// failing remembers why a writer has failed.
type failing struct {
	io.Writer
	err error
}

// Write implements [io.Writer].
func (f *failing) Write(p []byte) (int, error) {
	n, err := f.Writer.Write(p)
	if err != nil {
		f.err = err
	}
	return n, err
}

// Files in a snapshot, which is a compressed archive.
const (
	snapshotMeta  = "meta.json" // what raft says of the snapshot
	snapshotState = "state.bin"
	snapshotSums  = "SHA256SUMS" // of the other two, as sha256sum prints them
)

// maxSnapshotText bounds the files of a snapshot that are read as a whole. Peers and
// their addresses are the most that they have.
const maxSnapshotText = 1 << 20

// CheckSnapshot reads a snapshot to its end and returns the index of the last raft log
// entry that it holds. It is an error if the snapshot is not complete, or not what its
// own checksums say. The state is not held in memory.
func CheckSnapshot(from io.Reader) (index uint64, err error) {
	plain, err := gzip.NewReader(bufio.NewReader(from))
	if err != nil {
		return 0, fmt.Errorf("the snapshot cannot be read: %w", err)
	}
	files := snapshotFiles{sums: map[string]hash.Hash{}}
	if err = files.read(tar.NewReader(plain)); err == nil {
		_, err = io.Copy(io.Discard, plain) // the checksum of the compressed whole is at its end
	}
	if err != nil {
		return 0, fmt.Errorf("the snapshot cannot be read: %w", err)
	}
	if err := files.check(); err != nil {
		return 0, fmt.Errorf("the snapshot is damaged: %w", err)
	}
	var meta struct{ Index uint64 }
	if err := json.Unmarshal(files.meta.Bytes(), &meta); err != nil || meta.Index == 0 {
		return 0, fmt.Errorf("the snapshot is damaged: %s says no index", snapshotMeta)
	}
	return meta.Index, nil
}

// snapshotFiles is what was read of the files in a snapshot.
type snapshotFiles struct {
	meta, listed bytes.Buffer
	sums         map[string]hash.Hash
}

func (f *snapshotFiles) read(archive *tar.Reader) error {
	for {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		sum, to, most := sha256.New(), io.Discard, int64(maxSnapshotText)
		switch header.Name {
		case snapshotMeta:
			to = &f.meta
		case snapshotState:
			most = header.Size
		case snapshotSums:
			to = &f.listed
		default:
			return fmt.Errorf("it holds %.40q", header.Name)
		}
		if f.sums[header.Name] != nil || header.Size > most {
			return fmt.Errorf("%s is there twice or too long", header.Name)
		}
		f.sums[header.Name] = sum
		if _, err := io.Copy(io.MultiWriter(to, sum), archive); err != nil {
			return err
		}
	}
}

// check compares the files with their checksums.
func (f *snapshotFiles) check() error {
	listed := map[string]string{}
	for line := range strings.Lines(f.listed.String()) {
		if sum, name, ok := strings.Cut(strings.TrimSpace(line), "  "); ok {
			listed[name] = sum
		}
	}
	for _, name := range []string{snapshotMeta, snapshotState} {
		switch sum := f.sums[name]; {
		case sum == nil:
			return fmt.Errorf("%s is missing", name)
		case listed[name] != hex.EncodeToString(sum.Sum(nil)):
			return fmt.Errorf("%s is not what %s says", name, snapshotSums)
		}
	}
	return nil
}
