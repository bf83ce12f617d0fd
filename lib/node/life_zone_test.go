package node

import (
	"slices"
	"testing"
	"time"

	"auto-consul/lib/rule"
)

// inZones gives the three servers of a test zones of their own, and the client one.
func (s *standing) inZones(own string, zones map[string]string) {
	s.Zone = own
	s.record(rule.Established, func(r *rule.Record) {
		r.Servers = append(r.Servers, rule.Slot{Incarnation: "i3", Node: "s3", Address: "192.0.2.3", Since: r.Servers[0].Since})
		for i := range r.Servers {
			r.Servers[i].Zone = zones[r.Servers[i].Node]
		}
	})
}

// A client whose zone has a server leaves the place of a dead one to others for a quarter
// of the grace more, and for half of it where its zone has two. Meanwhile it asks its own
// agent alone, and it says once why it waits (R52).
func TestCandidateLeavesPlaceToZones(t *testing.T) {
	t.Parallel()
	const said = "a server is missing, and this client does not take its place: zone a has a server, so the place is left to clients of other zones for a while"
	const grace = testExpiry
	for _, tt := range []struct {
		name  string
		own   string
		zones map[string]string
		drawn float64
		after time.Duration
		says  []string
	}{
		{"the dead server's zone", "c", map[string]string{"s1": "a", "s2": "b", "s3": "c"}, 0, firstLook, nil},
		{"no zone", "", map[string]string{"s1": "a", "s2": "b", "s3": "c"}, 0, firstLook, nil},
		{"one in its zone", "a", map[string]string{"s1": "a", "s2": "b", "s3": "a"}, 0, firstLook + grace/4, []string{said}},
		{"one, and a delay", "a", map[string]string{"s1": "a", "s2": "b", "s3": "c"}, 0.5, firstLook + grace/4 + 5500*time.Millisecond, []string{said}},
		{"two in its zone", "a", map[string]string{"s1": "a", "s2": "a", "s3": "c"}, 0, firstLook + grace/2, []string{said}},
	} {
		candidate(t, func(t *testing.T, s *standing) {
			s.inZones(tt.own, tt.zones)
			s.draws(tt.drawn)
			s.runs(tt.after - time.Second)
			if got := s.requests(); len(got) > 0 || len(s.asked) > 0 {
				t.Errorf("%s: got %q beside beats before its turn", tt.name, got)
			}
			s.ends("in place of s3")
			if took := time.Since(s.began); took < tt.after || took > tt.after+candidatePause {
				t.Errorf("%s: got the place after %v, want %v and a few seconds at most", tt.name, took, tt.after)
			}
			s.says(tt.says...)
			seen, err := s.Observer.Record(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			i := slices.IndexFunc(seen.Record.Servers, func(slot rule.Slot) bool { return slot.Node == "a1" })
			if i < 0 || seen.Record.Servers[i].Zone != tt.own {
				t.Errorf("%s: got slots %+v, want one of a1 in zone %q", tt.name, seen.Record.Servers, tt.own)
			}
		})
	}
}

// A server writes its zone into its slot when it beats, and one that was told none leaves
// what stands there (R52).
func TestServerWritesItsZone(t *testing.T) {
	t.Parallel()
	for own, want := range map[string]string{"": "old", "old": "old", "new": "new"} {
		lifetime(t, Status{Node: "s1", Address: "192.0.2.1", Server: true, Leader: "192.0.2.2:8300", LogIndex: 9, Voter: true}, func(t *testing.T, b *beating) {
			b.record(rule.Established, func(r *rule.Record) {
				for i := range r.Servers {
					r.Servers[i].Zone = "old"
				}
			})
			b.Zone = own
			b.runs(time.Second)
			seen, err := b.Observer.Record(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for _, slot := range seen.Record.Servers {
				expected := "old"
				if slot.Node == "s1" {
					expected = want
				}
				if slot.Zone != expected {
					t.Errorf("told %q: got zone %q of %s, want %q", own, slot.Zone, slot.Node, expected)
				}
			}
		})
	}
}
