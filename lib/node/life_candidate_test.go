package node

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"auto-consul/lib/rule"
	"auto-consul/lib/storetest"
)

// standing is a client a1 of three servers, of which s3 has just died: s1 and s2 beat and
// are known to its gossip. Ten others are clients like it.
type standing struct {
	*beating
	leader   string
	servers  error // why its agent does not tell whom it knows
	mayServe error
	asked    []time.Duration // when it was asked whether a server could be started here
	began    time.Time
}

func (s *standing) Leader(context.Context) (string, error) { return s.leader, nil }

func (s *standing) Servers(context.Context) ([]string, error) { return []string{"s1", "s2"}, s.servers }

// firstLook is when its first look at the registry is due: an expiry and the grace after
// it knew too few servers first.
const firstLook = 2 * testExpiry

// candidate runs a test of a client that may take a place.
func candidate(t *testing.T, test func(t *testing.T, s *standing)) {
	t.Helper()
	lifetime(t, Status{Node: "a1", Address: "192.0.2.9", Members: 13, KnownServers: 2}, func(t *testing.T, b *beating) {
		s := &standing{beating: b, leader: "192.0.2.2:8300", began: time.Now()}
		b.incarnation, b.membership.Open = "i9", true
		b.Agent, b.Eligible = s, true
		b.Answers = func(context.Context, string) bool { return false }
		b.MayServe = func(context.Context) error {
			s.asked = append(s.asked, time.Since(s.began))
			return s.mayServe
		}
		b.record(rule.Established, func(r *rule.Record) {
			r.Servers = append(r.Servers, rule.Slot{Incarnation: "i3", Node: "s3", Address: "192.0.2.3", Since: r.Servers[0].Since})
		})
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go beatAs(ctx, b.Observer.Registry, "s1", "s2")
		test(t, s)
	})
}

// requests returns what the client has sent for so long, but for its beats: each of them
// is one reading of the record and one heartbeat.
func (s *standing) requests() (out []string) {
	beats := 0
	for _, q := range s.srv.Requests() {
		switch key := strings.TrimPrefix(q.Key, "r/"); {
		case strings.HasSuffix(key, "-s1"), strings.HasSuffix(key, "-s2"):
		case strings.HasSuffix(key, "-a1") && q.Op == "put":
			beats++
		case strings.HasSuffix(key, "-a1"):
		case q.Op == "list":
			out = append(out, "list "+strings.TrimPrefix(q.Query.Get("prefix"), "r/"))
		default:
			out = append(out, q.Op+" "+key)
		}
	}
	for range beats {
		if i := slices.Index(out, "get cluster.json"); i >= 0 {
			out = slices.Delete(out, i, i+1)
		}
	}
	return out
}

// slots returns the names of those that hold slots, and which of them are promoted.
func (b *beating) slots() (names []string) {
	b.t.Helper()
	b.srv.Deny(nil)
	b.srv.SetFault(nil)
	seen, err := b.Observer.Record(b.t.Context())
	if err != nil {
		b.t.Fatal(err)
	}
	for _, slot := range seen.Record.Servers {
		name := slot.Node
		if slot.UnderWay() {
			name += " promoted"
		}
		names = append(names, name)
	}
	return names
}

// ends lets the loop go on until it ends because the node must be decided again, and
// returns when that was.
func (b *beating) ends(why string) time.Duration {
	b.t.Helper()
	begin := time.Now()
	err := b.run(time.Hour)
	if !errors.Is(err, rule.ErrUndecided) || !strings.Contains(fmt.Sprint(err), why) {
		b.t.Fatalf("got %v, want %v: … %s", err, rule.ErrUndecided, why)
	}
	return time.Since(begin)
}

// A client takes the place of a dead server once its gossip has known too few for an
// expiry and the grace, and after a delay that it draws (R48). It asks its own agent
// only until then; a look and a claim cost the store a few requests. The agent goes on.
func TestCandidateTakesAPlace(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		drawn, grace float64 // grace in seconds
		after        time.Duration
	}{
		{0, 0, firstLook},
		{0.5, 0, firstLook + 5500*time.Millisecond}, // eleven clients
		{0, 240, firstLook + testExpiry},
	} {
		candidate(t, func(t *testing.T, s *standing) {
			s.Grace = time.Duration(tt.grace) * time.Second
			s.draws(tt.drawn)
			s.runs(tt.after - time.Second)
			if got := s.requests(); len(got) > 0 || len(s.asked) > 0 {
				t.Errorf("drawn %v: got %q beside beats before the first look", tt.drawn, got)
			}
			s.srv.Forget()
			s.ends("this client takes a place as a server: 2 servers held, 3 desired, and no node that starts has taken the place: in place of s3")
			if took := time.Since(s.began); took < tt.after || took > tt.after+candidatePause {
				t.Errorf("drawn %v: got the place after %v, want %v and a few seconds at most", tt.drawn, took, tt.after)
			}
			got := s.requests()
			slices.Sort(got)
			if want := []string{"get cluster.json", "get cluster.json", "list agents/", "list servers/", "put cluster.json"}; !slices.Equal(got, want) {
				t.Errorf("drawn %v: got %q beside beats, want %q", tt.drawn, got, want)
			}
			if got, want := s.slots(), []string{"s2", "s1", "a1 promoted"}; !slices.Equal(got, want) || s.left > 0 {
				t.Errorf("drawn %v: got slots of %q, want %q; the agent was told to leave %d times", tt.drawn, got, want, s.left)
			}
			s.says()
		})
	}
}

