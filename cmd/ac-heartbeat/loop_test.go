package main

import (
	"errors"
	"strings"
	"testing"
	"time"

	"auto-consul/lib/claim"
	"auto-consul/lib/storetest"
)

const (
	birth = `{"version":1,"seq":1,"write":"w","cluster_id":"c1","state":"bootstrapping","birth":"first","desired":3,"bootstrap":{"incarnation":"i2","node":"s2","address":"127.9.9.2","term":1,"since":"NOW"},"servers":[{"incarnation":"i2","node":"s2","address":"127.9.9.2","since":"NOW"},{"incarnation":"i1","node":"s1","address":"127.9.9.1","since":"NOW"}]}`
	tie   = `{"cluster_id":"c1","term":1,"desired":3,"birth":"first"}`
)

// newBirth is a server that takes part in a birth and knows no leader yet.
func newBirth(t *testing.T) *rig {
	t.Helper()
	r := newRig(t)
	r.keeps("incarnation", "i1")
	r.keeps("cluster", tie)
	r.record(birth)
	r.answers("self", blank)
	return r
}

// record writes a record whose times are those of now.
func (r *rig) record(text string) {
	r.t.Helper()
	r.put(claim.RecordKey, strings.ReplaceAll(text, "NOW", time.Now().UTC().Format(time.RFC3339)))
}

// beatsAtOnce wants the beat that was due, the next a tick later, and no word.
func (r *rig) beatsAtOnce(when string) {
	r.t.Helper()
	if pause := r.turns(); pause != 0 {
		r.t.Errorf("%s: got a pause of %v, want a beat at once", when, pause)
	}
	if pause := r.turns(); pause < 50*time.Second {
		r.t.Errorf("%s: got a pause of %v, want a tick", when, pause)
	}
	r.says()
}

// A look that fails during a birth is made again as soon as any other.
func TestTroubleWhileHeld(t *testing.T) {
	r := newBirth(t)
	r.answers("join", "")
	if pause := r.turns(); pause > time.Second {
		t.Errorf("held: got a pause of %v, want a look soon", pause)
	}
	r.says()
	r.srv.Deny(storetest.Op("get"))
	for range 3 {
		if pause := r.turns(); pause > time.Second {
			t.Errorf("no answer while held: got a pause of %v, want a look soon", pause)
		}
	}
	r.says("warning: get s3://b/r/cluster.json: access denied")
	r.srv.Deny(nil)
	r.record(strings.Replace(birth, "bootstrapping", "established", 1))
	r.answers("self", led)
	r.beatsAtOnce("no longer held")

	// Without a birth a failed beat is left to the next one, and each is reported.
	r.srv.Deny(storetest.Op("get"))
	for range 2 {
		r.due = time.Time{}
		if pause := r.turns(); pause < 50*time.Second {
			t.Errorf("no answer: got a pause of %v, want a tick", pause)
		}
		r.says("next beat in ")
	}
}

// A server that could not beat for a whole expiry may have been given up, and looks
// whether it was as soon as it can.
func TestTroubleWhileSilent(t *testing.T) {
	r := newBirth(t)
	r.record(strings.Replace(birth, "bootstrapping", "established", 1))
	r.answers("self", led)
	r.turns()
	r.srv.Deny(storetest.Op("get"))
	r.due = time.Time{}
	r.beaten = r.beaten.Add(-r.expiry)
	for range 3 {
		if pause := r.turns(); pause > silentPoll {
			t.Errorf("silent: got a pause of %v, want a look soon", pause)
		}
	}
	r.says("next look in 2s")
	r.due = time.Time{}
	r.turns()
	r.says("next look in 2s")
	r.srv.Deny(nil)
	r.beatsAtOnce("the store is back")

	// Where it was given up it ends.
	r.srv.Deny(storetest.Op("get"))
	r.beaten = r.beaten.Add(-r.expiry)
	r.turns()
	r.srv.Deny(nil)
	r.record(strings.ReplaceAll(birth, `"cluster_id":"c1"`, `"cluster_id":"c2"`))
	if _, err := r.turn(t.Context()); !errors.Is(err, claim.ErrFenced) {
		t.Errorf("got %v, want an end as fenced", err)
	}
}

// What the looks of a birth join is not in the way of an attempt.
func TestRejoinWhileHeld(t *testing.T) {
	r := newBirth(t)
	r.answers("join", "127.9.9.2")
	r.turns()
	for end := time.Now().Add(10 * time.Second); r.agent.count("PUT") == 0 || r.joining(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("nobody is joined")
		}
	}
	r.alone.due = time.Now()
	r.turns()
	r.says("t: the agent is alone; it has joined 127.9.9.2")
}

func (r *rig) joining() bool {
	r.joins.mu.Lock()
	defer r.joins.mu.Unlock()
	return len(r.joins.busy) > 0
}

// A look does not wait for those who cannot be joined.
func TestGatherWaitsForNobody(t *testing.T) {
	r := newBirth(t)
	r.answers("127.9.9.2.hang", "")
	begin := time.Now()
	for range 5 {
		r.turns()
	}
	if took := time.Since(begin); took > joinWait {
		t.Errorf("got %v for five looks", took)
	}
	for end := time.Now().Add(10 * time.Second); r.agent.count("PUT /v1/agent/join/127.9.9.2") != 1; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("sent %q, want one join", r.agent.requests())
		}
	}
}
