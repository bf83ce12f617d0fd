package node

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"auto-consul/lib/registry"
	"auto-consul/lib/rule"
	"auto-consul/lib/storetest"
)

// failures are the ways in which there is no snapshot, and what is said of it.
var failures = map[string]struct {
	change func(b *beating)
	want   string
}{
	"a token that may not": {func(b *beating) {
		b.take = func(context.Context, io.Writer) (uint64, error) {
			return 0, fmt.Errorf("take a snapshot: %w", ErrNoPermission)
		}
	}, "no snapshot: take a snapshot: the Consul agent denies access"},
	"no file": {
		func(b *beating) { b.scratch = func() (Scratch, error) { return nil, errors.New("permission denied") } },
		"no snapshot: a file for it in memory: permission denied",
	},
	"a full disk": {
		func(b *beating) {
			b.scratch = func() (Scratch, error) { return &memoryFile{full: errors.New("no space left")}, nil }
		},
		"no snapshot: no space left",
	},
	"no list": {
		func(b *beating) { b.srv.Deny(storetest.Op("list")) },
		"no snapshot: list s3://b/r/snapshots/c1: access denied",
	},
	"no write": {
		func(b *beating) { b.srv.Deny(snapshotsOf("put")) },
		"no snapshot: upload s3://b/r/snapshots/c1/0000000001-00000000000000000007-20000101000000.snap: access denied",
	},
	"no reading back": {
		func(b *beating) { b.srv.Deny(snapshotsOf("get")) },
		"no snapshot: download s3://b/r/snapshots/c1/0000000001-00000000000000000007-20000101000000.snap: access denied",
	},
	"another body": {
		func(b *beating) { b.Observer.Registry.Store = garbling{b.Observer.Registry.Store} },
		"00007-20000101000000.snap is not what was written",
	},
}

func snapshotsOf(op string) func(storetest.Request) bool {
	return func(q storetest.Request) bool { return q.Op == op && strings.HasPrefix(q.Key, "r/snapshots/") }
}

// garbling is a store that keeps something else than it was given.
type garbling struct{ registry.Store }

func (g garbling) Upload(ctx context.Context, key string, _ io.ReadSeeker) error {
	return g.Store.Upload(ctx, key, strings.NewReader("garbage"))
}

// A failure is one line, the next tick tries again, then more and more seldom, and the
// beats go on. What could not be compared does not stay (R54).
func TestLifeSnapshotFails(t *testing.T) {
	t.Parallel()
	for name, tt := range failures {
		leading(t, func(t *testing.T, b *beating) {
			tt.change(b)
			b.runs(3*time.Minute + time.Second) // beats at 0, 1, 2 and 3 minutes
			b.srv.Deny(nil)
			b.says(tt.want, "; next try in 2m0s", "; next try in 4m0s")
			b.wantSent("put", "servers/", 4)
			if got := b.snapshots(); got != "" {
				t.Errorf("%s: got snapshots %q kept", name, got)
			}
		})
	}
}

// In the end a failure that lasts is tried once an interval (R54).
func TestLifeSnapshotFailsForLong(t *testing.T) {
	t.Parallel()
	leading(t, func(t *testing.T, b *beating) {
		failures["a token that may not"].change(b)
		b.runs(24*time.Hour - 30*time.Second)
		last := b.said[len(b.said)-1]
		if n := len(b.said); n > 32 || n < 24 || !strings.HasSuffix(last, "next try in 1h0m0s") {
			t.Errorf("got %d lines, the last %q", n, last)
		}
		b.said = nil
		b.set(func() { b.take = b.state })
		b.runs(59*time.Minute + time.Second)
		b.wantSnapshots("7")
		b.says("wrote snapshots/")
	})
}

// What is read back decides where the answer to the writing was lost (R2, R54).
func TestLifeSnapshotAnswerLost(t *testing.T) {
	t.Parallel()
	for _, fault := range []storetest.Fault{{LoseAnswer: true}, {Status: 412, Code: "PreconditionFailed"}, {Drop: true}} {
		leading(t, func(t *testing.T, b *beating) {
			b.srv.SetFault(func(q storetest.Request) storetest.Fault {
				if snapshotsOf("put")(q) {
					return fault
				}
				return storetest.Fault{}
			})
			b.runs(time.Second)
			b.srv.SetFault(nil)
			b.wantSent("put", "snapshots/", 1)
			if fault.LoseAnswer {
				b.wantSnapshots("7")
				b.says("wrote snapshots/")
			} else {
				b.wantSnapshots("")
				b.says("no snapshot: upload s3://b/r/snapshots/c1/")
			}
		})
	}
}

// A snapshot that takes its time delays no beat, is not begun a second time, and ends
// with the loop: here the node is fenced meanwhile (R30, R54).
func TestLifeSlowSnapshot(t *testing.T) {
	t.Parallel()
	leading(t, func(t *testing.T, b *beating) {
		var ended error
		b.take = func(ctx context.Context, _ io.Writer) (uint64, error) {
			b.set(func() { b.taken++ })
			<-ctx.Done()
			b.set(func() { ended = ctx.Err() })
			return 0, ctx.Err()
		}
		time.AfterFunc(10*time.Minute+time.Second, func() {
			b.record(rule.Established, func(r *rule.Record) { r.ClusterID = "c2" })
		})
		beats := 0
		time.AfterFunc(10*time.Minute+time.Millisecond, func() { beats = b.sent("put", "servers/") })
		if err := b.run(time.Hour); !errors.Is(err, rule.ErrFenced) {
			t.Errorf("got %v, want fenced", err)
		}
		if b.taken != 1 || !errors.Is(ended, context.Canceled) || beats != 11 {
			t.Errorf("got %d taken, ended by %v, %d beats meanwhile", b.taken, ended, beats)
		}
		b.says()
	})
}
