package node_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"auto-consul/lib/claim"
	"auto-consul/lib/node"
	"auto-consul/lib/registry"
	"auto-consul/lib/rule"
	"auto-consul/lib/storetest"
)

// outageRig is a node that decides beside a store that is away for a while.
type outageRig struct {
	*keepRig
	srv  *storetest.Server
	said []string
	t    *testing.T
}

func (r *outageRig) Print(any) error { return nil }

func (r *outageRig) Notef(format string, args ...any) {
	r.said = append(r.said, fmt.Sprintf(format, args...))
}

func (r *outageRig) Warnf(format string, args ...any) { r.Notef("warning: "+format, args...) }

// kept is the membership of an established cluster.
var kept = rule.Membership{ClusterID: "c1", Term: 1, Desired: 1, Birth: rule.First, Established: true}

// inOutage runs a test in virtual time, with a node whose store is away and whose
// cluster's record, beside that, is established.
func inOutage(t *testing.T, disk memoryDisk, test func(r *outageRig)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		rec := birthOf(1)
		rec.State = rule.Established
		r := &outageRig{keepRig: newKeepRig(t, disk, nil), srv: storetest.New(t), t: t}
		r.srv.CreateBucket(t, "b")
		store := r.srv.Open(t, "b", "r")
		body, err := rec.Encode()
		if err == nil {
			err = store.Put(t.Context(), rule.RecordKey, body)
		}
		if err != nil {
			t.Fatal(err)
		}
		r.srv.Outage(true)
		r.Observer = claim.Observer{Registry: &registry.Registry{Store: store, Expiry: r.Policy.Expiry}}
		r.Out, r.Wait, r.Timeout = r, 5*time.Minute, 30*time.Second
		test(r)
	})
}

// after lets something happen later.
func (r *outageRig) after(d time.Duration, what func()) {
	timer := time.AfterFunc(d, what)
	r.t.Cleanup(func() { timer.Stop() })
}

// decide decides, and returns how long that took.
func (r *outageRig) decide() (node.Prepared, time.Duration, error) {
	begun := time.Now()
	d, err := r.Prepare(r.t.Context(), nil)
	return d, time.Since(begun), err
}

// A kept client tries the store for the time-out, and starts with what it keeps then
// (R58).
func TestOutageClient(t *testing.T) {
	t.Parallel()
	disk := memoryDisk{mode: registry.Client, incarnation: "i9", membership: kept, addresses: []string{"192.0.2.1", "192.0.2.2"}}
	inOutage(t, disk, func(r *outageRig) {
		d, took, err := r.decide()
		if err != nil || d.Mode != registry.Client || !d.Offline || !slices.Equal(d.Join, disk.addresses) {
			t.Fatalf("got %+v, %v, want a client that joins %v", d.Decision, err, disk.addresses)
		}
		if took < r.Timeout || took > 2*r.Timeout {
			t.Errorf("got it decided after %v, want about %v", took, r.Timeout)
		}
		if r.disk.membership != kept || !slices.Equal(r.disk.addresses, disk.addresses) {
			t.Errorf("got %+v and %v kept, want both as before", r.disk.membership, r.disk.addresses)
		}
		if len(r.said) != 2 || !strings.HasPrefix(r.said[0], "the store is away, and this client starts without it in ") {
			t.Errorf("got said %q, want what it waits for, once, and that it has started", r.said)
		}
	})
	inOutage(t, disk, func(r *outageRig) {
		r.after(10*time.Second, func() { r.srv.Outage(false) })
		if d, took, err := r.decide(); err != nil || d.Offline || took > r.Timeout {
			t.Errorf("got %+v after %v, %v, want it decided by the store, which is back", d.Decision, took, err)
		}
	})
}

// Whoever has nothing to start with ends with the store's error: a client that keeps no
// addresses after the time-out, a server after its wait, a blank node at once (R58).
func TestOutageNeedsStore(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		disk memoryDisk
		mode registry.Mode
		wait time.Duration
		said string
	}{
		"a client without addresses": {memoryDisk{mode: registry.Client, membership: kept}, "", 30 * time.Second, "the store is away"},
		"a server":                   {memoryDisk{mode: registry.Server, membership: kept, raft: true}, "", 5 * time.Minute, "waiting for the store (5m0s at most; to start without it: ac-decide -data-dir memory -offline -set)"},
		"a server without raft data": {memoryDisk{mode: registry.Server, membership: kept, offline: true}, "", 5 * time.Minute, "waiting for the store (5m0s at most): "},
		"a blank node":               {memoryDisk{addresses: []string{"192.0.2.1"}, offline: true}, "", 0, ""},
		"a blank server":             {memoryDisk{}, registry.Server, 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inOutage(t, tt.disk, func(r *outageRig) {
				r.Mode = tt.mode
				_, took, err := r.decide()
				if !errors.Is(err, registry.ErrUnavailable) {
					t.Errorf("got %v, want the store's error", err)
				}
				if took < tt.wait || took > tt.wait+35*time.Second {
					t.Errorf("got the end after %v, want it after %v", took, tt.wait)
				}
				if tt.said != "" && (len(r.said) == 0 || !strings.HasPrefix(r.said[0], tt.said)) {
					t.Errorf("got said %q, want %q", r.said, tt.said)
				}
				if r.disk.offline {
					t.Error("got the permission kept after the decision that it was for")
				}
			})
		})
	}
}

