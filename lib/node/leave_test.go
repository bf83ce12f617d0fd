package node

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"auto-consul/lib/rule"
	"auto-consul/lib/storetest"
	"auto-consul/lib/wire"
)

// leaveTest is a node that leaves: what is so, and what comes of it.
type leaveTest struct {
	name   string
	so     func(b *beating)
	force  bool
	err    string // in the error; empty for none
	is     error  // what it wraps
	left   bool   // the agent was told to leave
	forgot bool   // the heartbeats were removed
	slot   bool   // the slot was given back
	said   []string
}

const wrongDirectory = "the slot of s1 cannot be given back: -data-dir memory has no incarnation, so it is not the one that the agent was decided with"

var leaveTests = []leaveTest{
	{name: "a server", left: true, forgot: true, slot: true},
	{name: "by its name", so: func(b *beating) { b.Node = "s1" }, left: true, forgot: true, slot: true},
	{name: "a client", so: func(b *beating) { b.status, b.incarnation = client(), "" }, left: true, forgot: true},
	{
		name: "another node than was meant", so: func(b *beating) { b.Node = "s2" },
		err: "-node s2, and the agent that would leave is s1", is: ErrOtherNode,
	},

	// No agent.
	{name: "nobody knows which", so: func(b *beating) { b.absent = ErrNotRunning }, err: "not running", is: ErrNotRunning},
	{
		name: "gone already", so: func(b *beating) { b.absent, b.Node = ErrNotRunning, "s1" }, forgot: true, slot: true,
		said: []string{"the Consul agent is not running; removing what is left of s1 in the registry"},
	},
	{
		name: "it hangs", so: func(b *beating) { b.absent, b.Node = ErrNoAnswer, "s1" },
		err: "the Consul agent does not answer and may still vote; end it first, then leave with -node",
	},
	{name: "it refuses", so: func(b *beating) { b.absent = ErrNoPermission }, err: "denies access", is: ErrNoPermission},

	// The quorum (R38).
	{name: "it goes with it", so: func(b *beating) { b.dead = true }, err: "s1 would take the quorum with it"},
	{name: "it goes, by force", so: func(b *beating) { b.dead = true }, force: true, left: true, forgot: true, slot: true},
	{name: "no leader", so: func(b *beating) { b.status.Leader = "" }, err: "there is no leader, and so no quorum that s1 could keep; -force leaves all the same"},
	{name: "no leader, by force", so: func(b *beating) { b.status.Leader = "" }, force: true, left: true, forgot: true, slot: true},
	{
		name: "nobody says who votes", so: func(b *beating) { b.peersErr = errors.New("no answer") },
		err: "no answer; -force leaves without asking",
	},
	{
		name: "the leader is lost between two questions",
		so:   func(b *beating) { b.peersErr, b.leaders = errors.New("no answer"), []string{"192.0.2.2:8300", ""} },
		err:  "there is no leader, and so no quorum that s1 could keep; -force leaves all the same",
	},
	{
		name: "and another is elected",
		so: func(b *beating) {
			b.peersErr, b.leaders = errors.New("no answer"), []string{"192.0.2.2:8300", "192.0.2.3:8300"}
		},
		err: "no answer; -force leaves without asking",
	},

	// Another server leaves.
	{
		name: "another steps down", so: func(b *beating) { b.leaves("i4", 30*time.Second) }, is: rule.ErrUndecided,
		err: "s4 steps down, and two at once could take the quorum with them: try again when it has, in 1m30s at most; -force leaves all the same",
	},
	{name: "another steps down, by force", so: func(b *beating) { b.leaves("i4", 30*time.Second) }, force: true, left: true, forgot: true, slot: true},
	{name: "another was to step down and has not", so: func(b *beating) { b.leaves("i4", testExpiry) }, left: true, forgot: true, slot: true},
	{name: "it steps down itself", so: func(b *beating) { b.leaves("i1", 0) }, left: true, forgot: true, slot: true},
	{
		name: "another steps down from a client's cluster", left: true, forgot: true,
		so: func(b *beating) { b.status, b.incarnation = client(), ""; b.leaves("i4", 0) },
	},
	{name: "nobody says whether another does", so: func(b *beating) { b.srv.Deny(storetest.Op("get")) }, err: "access denied (AccessDenied); -force leaves without asking"},

	// The wrong data directory.
	{name: "a server", so: func(b *beating) { b.incarnation = "" }, err: wrongDirectory + "; -force leaves all the same"},
	{
		name: "a server, by force", so: func(b *beating) { b.incarnation = "" }, force: true, left: true, forgot: true,
		said: []string{"warning: " + wrongDirectory},
	},
	{
		name: "a server that is gone", so: func(b *beating) { b.incarnation, b.absent, b.Node = "", ErrNotRunning, "s1" }, forgot: true,
		said: []string{"removing what is left", "warning: " + wrongDirectory},
	},
	{
		name: "a server without a slot", left: true, forgot: true,
		so: func(b *beating) {
			b.incarnation = ""
			b.record(rule.Established, func(r *rule.Record) { r.Servers = r.Servers[:1] })
		},
	},
	{name: "a server, and the store says nothing", so: func(b *beating) { b.incarnation = ""; b.srv.Deny(storetest.Op("get")) }, err: "access denied"},

	// The end.
	{name: "it may not", so: func(b *beating) { b.denied = true }, err: "leave: the Consul agent denies access", is: ErrNoPermission, left: true},
	{name: "it goes on", so: func(b *beating) { b.stays = true }, err: "the agent has not ended in 10s\nleave: EOF", left: true},
	{name: "the store lists nothing", so: func(b *beating) { b.srv.Deny(storetest.Op("list")) }, err: "access denied", left: true},
	{name: "the store keeps the slot", so: func(b *beating) { b.srv.Deny(storetest.Op("get")) }, force: true, err: "access denied", left: true, forgot: true},
}