// While a client's agent knows enough servers, or it may not change its role, or knows no
// server at all, it never looks, and costs no more than its beats (R48).
func TestCandidateNeverLooks(t *testing.T) {
	t.Parallel()
	for name, so := range map[string]func(s *standing){
		"enough servers":     func(s *standing) { s.status.KnownServers = 3 },
		"not eligible":       func(s *standing) { s.Eligible = false },
		"it knows no server": func(s *standing) { s.status.KnownServers = 0 },
	} {
		candidate(t, func(t *testing.T, s *standing) {
			so(s)
			s.runs(10*firstLook - time.Second)
			if got := s.requests(); len(got) > 0 && s.status.KnownServers > 0 || len(s.asked) > 0 {
				t.Errorf("%s: got %q beside beats, asked at %v", name, got, s.asked)
			}
			if got := s.slots(); len(got) != 3 || got[2] != "s3" {
				t.Errorf("%s: got slots of %q", name, got)
			}
		})
	}
}

// The time for which too few servers are known begins anew when they were enough in
// between, or the agent was away (R48).
func TestCandidateBeginsAnew(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ change, back func(s *standing) }{
		"enough":         {func(s *standing) { s.status.KnownServers = 3 }, func(s *standing) { s.status.KnownServers = 2 }},
		"the agent away": {func(s *standing) { s.absent = ErrNotRunning }, func(s *standing) { s.absent = nil }},
	} {
		candidate(t, func(t *testing.T, s *standing) {
			s.runs(firstLook - time.Second)
			tt.change(s)
			s.runs(candidatePause)
			tt.back(s)
			if took := s.ends("in place of s3"); took < firstLook || took > firstLook+candidatePause {
				t.Errorf("%s: got the place after %v, want %v", name, took, firstLook)
			}
		})
	}
}

// What keeps a client from a place is said once, and nothing is written. It looks again
// later, and then after twice as long (R48).
func TestCandidateStays(t *testing.T) {
	t.Parallel()
	const said = "a server is missing, and this client does not take its place: "
	for name, tt := range map[string]struct {
		so    func(s *standing)
		said  string
		asked int // requests for each look
	}{
		"its mode was set":                     {func(s *standing) { s.membership.Open = false }, said + "the operator has set its mode", 0},
		"no leader":                            {func(s *standing) { s.leader = "" }, said + "there is no leader, who could take a server in", 0},
		"the agent does not say whom it knows": {func(s *standing) { s.servers = fmt.Errorf("members: %w", ErrNoPermission) }, said + "members: " + ErrNoPermission.Error(), 0},
		"somebody answers":                     {func(s *standing) { s.Answers = func(context.Context, string) bool { return true } }, said + "waiting for server s3, which sends no heartbeats: somebody answers at 192.0.2.3", 3},
		"no server could be started here":      {func(s *standing) { s.mayServe = errors.New("consul: not found") }, said + "consul: not found", 3},
		"the store lists nothing":              {func(s *standing) { s.srv.Deny(storetest.Op("list")) }, said + "list s3://b/r/", 3},
	} {
		candidate(t, func(t *testing.T, s *standing) {
			tt.so(s)
			for _, look := range []time.Duration{firstLook, 2 * firstLook, 4 * firstLook} {
				s.runs(look - time.Second - time.Since(s.began))
				if got := s.requests(); len(got) > 0 {
					t.Errorf("%s: got %q beside beats before a look", name, got)
				}
				s.srv.Forget()
				s.runs(2 * time.Second)
				if got := s.requests(); len(got) > tt.asked || len(got) < tt.asked-1 {
					t.Errorf("%s: got %q beside beats, want %d requests or one less", name, got, tt.asked)
				}
				s.srv.Forget()
			}
			s.says(tt.said)
			if s.mayServe != nil && len(s.asked) != 3 {
				t.Errorf("%s: got looks at %v, want three", name, s.asked)
			}
			if got, want := s.slots(), []string{"s2", "s1", "s3"}; !slices.Equal(got, want) {
				t.Errorf("%s: got slots of %q, want %q", name, got, want)
			}
		})
	}
}

// When enough servers were known in between, what keeps a client from a place is said
// again (R48).
func TestCandidateStaysAgain(t *testing.T) {
	t.Parallel()
	candidate(t, func(_ *testing.T, s *standing) {
		s.leader = ""
		for range 2 {
			s.runs(firstLook + 2*candidatePause)
			s.says("a server is missing, and this client does not take its place: there is no leader")
			s.status.KnownServers = 3
			s.runs(candidatePause)
			s.status.KnownServers = 2
		}
	})
}
