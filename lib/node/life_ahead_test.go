package node

import (
	"strings"
	"testing"
	"time"

	"auto-consul/lib/rule"
)

// The store's clock was a day ahead and is set back while a server runs: at its next beat it
// dates the record back, and by then beats as of now. Its own heartbeats of tomorrow it
// removes when they are an expiry old (R53).
func TestBeatAhead(t *testing.T) {
	t.Parallel()
	lifetime(t, led(), func(t *testing.T, b *beating) {
		ahead, day := 24*time.Hour, time.Now().Add(24*time.Hour).UTC().Format("20060102")
		b.srv.SetClock(func() time.Time { return time.Now().Add(ahead) })
		b.record(rule.Established, func(r *rule.Record) {
			for i := range r.Servers {
				r.Servers[i].Since = time.Now().Add(ahead).UTC()
			}
		})
		b.runs(testTicks / 2)
		b.says()
		ahead = 0
		b.starts()
		time.Sleep(testTicks)
		b.says("wrote the cluster record: the store's clock was set back, and these lie in the future: the slot of s2 by 23h59m")
		tomorrow := func() (n int) {
			for _, key := range b.srv.Keys(t, "b") {
				if strings.HasPrefix(key, "r/servers/"+day) {
					n++
				}
			}
			return n
		}
		if got := tomorrow(); got != 1 {
			t.Errorf("got %d heartbeats of tomorrow, want the one that was written: %q", got, b.srv.Keys(t, "b"))
		}
		time.Sleep(testExpiry + testTicks)
		if got := tomorrow(); got != 0 {
			t.Errorf("got %d heartbeats of tomorrow after an expiry: %q", got, b.srv.Keys(t, "b"))
		}
		b.says()
	})
}

// A client that looks for a place remembers from one look to the next that it has seen
// heartbeats of the future: at the first look the dead server s3 counts by them, and at the
// second no longer (R53).
func TestCandidateAhead(t *testing.T) {
	t.Parallel()
	candidate(t, func(t *testing.T, s *standing) {
		if _, err := s.Observer.Registry.Beat(t.Context(), "s3", "192.0.2.3", time.Now().Add(24*time.Hour), "servers"); err != nil {
			t.Fatal(err)
		}
		after := s.ends("this client takes a place as a server")
		if after < 2*firstLook || after > 2*firstLook+time.Minute {
			t.Errorf("got the place after %v, want %v", after, 2*firstLook)
		}
		s.says("the store's clock was set back: servers/20000102", "a server is missing, and this client does not take its place: 3 servers held, 3 desired")
		for _, key := range s.srv.Keys(t, "b") {
			if strings.HasSuffix(key, "-s3") {
				t.Errorf("%s is still there", key)
			}
		}
	})
}
