package registry_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"auto-consul/lib/registry"
	"auto-consul/lib/storetest"
)

const (
	bucket = "b"
	prefix = "consul/test"
)

// given returns a registry on a store whose clock stands at now and that holds
// these objects; none of that is on the store's record.
func given(t *testing.T, objects map[string]string) (*storetest.Server, *registry.Registry) {
	t.Helper()
	srv := storetest.New(t)
	srv.SetClock(func() time.Time { return now })
	srv.CreateBucket(t, bucket)
	r := &registry.Registry{Store: srv.Open(t, bucket, prefix), Expiry: expiry}
	for key, body := range objects {
		if err := r.Store.Put(t.Context(), key, []byte(body)); err != nil {
			t.Fatal(err)
		}
	}
	srv.Forget()
	return srv, r
}

func read(t *testing.T, r *registry.Registry, q registry.Query) registry.Snapshot {
	t.Helper()
	snap, err := r.Read(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	return snap
}

// cluster is a small registry with everything in it that can be.
func cluster() map[string]string {
	return map[string]string{
		beat(registry.Servers, 22, "a"):         "192.0.2.1",
		beat(registry.Servers, 82, "a"):         "192.0.2.99",
		beat(registry.Servers, 120, "gone"):     "192.0.2.2",
		beat(registry.Agents, 22, "a"):          "192.0.2.1",
		beat(registry.Agents, 10, "c"):          "provider=aws tag_key=x",
		beat(registry.Agents, 5, "d"):           "d.example",
		beat(registry.Agents, 4, "e"):           strings.Repeat("x", registry.MaxObject+1),
		beat(registry.Agents, 500, "gone"):      "192.0.2.2",
		"agents/README":                         "hello",
		"servers-old/20261123011609-old":        "192.0.2.8",
		"servers.bak/20261123011609-old":        "192.0.2.8",
		"cluster.json":                          "{}",
		"elsewhere/servers/20261123011609-othr": "192.0.2.9",
	}
}

func TestRead(t *testing.T) {
	t.Parallel()
	_, r := given(t, cluster())
	want := registry.Snapshot{
		Time: now,
		Live: map[registry.Role][]registry.Member{
			registry.Servers: {{Node: "a", Address: "192.0.2.1", Heartbeat: ago(22), Oldest: ago(82)}},
			registry.Agents: {
				{Node: "a", Address: "192.0.2.1", Heartbeat: ago(22), Oldest: ago(22)},
				{Node: "d", Address: "d.example", Heartbeat: ago(5), Oldest: ago(5)},
			},
		},
		Expired: []string{beat(registry.Agents, 500, "gone"), beat(registry.Servers, 120, "gone")},
		Ignored: []registry.Ignored{
			{Key: beat(registry.Agents, 10, "c"), Reason: `bad address "provider=aws tag_key=x": want an IP address or a host name`},
			{Key: beat(registry.Agents, 4, "e"), Reason: "longer than 1048576 bytes"},
			{Key: "agents/README", Reason: "not a heartbeat: want YYYYMMDDhhmmss-node"},
		},
	}
	if got := read(t, r, registry.Query{}); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
}

// One list a role and one GET an address; nothing is written.
func TestReadRequests(t *testing.T) {
	t.Parallel()
	srv, r := given(t, cluster())
	read(t, r, registry.Query{})
	wantCounts(t, srv, map[string]int{"list": 2, "get": 5})
	srv.Forget()
	read(t, r, registry.Query{Roles: []registry.Role{registry.Servers}})
	wantCounts(t, srv, map[string]int{"list": 1, "get": 1})
	if got, want := srv.Requests()[1].Key, prefix+"/"+beat(registry.Servers, 22, "a"); got != want {
		t.Errorf("got %s read, want the newest, %s", got, want)
	}
}

func wantCounts(t *testing.T, srv *storetest.Server, want map[string]int) {
	t.Helper()
	got := map[string]int{}
	for _, r := range srv.Requests() {
		got[r.Op]++
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got requests %v, want %v", got, want)
	}
}

func TestReadEmpty(t *testing.T) {
	t.Parallel()
	_, r := given(t, nil)
	got := read(t, r, registry.Query{})
	if len(got.Live[registry.Servers])+len(got.Live[registry.Agents])+len(got.Expired)+len(got.Ignored) != 0 ||
		!got.Time.Equal(now) {
		t.Errorf("got %+v, want nothing but the time", got)
	}
}

// One answer comes much later than the other. Nobody whom the early one shows passes for
// expired, and ages are those of the moment that both tell of (R5, R4).
func TestReadTime(t *testing.T) {
	t.Parallel()
	for late, early := range map[registry.Role]registry.Role{registry.Servers: registry.Agents, registry.Agents: registry.Servers} {
		_, r := given(t, map[string]string{registry.Heartbeat{Role: early, Time: now.Add(-r119), Node: "n"}.Key(): "192.0.2.1"})
		r.Store = stamped{r.Store, map[string]time.Time{string(late): now.Add(10 * time.Second)}}
		got := read(t, r, registry.Query{})
		if !got.Time.Equal(now) || len(got.Live[early]) != 1 || len(got.Expired) != 0 {
			t.Errorf("%s late: got %+v, want a live member at %v", late, got, now)
		}
	}
}

const r119 = 119 * time.Second // just short of the expiry

// stamped answers some listings itself, with a time of their own.
type stamped struct {
	registry.Store
	times map[string]time.Time
}

func (s stamped) List(ctx context.Context, dir string) (registry.Listing, error) {
	if at, ok := s.times[dir]; ok {
		return registry.Listing{Time: at}, nil
	}
	return s.Store.List(ctx, dir)
}

func TestReadPick(t *testing.T) {
	t.Parallel()
	objects := map[string]string{}
	for i := range 5 {
		objects[beat(registry.Agents, 10*i, fmt.Sprintf("n%d", i))] = fmt.Sprintf("192.0.2.%d", i)
	}
	objects[beat(registry.Servers, 0, "n0")] = "192.0.2.0"
	srv, r := given(t, objects)
	pick := map[registry.Role]registry.Pick{registry.Agents: registry.Freshest(2)}
	snap := read(t, r, registry.Query{Pick: pick})
	if got := len(snap.Live[registry.Agents]); got != 5 {
		t.Errorf("got %d live agents, want all 5", got)
	}
	var got []string
	for _, m := range snap.Joinable(registry.Agents) {
		got = append(got, m.Node+" "+m.Address)
	}
	if want := []string{"n1 192.0.2.1", "n0 192.0.2.0"}; !slices.Equal(got, want) {
		t.Errorf("got %q with addresses, want %q", got, want)
	}
	if got := len(snap.Joinable(registry.Servers)); got != 1 {
		t.Errorf("got %d servers, want the one: nothing was picked there", got)
	}
	wantCounts(t, srv, map[string]int{"list": 2, "get": 3})
}

// Another program's purge, or a node's own, between list and get.
func TestReadVanished(t *testing.T) {
	t.Parallel()
	gone := beat(registry.Servers, 20, "gone")
	srv, r := given(t, map[string]string{gone: "192.0.2.1", beat(registry.Servers, 10, "here"): "192.0.2.2"})
	srv.SetFault(func(req storetest.Request) storetest.Fault {
		if req.Op == "get" && req.Key == prefix+"/"+gone {
			return storetest.Fault{Status: http.StatusNotFound, Code: "NoSuchKey"}
		}
		return storetest.Fault{}
	})
	snap := read(t, r, registry.Query{})
	if live := snap.Live[registry.Servers]; len(live) != 1 || live[0].Node != "here" || snap.Ignored != nil {
		t.Errorf("got %+v, want the other alone", snap)
	}
}

// A listing or reading that fails is an error, and never a part of the truth (R3).
func TestReadFails(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		fault  storetest.Fault
		denied bool
	}{
		{"denied", storetest.Fault{Status: http.StatusForbidden, Code: "AccessDenied"}, true},
		{"unavailable", storetest.Fault{Status: http.StatusServiceUnavailable, Code: "SlowDown"}, false},
		{"no bucket", storetest.Fault{Status: http.StatusNotFound, Code: "NoSuchBucket"}, false},
		{"broken", storetest.Fault{Drop: true}, false},
		{"half an answer", storetest.Fault{Truncate: true}, false},
		{"no date", storetest.Fault{Dateless: true}, false},
	}
	for _, tt := range tests {
		for _, on := range []string{"servers", "agents", beat(registry.Servers, 22, "a"), beat(registry.Agents, 5, "d")} {
			t.Run(tt.name+"/"+on, func(t *testing.T) {
				t.Parallel()
				srv, r := given(t, cluster())
				srv.SetFault(func(req storetest.Request) storetest.Fault {
					if req.Key == prefix+"/"+on || req.Key == "" && req.Query.Get("prefix") == prefix+"/"+on+"/" {
						return tt.fault
					}
					return storetest.Fault{}
				})
				got, err := r.Read(t.Context(), registry.Query{})
				if err == nil || errors.Is(err, registry.ErrDenied) != tt.denied {
					t.Errorf("got %v, want an error, denied: %t", err, tt.denied)
				}
				if !reflect.DeepEqual(got, registry.Snapshot{}) {
					t.Errorf("got part of a snapshot: %+v", got)
				}
			})
		}
	}
}

func TestReadCancelled(t *testing.T) {
	t.Parallel()
	_, r := given(t, cluster())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if got, err := r.Read(ctx, registry.Query{}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %+v, %v, want %v", got, err, context.Canceled)
	}
}
