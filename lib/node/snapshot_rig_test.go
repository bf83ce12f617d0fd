package node

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"auto-consul/lib/registry"
	"auto-consul/lib/rule"
)

// leading is a node that is the raft leader and keeps snapshots an hour apart. Its agent's
// raft index is in status.LogIndex.
func leading(t *testing.T, test func(t *testing.T, b *beating)) {
	t.Helper()
	status := led()
	status.Leads = true
	lifetime(t, status, func(t *testing.T, b *beating) {
		b.Snapshots = time.Hour
		b.scratch = func() (Scratch, error) { return &memoryFile{}, nil }
		b.take = b.state
		b.record(rule.Established, nil)
		test(t, b)
	})
}

// state answers with the state as of the last index of the raft log.
func (b *beating) state(_ context.Context, to io.Writer) (uint64, error) {
	b.mu.Lock()
	index := b.status.LogIndex
	b.taken++
	b.mu.Unlock()
	_, err := fmt.Fprintf(to, "state %d", index)
	return index, err
}

// snapshots returns the index of each snapshot of cluster c1 that is kept, as text.
func (b *beating) snapshots() string {
	b.t.Helper()
	kept, _, err := registry.Snapshots(b.t.Context(), b.srv.Open(b.t, "b", "r"), "c1")
	if err != nil {
		b.t.Fatal(err)
	}
	var out []string
	for _, s := range kept {
		out = append(out, fmt.Sprint(s.Index))
		if body, _ := b.srv.Body(b.t, "b", "r/"+s.Key()); string(body) != fmt.Sprintf("state %d", s.Index) || s.Term != 1 {
			b.t.Errorf("%s holds %q", s.Key(), body)
		}
	}
	return strings.Join(out, " ")
}

func (b *beating) wantSnapshots(want string) {
	b.t.Helper()
	if got := b.snapshots(); got != want {
		b.t.Errorf("got snapshots %q, want %q", got, want)
	}
}

// memoryFile is a scratch file in memory.
type memoryFile struct {
	bytes.Buffer
	read *bytes.Reader
	full error
}

func (f *memoryFile) Write(p []byte) (int, error) {
	if f.full != nil {
		return 0, f.full
	}
	return f.Buffer.Write(p)
}

func (f *memoryFile) Read(p []byte) (int, error) {
	if f.read == nil {
		return 0, errors.New("read before it was rewound")
	}
	return f.read.Read(p)
}

func (f *memoryFile) Seek(offset int64, whence int) (int64, error) {
	if f.read == nil {
		f.read = bytes.NewReader(f.Bytes())
	}
	return f.read.Seek(offset, whence)
}

func (f *memoryFile) Close() error { return nil }