// A server that waits starts as soon as the operator allows it, and that one decision is
// all that was allowed (R58).
func TestOutageServer(t *testing.T) {
	t.Parallel()
	disk := memoryDisk{mode: registry.Server, incarnation: "i9", membership: kept, raft: true, addresses: []string{"192.0.2.1"}}
	inOutage(t, disk, func(r *outageRig) {
		operator := r.Preparer
		r.after(time.Minute, func() {
			if mode, err := operator.AllowOffline(); err != nil || mode != registry.Server {
				t.Errorf("got %q, %v, want it allowed", mode, err)
			}
		})
		d, took, err := r.decide()
		if err != nil || d.Mode != registry.Server || d.Bootstrap || d.Expect != 0 || !slices.Equal(d.Join, disk.addresses) {
			t.Fatalf("got %+v, %v, want a server that joins %v", d.Decision, err, disk.addresses)
		}
		if took < time.Minute || took > 90*time.Second {
			t.Errorf("got it decided after %v, want that soon after a minute", took)
		}
		if r.disk.offline || r.disk.membership != kept {
			t.Errorf("got %v, %+v kept, want the permission taken back, and the membership", r.disk.offline, r.disk.membership)
		}
		r.Wait = time.Minute
		if _, _, err := r.decide(); !errors.Is(err, registry.ErrUnavailable) {
			t.Errorf("got %v at the next decision, want it to need the store again", err)
		}
	})
	inOutage(t, disk, func(r *outageRig) {
		r.disk.offline = true
		r.srv.Outage(false)
		if d, _, err := r.decide(); err != nil || d.Offline || r.disk.offline {
			t.Errorf("got %+v, %v, %v kept, want it decided by the store, and the permission used up", d.Decision, err, r.disk.offline)
		}
	})
	inOutage(t, disk, func(r *outageRig) {
		r.disk.offline, r.DryRun = true, true
		if d, took, err := r.decide(); err != nil || !d.Offline || !r.disk.offline || took > r.Timeout {
			t.Errorf("got %+v after %v, %v, %v kept, want it previewed at once", d.Decision, took, err, r.disk.offline)
		}
	})
}

// Access denied is no outage, nor is a record that cannot be read (R58).
func TestOutageIsNone(t *testing.T) {
	t.Parallel()
	disk := memoryDisk{mode: registry.Client, membership: kept, addresses: []string{"192.0.2.1"}}
	inOutage(t, disk, func(r *outageRig) {
		r.srv.Outage(false)
		r.srv.Deny(func(storetest.Request) bool { return true })
		if _, took, err := r.decide(); !errors.Is(err, registry.ErrDenied) || took > r.Timeout {
			t.Errorf("got %v after %v, want it denied at once", err, took)
		}
	})
	inOutage(t, disk, func(r *outageRig) {
		r.srv.Outage(false)
		if err := r.Observer.Registry.Store.Put(r.t.Context(), rule.RecordKey, []byte("{}")); err != nil {
			t.Fatal(err)
		}
		if _, _, err := r.decide(); !errors.Is(err, rule.ErrUnreadable) {
			t.Errorf("got %v, want the record refused", err)
		}
	})
	inOutage(t, disk, func(r *outageRig) { // but this is one
		r.srv.Outage(false)
		r.srv.SetFault(func(storetest.Request) storetest.Fault {
			return storetest.Fault{Status: http.StatusServiceUnavailable, Code: "SlowDown"}
		})
		if d, _, err := r.decide(); err != nil || !d.Offline {
			t.Errorf("got %+v, %v, want it decided without the store", d.Decision, err)
		}
	})
}

// A decision that the operator ends neither starts anything nor goes on waiting.
func TestOutageInterrupted(t *testing.T) {
	t.Parallel()
	disk := memoryDisk{mode: registry.Client, membership: kept, addresses: []string{"192.0.2.1"}}
	inOutage(t, disk, func(r *outageRig) {
		ctx, cancel := context.WithTimeout(r.t.Context(), 5*time.Second)
		defer cancel()
		if d, err := r.Prepare(ctx, nil); err == nil {
			t.Errorf("got %+v, want no decision", d.Decision)
		}
	})
}

// The operator cannot allow what would not help (R58).
func TestAllowOffline(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		disk memoryDisk
		want string
	}{
		"a client":      {memoryDisk{mode: registry.Client, membership: kept}, "which starts without the store by itself"},
		"a blank node":  {memoryDisk{}, "no raft data"},
		"a new server":  {memoryDisk{mode: registry.Server, raft: true, membership: rule.Membership{ClusterID: "c1", Term: 1}}, "has succeeded"},
		"of no cluster": {memoryDisk{mode: registry.Server, raft: true}, "which cluster"},
	} {
		p := node.Preparer{Disk: &tt.disk, Claims: true, Random: claim.NewRandom()}
		if _, err := p.AllowOffline(); err == nil || !strings.Contains(err.Error(), tt.want) || tt.disk.offline {
			t.Errorf("%s: got %v, %v kept, want it to say %q", name, err, tt.disk.offline, tt.want)
		}
	}
}
