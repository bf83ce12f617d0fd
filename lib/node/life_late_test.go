package node

import (
	"slices"
	"strings"
	"testing"
	"time"

	"auto-consul/lib/rule"
	"auto-consul/lib/storetest"
)

// A store that is away at the first look keeps a client from a place until its second
// (R48).
func TestCandidateWhileTheStoreIsAway(t *testing.T) {
	t.Parallel()
	candidate(t, func(_ *testing.T, s *standing) {
		const look = firstLook + testTicks/2 // between two beats
		s.Grace = look - testExpiry
		s.runs(look - time.Second)
		s.srv.Outage(true)
		s.runs(candidatePause + time.Second)
		s.srv.Outage(false)
		s.says("a server is missing, and this client does not take its place: get s3://b/r/cluster.json")
		if s.ends("in place of s3"); time.Since(s.began) < 2*look || time.Since(s.began) > 2*look+2*candidatePause {
			s.t.Errorf("got the place after %v, want it at the second look", time.Since(s.began))
		}
	})
}

// Another client was faster: the record alone says so, and this one goes on (R49). When
// the other has come to nothing, it takes the place all the same.
func TestCandidateLosesToAnother(t *testing.T) {
	t.Parallel()
	candidate(t, func(t *testing.T, s *standing) {
		s.runs(firstLook - time.Second)
		s.record(rule.Established, func(r *rule.Record) {
			r.Servers = append(r.Servers, rule.Slot{Incarnation: "i8", Node: "a8", Address: "192.0.2.8", Since: time.Now().UTC(), Promoted: time.Now().UTC()})
		})
		s.runs(2 * time.Second)
		if got, want := s.requests(), []string{"get cluster.json"}; !slices.Equal(got, want) {
			t.Errorf("got %q beside beats, want %q", got, want)
		}
		s.says("a server is missing, and this client does not take its place: another client takes a place, and does not vote yet")
		s.ends("in place of a8")
	})
}

// A claim that seemed lost and was written later is noticed at the next beat, also by a
// client that leaves nearly all of its beats out (R47, R48). One that was never written
// is not.
func TestCandidateClaimsLate(t *testing.T) {
	t.Parallel()
	for _, lands := range []bool{true, false} {
		candidate(t, func(t *testing.T, s *standing) {
			s.Sample = 1
			s.draws(drawsNone)
			s.srv.SetFault(func(q storetest.Request) storetest.Fault {
				return storetest.Fault{Hold: q.Conditional() && lands, Drop: q.Conditional() && !lands}
			})
			s.runs(firstLook + testTicks/2)
			if last := s.said[len(s.said)-1]; !strings.Contains(last, "this client does not take its place: ") {
				t.Errorf("got said %q in the end", last)
			}
			if got := s.slots(); got[2] != "s3" {
				t.Fatalf("got slots of %q before the claim has landed", got)
			}
			s.srv.Land()
			s.srv.Forget()
			if !lands {
				s.runs(testTicks)
				s.wantSent("get", rule.RecordKey, 1) // at the next beat, which is not left out
				return
			}
			if took := s.ends("this client holds a slot"); took > testTicks {
				t.Errorf("got the claim noticed after %v, want it at the next beat", took)
			}
			if got := s.slots(); !strings.HasPrefix(got[2], "a1") {
				t.Errorf("got slots of %q", got)
			}
		})
	}
}
