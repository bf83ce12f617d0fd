package node

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"auto-consul/lib/registry"
	"auto-consul/lib/rule"
	"auto-consul/lib/storetest"
)

// A server that was told to stop while it steps down finishes that all the same, and ends
// with what makes it a client (R50).
func TestLifeStepsDownThoughToldToStop(t *testing.T) {
	t.Parallel()
	tooMany(t, func(t *testing.T, s *surplus) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		s.leaves = func() { cancel() }
		if err := s.Run(ctx); !errors.Is(err, rule.ErrUndecided) {
			t.Errorf("got %v, want %v", err, rule.ErrUndecided)
		}
		s.wantClient()
		s.says(surplusSays)
	})
}

// Once the agent was told to leave, the node is decided again whatever fails (R50).
func TestLifeStepsDownThoughSomethingFails(t *testing.T) {
	t.Parallel()
	const stepped = "this server has stepped down: all 2 places are others'"
	for name, tt := range map[string]struct {
		so   func(s *surplus) // as it leaves
		said []string
		mode registry.Mode
	}{
		"the store keeps the mark":       {func(s *surplus) { s.srv.Deny(storetest.Swaps) }, []string{"warning: swap s3://b/r/cluster.json: access denied (AccessDenied); what is left of this server in the record expires"}, registry.Client},
		"the store keeps the heartbeats": {func(s *surplus) { s.srv.Deny(storetest.Op("delete")) }, []string{"; its heartbeats expire"}, registry.Client},
		"the store is away":              {func(s *surplus) { s.srv.Outage(true) }, []string{"what is left of this server in the record expires", "; its heartbeats expire"}, registry.Client},
		"the disk is full":               {func(s *surplus) { s.full = errors.New("no space left on device") }, []string{"warning: this server has left, and could not become a client: no space left on device"}, ""},
	} {
		tooMany(t, func(t *testing.T, s *surplus) {
			s.leaves = func() { tt.so(s) }
			if took := s.ends(stepped); took > s.Timeout {
				t.Errorf("%s: got it to take %v", name, took)
			}
			if s.left != 1 || s.aside != 1 || s.mode != tt.mode {
				t.Errorf("%s: got it told %d times to leave, its data put aside %d times, mode %q kept", name, s.left, s.aside, s.mode)
			}
			s.says(append([]string{surplusSays}, tt.said...)...)
		})
	}
}

// A server whose process is known ends without leaving, so that sessions stay (R50). Where
// that fails it leaves, and says what ends with that.
func TestLifeStepsDownWithoutLeaving(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		fails error
		left  int
		said  string
	}{
		"it may":     {},
		"it may not": {fmt.Errorf("take s1 out: %w", ErrNoPermission), 1, "this server leaves, and its agent's sessions end: take s1 out: " + ErrNoPermission.Error()},
	} {
		tooMany(t, func(t *testing.T, s *surplus) {
			s.resigns = func(node string) error {
				if node != "s1" {
					t.Errorf("%s: got %s told to resign, want s1", name, node)
				}
				if tt.fails == nil {
					s.set(func() { s.absent = ErrNotRunning })
				}
				return tt.fails
			}
			s.ends("this server has stepped down")
			if s.left != tt.left {
				t.Errorf("%s: told %d times to leave, want %d", name, s.left, tt.left)
			}
			if rec := s.stored(); s.aside != 1 || s.mode != registry.Client || rec.Leaving != nil {
				t.Errorf("%s: got its data put aside %d times, mode %q kept, mark %+v", name, s.aside, s.mode, rec.Leaving)
			}
			said := []string{surplusSays}
			if tt.said != "" {
				said = append(said, tt.said)
			}
			s.says(said...)
		})
	}
}

// An agent that does not end in a minute is stopped and decided again as what it is
// (R50).
func TestLifeStepsDownAndDoesNotEnd(t *testing.T) {
	t.Parallel()
	tooMany(t, func(t *testing.T, s *surplus) {
		s.stays = true
		if took := s.ends("this server was to step down, and has not ended"); took != leaveBound {
			t.Errorf("got it to take %v, want %v", took, leaveBound)
		}
		if s.left != 1 || s.aside > 0 || s.mode != "" {
			t.Errorf("got it told %d times to leave, its data put aside %d times, mode %q kept", s.left, s.aside, s.mode)
		}
		s.says(surplusSays, "warning: the agent has not ended in 1m0s\nleave: EOF")
	})
}

// A server that is not allowed to leave takes its mark back, so that others may change,
// and tries again after ten expiries (R50).
func TestLifeMayNotLeave(t *testing.T) {
	t.Parallel()
	tooMany(t, func(t *testing.T, s *surplus) {
		const refused = "warning: this server does not step down: leave: "
		s.denied = true
		s.runs(10*testExpiry - time.Second)
		s.says(surplusSays, refused)
		if rec := s.stored(); s.left != 1 || s.asked != 2 || rec.Leaving != nil || s.aside > 0 || s.mode != "" {
			t.Errorf("got it told %d times to leave, asked %d times, mark %+v", s.left, s.asked, rec.Leaving)
		}
		s.runs(2 * testTicks)
		s.says(surplusSays, refused)
		s.denied, s.left = false, 0
		s.runs(10*testExpiry - 3*testTicks)
		s.says()
		s.ends("this server has stepped down")
		s.wantClient()
	})
}

