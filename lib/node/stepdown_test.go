package node

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"auto-consul/lib/registry"
	"auto-consul/lib/rule"
	"auto-consul/lib/storetest"
)

// surplus is a server s1 that is one too many: s2 and s3 hold the two places.
type surplus struct {
	*beating
	asked  int                // how often its agent was asked who votes
	voters func(n int) []Peer // what it says the n-th time; nil: all vote and live
	known  []string           // the servers that its gossip knows; nil: all
	leaves func()             // what happens as it leaves
}

func (s *surplus) Peers(ctx context.Context) ([]Peer, error) {
	s.asked++
	if s.voters != nil {
		return s.voters(s.asked), s.peersErr
	}
	return s.beating.Peers(ctx)
}

func (s *surplus) Servers(ctx context.Context) ([]string, error) {
	if s.known != nil {
		return s.known, nil
	}
	return s.beating.Servers(ctx)
}

func (s *surplus) Leave(ctx context.Context) error {
	if s.leaves != nil {
		s.leaves()
	}
	return s.beating.Leave(ctx)
}

const surplusSays = "this server steps down: all 2 places are others'"

// tooMany runs a test of a server that is one too many, and may change its role.
func tooMany(t *testing.T, test func(t *testing.T, s *surplus)) {
	t.Helper()
	lifetime(t, led(), func(t *testing.T, b *beating) {
		s := &surplus{beating: b}
		b.Agent, b.Eligible, b.membership.Open = s, true, true
		b.status.Voter = true
		b.MayServe = func(context.Context) error { return nil }
		b.Answers = func(context.Context, string) bool { return true }
		b.record(rule.Established, others)
		test(t, s)
	})
}

// others changes a record so that s2 and s3 hold its two slots.
func others(r *rule.Record) {
	r.Desired = 2
	r.Servers[1] = rule.Slot{Incarnation: "i3", Node: "s3", Address: "192.0.2.3", Since: r.Servers[0].Since}
}

// stored returns the record as it is.
func (b *beating) stored() rule.Record {
	b.t.Helper()
	b.srv.Deny(nil)
	b.srv.SetFault(nil)
	seen, err := b.Observer.Record(b.t.Context())
	if err != nil {
		b.t.Fatal(err)
	}
	return *seen.Record
}

// wantClient wants a server that has become a client: its agent was told once to leave,
// its raft data is aside, and its heartbeats, slot and mark are gone.
func (b *beating) wantClient() {
	b.t.Helper()
	if b.left != 1 || b.aside != 1 || b.mode != registry.Client || !b.membership.Open || b.membership.ClusterID != "c1" {
		b.t.Errorf("got it told %d times to leave, its data put aside %d times, mode %q and %+v kept", b.left, b.aside, b.mode, b.membership)
	}
	rec := b.stored()
	if rec.Leaving != nil || rec.SlotOf(b.incarnation) != nil || rec.Version != 1 {
		b.t.Errorf("got the record %+v, want neither a mark nor a slot of s1", rec)
	}
	if keys := b.srv.Keys(b.t, "b"); slices.ContainsFunc(keys, func(key string) bool { return strings.HasSuffix(key, "-s1") }) {
		b.t.Errorf("got %q left, want no heartbeats of s1", keys)
	}
}

// wantServer wants a server that goes on as it was.
func (b *beating) wantServer() {
	b.t.Helper()
	if b.left > 0 || b.aside > 0 || b.mode != "" || !b.membership.CandidateFrom.IsZero() {
		b.t.Errorf("got it told %d times to leave, its data put aside %d times, mode %q and %+v kept", b.left, b.aside, b.mode, b.membership)
	}
}

// A server too many beats, marks itself, asks twice who votes, leaves, and becomes a
// client (R50).
func TestLifeStepsDown(t *testing.T) {
	t.Parallel()
	tooMany(t, func(t *testing.T, s *surplus) {
		before := s.membership
		before.Desired, before.Established = 2, true
		s.leaves = func() {
			if rec := s.stored(); rec.Leaving == nil || rec.Leaving.Node != "s1" || rec.Leaving.Incarnation != "i1" || s.asked != 2 {
				t.Errorf("got it to leave with the mark %+v, asked %d times", rec.Leaving, s.asked)
			}
		}
		if took := s.ends("this server has stepped down: all 2 places are others'"); took != 0 {
			t.Errorf("got it to take %v", took)
		}
		s.wantClient()
		if s.membership != before {
			t.Errorf("got %+v kept, want %+v: it gives nothing back", s.membership, before)
		}
		s.wantSent("put", rule.RecordKey, 2)
		s.wantSent("put", "servers/", 1)
		s.says(surplusSays)
	})
}

