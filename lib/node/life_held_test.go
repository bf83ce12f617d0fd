package node

import (
	"errors"
	"slices"
	"testing"
	"time"

	"auto-consul/lib/rule"
	"auto-consul/lib/storetest"
)

// A look that fails during a birth is made again as soon as any other, and is told once
// (R31). Then the held beat follows at once and the next one a tick later.
func TestLifeFailsWhileHeld(t *testing.T) {
	t.Parallel()
	lifetime(t, blank(), func(t *testing.T, b *beating) {
		b.record(rule.Bootstrapping, nil)
		b.runs(2 * time.Second)
		b.says()
		b.srv.Deny(storetest.Op("get"))
		b.srv.Forget()
		b.runs(4 * time.Second)
		if looks := b.sent("get", ""); looks < 6 || looks > 17 {
			t.Errorf("got %d looks in four seconds without an answer, want one every quarter at first", looks)
		}
		b.says("warning: get s3://b/r/cluster.json: access denied (AccessDenied); next look in 0s")
		b.srv.Deny(nil)
		b.record(rule.Established, nil)
		b.set(func() { b.status = led() })
		b.runs(time.Second)
		b.wantSent("put", "servers/", 1)
		b.runs(testTicks - 2*time.Second)
		b.wantSent("put", "servers/", 1)
		b.runs(2 * time.Second)
		b.wantSent("put", "servers/", 2)
		b.says()
	})
}

// A server that was silent for an expiry beats as soon as the store is back (R35). One
// that was not waits for its tick.
func TestLifeAfterAnOutage(t *testing.T) {
	t.Parallel()
	for outage, beats := range map[time.Duration]int{100 * time.Second: 0, 130 * time.Second: 1} {
		lifetime(t, led(), func(t *testing.T, b *beating) {
			b.record(rule.Established, nil)
			b.runs(time.Second)
			b.srv.Outage(true)
			b.runs(outage)
			b.srv.Outage(false)
			b.srv.Forget()
			b.runs(silentPause + time.Second)
			b.wantSent("put", "servers/", beats)
		})
	}
}

// An output that takes nothing more ends the loop at once: nobody is left to tell.
func TestLifeWithoutAnOutput(t *testing.T) {
	t.Parallel()
	for _, broken := range []error{nil, errors.New("broken pipe")} {
		lifetime(t, led(), func(t *testing.T, b *beating) {
			b.record(rule.Established, nil)
			b.broken = broken
			begin := time.Now()
			if err := b.run(testTicks / 2); !errors.Is(err, broken) {
				t.Errorf("got %v, want %v", err, broken)
			}
			if ended := time.Since(begin) < time.Second; ended != (broken != nil) {
				t.Errorf("output %v: got it ended: %t", broken, ended)
			}
		})
	}
}

// An attempt to join others has the addresses again that were joined when the server
// was held back. The looks leave these alone for five seconds more.
func TestLifeJoinsAgainWhileHeld(t *testing.T) {
	t.Parallel()
	lifetime(t, blank(), func(t *testing.T, b *beating) {
		b.record(rule.Bootstrapping, nil)
		b.joinable = []string{"192.0.2.2"}
		b.runs(9 * time.Second)
		b.says("the agent is alone; it has joined 192.0.2.2")
		if want := []string{"192.0.2.2", "192.0.2.2"}; !slices.Equal(b.joined, want) {
			t.Errorf("got %q joined in 9 s, want %q", b.joined, want)
		}
		b.runs(2 * time.Second)
		if got := len(b.joined); got != 3 {
			t.Errorf("got %d joins in 11 s, want 3", got)
		}
	})
}

// A look waits for no answer to a join, and a join without one is asked for once. One
// that was refused is asked for at each look. None is under way when its caller has gone.
func TestLifeWaitsForNoJoin(t *testing.T) {
	t.Parallel()
	for hangs, most := range map[bool]int{true: 1, false: 17} {
		lifetime(t, blank(), func(t *testing.T, b *beating) {
			b.record(rule.Bootstrapping, nil)
			if hangs {
				b.hangs = []string{"192.0.2.2"}
			}
			b.runs(4 * time.Second)
			if looks := b.sent("get", ""); looks < 10 || looks > 17 {
				t.Errorf("hangs %t: got %d looks in four seconds, want one every quarter", hangs, looks)
			}
			if got := len(b.joined); got > most || got < min(most, 10) {
				t.Errorf("hangs %t: got %d joins, want %d or a few less", hangs, got, most)
			}
			if got := b.joins.begin([]string{"192.0.2.2"}); len(got) != 1 {
				t.Errorf("hangs %t: the join is still under way after its caller has gone", hangs)
			}
		})
	}
}
