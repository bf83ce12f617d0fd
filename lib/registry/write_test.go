package registry_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"auto-consul/lib/registry"
	"auto-consul/lib/storetest"
)

// keys is what the store holds of the registry.
func keys(t *testing.T, srv *storetest.Server) []string {
	t.Helper()
	out := srv.Keys(t, bucket)
	for i := range out {
		out[i] = strings.TrimPrefix(out[i], prefix+"/")
	}
	return out
}

func TestPurge(t *testing.T) {
	t.Parallel()
	srv, r := given(t, cluster())
	expired := read(t, r, registry.Query{}).Expired
	srv.Forget()
	got, err := r.Purge(t.Context(), []string{expired[1], expired[0]})
	if err != nil || !slices.Equal(got, expired) {
		t.Errorf("got %q, %v, want %q", got, err, expired)
	}
	wantCounts(t, srv, map[string]int{"delete": 2})
	var want []string
	for key := range cluster() {
		if !slices.Contains(expired, key) {
			want = append(want, key)
		}
	}
	slices.Sort(want)
	if left := keys(t, srv); !slices.Equal(left, want) {
		t.Errorf("got %q left, want %q", left, want)
	}
}

func TestPurgeGone(t *testing.T) {
	t.Parallel()
	srv, r := given(t, nil)
	key := beat(registry.Servers, 500, "gone")
	if got, err := r.Purge(t.Context(), []string{key}); err != nil || !slices.Equal(got, []string{key}) {
		t.Errorf("got %q, %v, want the key and no error", got, err)
	}
	srv.Forget()
	if got, err := r.Purge(t.Context(), nil); err != nil || got != nil {
		t.Errorf("nothing: got %q, %v", got, err)
	}
	wantCounts(t, srv, map[string]int{})
}

// lastDelete holds one key's delete back until the others are done.
type lastDelete struct {
	registry.Store
	key    string
	others *sync.WaitGroup
}

func (s lastDelete) Delete(ctx context.Context, key string) error {
	if key == s.key {
		s.others.Wait()
		return s.Store.Delete(ctx, key)
	}
	defer s.others.Done()
	return s.Store.Delete(ctx, key)
}

func TestPurgePart(t *testing.T) {
	t.Parallel()
	objects, all := map[string]string{}, []string{}
	for _, node := range []string{"a", "b", "c", "d"} {
		key := beat(registry.Servers, 500, node)
		objects[key], all = "192.0.2.1", append(all, key)
	}
	srv, r := given(t, objects)
	srv.Deny(func(req storetest.Request) bool { return req.Op == "delete" && req.Key == prefix+"/"+all[1] })
	var others sync.WaitGroup
	others.Add(len(all) - 1)
	r.Store = lastDelete{r.Store, all[1], &others}
	got, err := r.Purge(t.Context(), all)
	if !errors.Is(err, registry.ErrDenied) {
		t.Errorf("got %v, want %v", err, registry.ErrDenied)
	}
	if want := []string{all[0], all[2], all[3]}; !slices.Equal(got, want) {
		t.Errorf("got %q gone, want %q", got, want)
	}
	if left := keys(t, srv); !slices.Equal(left, all[1:2]) {
		t.Errorf("got %q left, want %q", left, all[1:2])
	}
}

// What is said to be gone is gone, also when all fail at once.
func TestPurgeAway(t *testing.T) {
	t.Parallel()
	key := beat(registry.Servers, 500, "a")
	srv, r := given(t, map[string]string{key: "192.0.2.1"})
	srv.Outage(true)
	if got, err := r.Purge(t.Context(), []string{key}); err == nil || got != nil {
		t.Errorf("got %q, %v, want an error and nothing gone", got, err)
	}
}

