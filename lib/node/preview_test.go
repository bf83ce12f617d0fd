package node

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"auto-consul/lib/rule"
	"auto-consul/lib/storetest"
	"auto-consul/lib/wire"
)

// A preview prints what a beat writes at that moment, word for word, and writes nothing.
func TestPreview(t *testing.T) {
	t.Parallel()
	vacant := func(r *rule.Record) { r.Servers = r.Servers[:1] }
	due := func(r *rule.Record) {
		for i := range r.Servers {
			r.Servers[i].Since = time.Now().UTC().Add(-testExpiry * 3 / 4)
		}
	}
	for name, tt := range map[string]struct {
		status Status
		state  rule.State // empty: there is no record
		change func(*rule.Record)
		keys   int
		wrote  string // the reason of what a beat writes to the record
	}{
		"a server":                       {led(), rule.Established, nil, 2, ""},
		"a client":                       {client(), rule.Established, nil, 1, ""},
		"a server that is held back":     {blank(), rule.Bootstrapping, nil, 1, ""},
		"one whose slot is renewed":      {blank(), rule.Bootstrapping, due, 1, "this server waits for a leader"},
		"one that has found its cluster": {led(), rule.Bootstrapping, nil, 2, "the cluster has a leader"},
		"one that takes a slot":          {led(), rule.Established, vacant, 2, "this server holds no slot and there is one"},
		"one whose record is gone":       {led(), "", nil, 2, "the cluster record was gone"},
	} {
		lifetime(t, tt.status, func(t *testing.T, b *beating) {
			if tt.state != "" {
				b.record(tt.state, tt.change)
			}
			if err := b.Preview(t.Context()); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if got := b.srv.Count(storetest.Op("put", "delete")); got > 0 {
				t.Errorf("%s: got %d writes, want none", name, got)
			}
			said := b.said
			b.said = nil
			if err := b.Beat(t.Context()); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if len(b.printed) != 2 || !reflect.DeepEqual(b.printed[0], b.printed[1]) {
				t.Fatalf("%s: got previewed and printed\n%+v", name, b.printed)
			}
			if keys := b.printed[0].(wire.Beat).Keys; len(keys) != tt.keys {
				t.Errorf("%s: got keys %q, want %d", name, keys, tt.keys)
			}
			want, beat := "[]", "[]"
			if tt.wrote != "" {
				want = fmt.Sprintf("[dry run: would write the cluster record: %s]", tt.wrote)
				beat = fmt.Sprintf("[wrote the cluster record: %s]", tt.wrote)
			}
			if fmt.Sprint(said) != want || fmt.Sprint(b.said) != beat {
				t.Errorf("%s: got told %q and then %q, want %s and %s", name, said, b.said, want, beat)
			}
		})
	}
}

// Where there would be no beat there is no preview, with the error that the beat has.
func TestPreviewOfNoBeat(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		so   func(b *beating)
		want error
	}{
		"no agent":               {func(b *beating) { b.absent = ErrNotRunning }, ErrNotRunning},
		"another cluster":        {func(b *beating) { b.membership.ClusterID = "c2" }, rule.ErrFenced},
		"another birth":          {func(b *beating) { b.status = blank(); b.record(rule.Bootstrapping, later) }, rule.ErrUndecided},
		"the store says nothing": {func(b *beating) { b.srv.Deny(storetest.Op("get")) }, nil},
	} {
		lifetime(t, led(), func(t *testing.T, b *beating) {
			b.record(rule.Established, nil)
			tt.so(b)
			preview, beat := b.Preview(t.Context()), b.Beat(t.Context())
			if preview == nil || beat == nil || !strings.EqualFold(preview.Error(), beat.Error()) || tt.want != nil && !errors.Is(preview, tt.want) {
				t.Errorf("%s: got %v, and of a beat %v; want both %v", name, preview, beat, tt.want)
			}
			if len(b.printed) > 0 {
				t.Errorf("%s: got %v printed", name, b.printed)
			}
		})
	}
}

// later makes a record that of a later birth.
func later(r *rule.Record) { r.Bootstrap.Term = 2 }