// A server steps down only where its cluster can spare it, as it is after the mark, too
// (R50). What keeps it is said once. It goes on beating.
func TestLifeDoesNotStepDown(t *testing.T) {
	t.Parallel()
	const said = "this server is to step down, for all 2 places are others', and does not yet: "
	three := func(s2, s3 bool) []Peer {
		return []Peer{{Node: "s1", Voter: true}, {Node: "s2", Voter: s2}, {Node: "s3", Voter: s3}}
	}
	for name, tt := range map[string]struct {
		so     func(s *surplus)
		said   string
		marked bool
	}{
		"a voter is dead": {func(s *surplus) { s.dead = true }, said + "s2 holds a slot and does not vote, or does not live", false},
		"the token may not ask, and one does not vote": {
			func(s *surplus) { s.peersErr, s.ownBehind = ErrNoPermission, true },
			said + "s2 holds a slot and does not vote, or does not live", false,
		},
		"one does not vote yet":   {func(s *surplus) { s.voters = func(int) []Peer { return three(true, false) } }, said + "s3 holds a slot and does not vote, or does not live", false},
		"nobody says who votes":   {func(s *surplus) { s.peersErr = errors.New("no answer") }, said + "no answer", false},
		"one dies after the mark": {func(s *surplus) { s.voters = func(n int) []Peer { return three(n%2 == 1, true) } }, said + "s2 holds a slot and does not vote, or does not live", true},
		"nobody says it after the mark": {func(s *surplus) {
			s.voters = func(n int) []Peer {
				s.peersErr = map[bool]error{true: errors.New("no answer")}[n%2 == 0]
				return three(true, true)
			}
		}, said + "no answer", true},
		"the store takes no mark": {func(s *surplus) { s.srv.Deny(storetest.Swaps) }, said + "swap s3://b/r/cluster.json: access denied", false},
		"another is marked first": {func(s *surplus) {
			s.voters = func(int) []Peer {
				s.record(rule.Established, func(r *rule.Record) {
					others(r)
					r.Leaving = &rule.Leaving{Incarnation: "i4", Node: "s4", Since: time.Now().UTC()}
				})
				return three(true, true)
			}
		}, said + "another change came first", false},
	} {
		tooMany(t, func(t *testing.T, s *surplus) {
			tt.so(s)
			s.runs(testTicks + time.Second)
			s.wantServer()
			s.says(tt.said)
			if beats := len(s.printed); beats != 2 {
				t.Errorf("%s: got %d beats, want one at each tick", name, beats)
			}
			if rec := s.stored(); (rec.Leaving != nil && rec.Leaving.Node == "s1") != tt.marked {
				t.Errorf("%s: got the mark %+v, want one of s1: %t", name, rec.Leaving, tt.marked)
			}
		})
	}
}

// A token that may not ask the leader who votes is enough: the agent itself knows (R50).
func TestLifeStepsDownWithoutAskingTheLeader(t *testing.T) {
	t.Parallel()
	tooMany(t, func(t *testing.T, s *surplus) {
		s.peersErr = ErrNoPermission
		s.ends(surplusSays[len("this server steps down: "):])
		if s.left != 1 || s.asked < 2 {
			t.Errorf("got it told to leave %d times after it asked %d times who votes, want once, twice", s.left, s.asked)
		}
	})
}

// A server that may not change its role, or whose mode was set, goes on (R50).
func TestLifeMayNotStepDown(t *testing.T) {
	t.Parallel()
	for name, so := range map[string]func(s *surplus){
		"not eligible":       func(s *surplus) { s.Eligible = false },
		"its mode was set":   func(s *surplus) { s.membership.Open = false },
		"it has no leader":   func(s *surplus) { s.status.Leader = "" },
		"one more is wanted": func(s *surplus) { s.record(rule.Established, func(r *rule.Record) { others(r); r.Desired = 3 }) },
	} {
		tooMany(t, func(t *testing.T, s *surplus) {
			so(s)
			s.runs(time.Second)
			s.wantServer()
			if s.asked > 0 || s.stored().Leaving != nil {
				t.Errorf("%s: got it asked %d times who votes, mark %+v", name, s.asked, s.stored().Leaving)
			}
		})
	}
}
