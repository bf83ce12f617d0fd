package main

import (
	"testing"
	"time"

	"auto-consul/lib/storetest"
)

// Where nothing may be removed a beat stays a few requests for ever, and what can
// be removed later still is.
func TestBeatsThatCannotRemove(t *testing.T) {
	r := newRig(t)
	r.answers("self", befriended)
	now := time.Now()
	r.srv.SetClock(func() time.Time { return now })
	r.srv.Deny(storetest.Op("delete"))
	beats := func() int {
		before := r.srv.Count(storetest.Op("delete"))
		r.due = time.Time{}
		r.turns()
		now = now.Add(r.expiry)
		return r.srv.Count(storetest.Op("delete")) - before
	}
	for range 3 * keepTrying {
		beats()
	}
	if got := beats(); got > keepTrying+1 {
		t.Errorf("got %d removals tried with one beat, want %d at most", got, keepTrying+1)
	}
	r.srv.Deny(nil)
	beats()
	if got := len(r.written); got != 1 {
		t.Errorf("got %d keys still to be removed, want the one just written", got)
	}
}