// promoted is a server s1 that took a place as a client an hour ago and does not vote.
func promoted(t *testing.T, test func(t *testing.T, s *surplus)) {
	t.Helper()
	tooMany(t, func(t *testing.T, s *surplus) {
		s.status.Voter, s.status.LogIndex = false, 0
		s.record(rule.Established, func(r *rule.Record) {
			r.Desired, r.Servers[1].Promoted = 2, time.Now().Add(-time.Hour).UTC()
		})
		test(t, s)
	})
}

// A server that does not come to vote gives its place back, as soon as it has had a leader
// for two minutes, twice as long the second time, and takes none for ten expiries (R51). It
// does so also where nobody says who votes, and unless the raft configuration says that it
// does.
func TestLifeGivesAPlaceBack(t *testing.T) {
	t.Parallel()
	const why, again = "it does not vote after 1h2m0s", "it does not vote after 1h4m0s"
	for name, so := range map[string]func(s *surplus){
		"all is well":           func(*surplus) {},
		"nobody says who votes": func(s *surplus) { s.peersErr = errors.New("no answer") },
		"others are dead":       func(s *surplus) { s.dead = true },
	} {
		promoted(t, func(t *testing.T, s *surplus) {
			so(s)
			s.membership.GaveBack = 1
			if took := s.ends("this server has stepped down: " + again); took != 4*time.Minute {
				t.Errorf("%s: got it to take %v, want four minutes", name, took)
			}
			s.wantClient()
			if m := s.membership; m.GaveBack != 2 || !m.CandidateFrom.Equal(time.Now().Add(20*testExpiry)) {
				t.Errorf("%s: got %+v kept, want no place for twenty expiries", name, m)
			}
			s.wantSent("put", rule.RecordKey, 1)
			s.says("this server steps down: " + again)
		})
	}
	promoted(t, func(_ *testing.T, s *surplus) {
		s.status.LogIndex = 7 // it votes, as the leader has it
		s.runs(2*time.Minute + time.Second)
		s.wantServer()
		s.says("this server is to step down, for " + why + ", and does not yet: it votes, as the raft configuration says")
	})
}

// A server is given two minutes with a leader to come to vote: the time without one does
// not count (R51).
func TestLifeKeepsAPlaceWithoutALeader(t *testing.T) {
	t.Parallel()
	promoted(t, func(_ *testing.T, s *surplus) {
		s.status.LogIndex = 7
		s.voters = func(int) []Peer { return nil }
		s.runs(90 * time.Second)
		s.status.Leader = ""
		s.runs(testTicks)
		s.status.Leader = "192.0.2.2:8300"
		s.runs(90 * time.Second)
		s.wantServer()
		s.ends("it does not vote")
	})
}

// A server that comes to vote has its place for good: the promotion is over (R49).
func TestLifeComesToVote(t *testing.T) {
	t.Parallel()
	promoted(t, func(t *testing.T, s *surplus) {
		s.runs(90 * time.Second)
		s.status.Voter = true
		s.runs(10 * testExpiry)
		s.wantServer()
		if slot := s.stored().SlotOf("i1"); slot == nil || slot.UnderWay() {
			t.Errorf("got the slot %+v, want it without a promotion", slot)
		}
		s.says("wrote the cluster record: this server votes")
	})
}

// A server without a slot takes that of a server which is proved dead. As long as that
// holds it, the cluster spares nobody (R48).
func TestLifeReplacesADeadServer(t *testing.T) {
	t.Parallel()
	const sick = "warning: whether a dead server's slot can be taken: list s3://b/r/" // at each look
	for name, tt := range map[string]struct {
		so   func(s *surplus)
		said []string
		want string
	}{
		"it is dead":       {func(*surplus) {}, []string{"this server has taken a slot: 2 servers held, 2 desired"}, "s1"},
		"somebody answers": {func(s *surplus) { s.Answers = func(context.Context, string) bool { return true } }, nil, "s3"},
		"the store is sick": {func(s *surplus) {
			s.srv.Deny(storetest.Op("list"))
		}, []string{sick}, "s3"},
	} {
		tooMany(t, func(t *testing.T, s *surplus) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			go beatAs(ctx, s.Observer.Registry, "x1", "s2")
			s.known = []string{"s1", "s2"}
			s.voters = func(int) []Peer { return []Peer{{Node: "s1", Voter: true}, {Node: "s2", Voter: true}} }
			s.Answers = func(context.Context, string) bool { return false }
			tt.so(s)
			s.runs(2*testExpiry + 90*time.Second)
			s.wantServer()
			s.says(append([]string{"s3 holds a slot and does not vote, or does not live"}, tt.said...)...)
			rec := s.stored()
			if got := rec.Servers[1]; got.Node != tt.want || got.UnderWay() {
				t.Errorf("%s: got the slot of %s, promoted %t; want that of %s", name, got.Node, got.UnderWay(), tt.want)
			}
		})
	}
}