// leaves stores a record in which a server has been stepping down for so long.
func (b *beating) leaves(incarnation string, since time.Duration) {
	b.record(rule.Established, func(r *rule.Record) {
		r.Leaving = &rule.Leaving{Incarnation: incarnation, Node: "s" + incarnation[1:], Since: time.Now().Add(-since)}
	})
}

func TestLeave(t *testing.T) {
	t.Parallel()
	for _, tt := range leaveTests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			lifetime(t, led(), func(t *testing.T, b *beating) { tt.run(t, b) })
		})
	}
}

func (tt leaveTest) run(t *testing.T, b *beating) {
	b.record(rule.Established, nil)
	b.beats("s1", "192.0.2.1")
	if tt.so != nil {
		tt.so(b)
	}
	b.srv.Forget()
	begin := time.Now()
	err := b.Beater.Leave(t.Context(), tt.force)
	if tt.err == "" && err != nil || tt.err != "" && (err == nil || !strings.Contains(err.Error(), tt.err)) {
		t.Errorf("got %v, want %q", err, tt.err)
	}
	for _, kind := range []error{ErrNotRunning, ErrNoAnswer, ErrNoPermission, ErrOtherNode} {
		if errors.Is(err, kind) != (tt.is == kind) {
			t.Errorf("got %v, which is %v: %t", err, kind, errors.Is(err, kind))
		}
	}
	most := time.Duration(0) // all is answered at once
	if b.stays {
		most = b.Timeout
	}
	if took := time.Since(begin); took != most {
		t.Errorf("took %v, want %v", took, most)
	}
	if left := b.left == 1; left != tt.left || b.left > 1 {
		t.Errorf("got the agent told to leave %d times, want it told: %t", b.left, tt.left)
	}
	holds := slices.ContainsFunc(b.srv.Keys(t, "b"), func(key string) bool { return strings.HasSuffix(key, "-s1") })
	if holds == tt.forgot {
		t.Errorf("got heartbeats left: %t, want them removed: %t", holds, tt.forgot)
	}
	if swaps := b.sent("put", rule.RecordKey); swaps > 0 != tt.slot {
		t.Errorf("got %d swaps, want the slot given back: %t", swaps, tt.slot)
	}
	if printed := len(b.printed) == 1; printed != (tt.err == "") {
		t.Errorf("got %v printed", b.printed)
	} else if printed {
		if left, ok := b.printed[0].(wire.Left); !ok || left.Node != "s1" || left.Slot != tt.slot || len(left.Removed) != 1 {
			t.Errorf("got %+v printed, want s1, one heartbeat and slot %t", b.printed[0], tt.slot)
		}
	}
	b.says(tt.said...)
}

// The wait for the agent's end stops with the caller, and no sooner.
func TestLeaveIsInterrupted(t *testing.T) {
	t.Parallel()
	lifetime(t, led(), func(t *testing.T, b *beating) {
		b.record(rule.Established, nil)
		b.stays = true
		begin := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		if err := b.Beater.Leave(ctx, false); err == nil || time.Since(begin) != 3*time.Second {
			t.Errorf("got %v after %v, want an error after 3s", err, time.Since(begin))
		}
		b.wantSent("delete", "", 0)
	})
}