func TestBeat(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		roles []registry.Role
		want  []string
	}{
		{"server", []registry.Role{registry.Servers, registry.Agents}, []string{
			"agents/20140516092731-server1", "servers/20140516092731-server1",
		}},
		{"agent", []registry.Role{registry.Agents}, []string{"agents/20140516092731-server1"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			srv, r := given(t, nil)
			at := time.Date(2014, 5, 16, 11, 27, 31, 0, time.FixedZone("", 2*60*60))
			got, err := r.Beat(t.Context(), "server1", "192.168.50.100", at, tt.roles...)
			if err != nil || !slices.Equal(got, tt.want) {
				t.Errorf("got %q, %v, want %q", got, err, tt.want)
			}
			wantCounts(t, srv, map[string]int{"put": len(tt.want)})
			if held := keys(t, srv); !slices.Equal(held, tt.want) {
				t.Errorf("the store holds %q, want %q", held, tt.want)
			}
			for _, key := range tt.want {
				if body, _ := srv.Body(t, bucket, prefix+"/"+key); string(body) != "192.168.50.100" {
					t.Errorf("%s: got %q, want the bare address", key, body)
				}
			}
		})
	}
}

// A server's heartbeat is written under servers/ first, whatever the order of the
// roles: one under agents/ alone says that a node is no server (R7).
func TestBeatOrder(t *testing.T) {
	t.Parallel()
	for _, roles := range [][]registry.Role{{registry.Servers, registry.Agents}, {registry.Agents, registry.Servers}} {
		srv, r := given(t, nil)
		if _, err := r.Beat(t.Context(), "n", "192.0.2.1", now, roles...); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, q := range srv.Requests() {
			dir, _, _ := strings.Cut(strings.TrimPrefix(q.Key, prefix+"/"), "/")
			got = append(got, dir)
		}
		if want := []string{"servers", "agents"}; !slices.Equal(got, want) {
			t.Errorf("%v: got %q written, want %q", roles, got, want)
		}
	}
}

// A server whose first write fails does not pass for a client (R7).
func TestBeatFailsFirst(t *testing.T) {
	t.Parallel()
	srv, r := given(t, nil)
	srv.Deny(func(req storetest.Request) bool { return strings.HasPrefix(req.Key, prefix+"/servers/") })
	if _, err := r.Beat(t.Context(), "n", "192.0.2.1", now, registry.Servers, registry.Agents); !errors.Is(err, registry.ErrDenied) {
		t.Errorf("got %v, want %v", err, registry.ErrDenied)
	}
	if got := keys(t, srv); len(got) != 0 {
		t.Errorf("got %q written, want nothing", got)
	}
}

// A beat is read back as a member by any other node.
func TestBeatIsRead(t *testing.T) {
	t.Parallel()
	_, r := given(t, nil)
	if _, err := r.Beat(t.Context(), "n", "192.0.2.1", now, registry.Servers); err != nil {
		t.Fatal(err)
	}
	want := registry.Member{Node: "n", Address: "192.0.2.1", Heartbeat: now, Oldest: now}
	if got := read(t, r, registry.Query{}).Live[registry.Servers]; !slices.Equal(got, []registry.Member{want}) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestBeatRefuses(t *testing.T) {
	t.Parallel()
	srv, r := given(t, nil)
	for _, tt := range []struct{ node, address string }{
		{"", "192.0.2.1"},
		{"-n", "192.0.2.1"},
		{"a/b", "192.0.2.1"},
		{"n", ""},
		{"n", "0.0.0.0"},
		{"n", "provider=aws"},
		{"n", "192.0.2.1\n"},
	} {
		got, err := r.Beat(t.Context(), tt.node, tt.address, now, registry.Servers)
		if err == nil || got != nil {
			t.Errorf("%q at %q: got %q, %v, want it refused", tt.node, tt.address, got, err)
		}
	}
	wantCounts(t, srv, map[string]int{})
}

func TestBeatFails(t *testing.T) {
	t.Parallel()
	for _, role := range []registry.Role{registry.Servers, registry.Agents} {
		srv, r := given(t, nil)
		srv.SetFault(func(req storetest.Request) storetest.Fault {
			if strings.HasPrefix(req.Key, prefix+"/"+string(role)) {
				return storetest.Fault{Status: http.StatusForbidden, Code: "AccessDenied"}
			}
			return storetest.Fault{}
		})
		got, err := r.Beat(t.Context(), "n", "192.0.2.1", now, registry.Servers, registry.Agents)
		if !errors.Is(err, registry.ErrDenied) || got != nil {
			t.Errorf("%s denied: got %q, %v, want no keys and %v", role, got, err, registry.ErrDenied)
		}
	}
}
