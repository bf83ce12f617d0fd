package members

import (
	"bytes"
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"auto-consul/lib/registry"
	"auto-consul/lib/rule"
	"auto-consul/lib/ruletest"
	"auto-consul/lib/storetest"
	"auto-consul/lib/wire"
)

// Whoever decides from a document sees what was read, as if it had read the registry itself.
func TestObservationIsWhatWasRead(t *testing.T) {
	t.Parallel()
	at := ruletest.Epoch
	reader := newReader(t, at)
	reg := reader.Registry
	body, err := ruletest.Record(rule.Established, 3, ruletest.Slot(1, time.Hour), ruletest.Slot(2, time.Hour)).Encode()
	if err != nil {
		t.Fatal(err)
	}
	if err := reg.Store.Swap(t.Context(), rule.RecordKey, body, ""); err != nil {
		t.Fatal(err)
	}
	for _, beat := range []struct {
		node, address string
		age           time.Duration
		roles         []registry.Role
	}{
		{"s1", "192.0.2.1", 2 * time.Second, registry.Server.Roles()},
		{"s1", "192.0.2.1", 60 * time.Second, registry.Server.Roles()},
		{"s2", "192.0.2.2", time.Hour, registry.Server.Roles()}, // expired
		{"a3", "192.0.2.3", 5 * time.Second, registry.Client.Roles()},
	} {
		if _, err := reg.Beat(t.Context(), beat.node, beat.address, at.Add(-beat.age), beat.roles...); err != nil {
			t.Fatal(err)
		}
	}
	read, err := reader.Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(read.Purged) != 2 || len(read.Live[registry.Servers]) != 1 || len(read.Live[registry.Agents]) != 2 {
		t.Fatalf("got purged %v, live %v, want s2 purged, and s1 and a3 live", read.Purged, read.Live)
	}
	got := observed(t, read.Document("s3://b/p", reg.Expiry))
	want := read.Seen()
	want.Raw = nil // of interest to whoever prints it
	if !reflect.DeepEqual(*got, want) {
		t.Errorf("got  %+v\nwant %+v", *got, want)
	}

	reader.Limit = 1
	if read, err = reader.Read(t.Context()); err != nil {
		t.Fatal(err)
	}
	d := read.Document("s3://b/p", reg.Expiry)
	if got := observed(t, d); got == nil || len(got.More) != 1 {
		t.Errorf("with one of two clients: got %+v, want that there are more", got)
	}
	d.ServersTotal++
	if got := observed(t, d); got != nil {
		t.Errorf("with one of two servers: got %+v, want nothing to decide by", got)
	}
}

// newReader returns a reader of an empty registry, whose store's clock shows a time.
func newReader(t *testing.T, at time.Time) *Reader {
	t.Helper()
	srv := storetest.New(t)
	srv.CreateBucket(t, "b")
	srv.SetClock(func() time.Time { return at })
	return &Reader{
		Registry: &registry.Registry{Store: srv.Open(t, "b", "p"), Expiry: ruletest.Expiry},
		Purge:    true, Timeout: time.Minute, Warnf: t.Errorf,
	}
}

// observed returns what a document shows after its way through a pipe.
func observed(t *testing.T, d wire.Members) *rule.Observation {
	t.Helper()
	text, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	if d, err = wire.ReadMembers(bytes.NewReader(text)); err != nil {
		t.Fatal(err)
	}
	seen, err := Observation(d)
	if err != nil {
		t.Fatal(err)
	}
	return seen
}
