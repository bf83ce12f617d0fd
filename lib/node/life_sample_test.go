package node

import (
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"auto-consul/lib/rule"
	"auto-consul/lib/storetest"
)

// Draws that have a client of a sample beat, and leave a beat out.
const (
	drawsBeat = 0.0
	drawsNone = 0.999
)

// inCrowd is one of a hundred clients of three servers.
func inCrowd() Status { return Status{Node: "a1", Address: "192.0.2.9", Members: 103, KnownServers: 3} }

// sampled runs a test of a node where a sample of ten clients is wanted. It leaves
// beats out if it may.
func sampled(t *testing.T, status Status, test func(t *testing.T, b *beating)) {
	t.Helper()
	lifetime(t, status, func(t *testing.T, b *beating) {
		b.Sample = 10
		b.draws(drawsNone)
		b.record(rule.Established, nil)
		test(t, b)
	})
}

// draws has all random numbers from now on be one.
func (b *beating) draws(number float64) { b.set(func() { b.drawn = number }) }

// pass lets time go by for a loop that was started.
func (b *beating) pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// wants wants so many requests of each kind since it was asked last, and no others.
func (b *beating) wants(gets, puts, deletes int) {
	b.t.Helper()
	b.wantSent("get", "", gets)
	b.wantSent("put", "", puts)
	b.wantSent("delete", "", deletes)
	if got, want := b.srv.Count(nil), gets+puts+deletes; got != want {
		b.t.Errorf("got %d requests, want %d", got, want)
	}
	b.srv.Forget()
}

// A beat that a client leaves out costs no request, but for one removal of what it
// wrote before, and nothing is printed (R47). A beat costs what any client's does.
func TestLifeLeavesBeatsOut(t *testing.T) {
	t.Parallel()
	sampled(t, inCrowd(), func(t *testing.T, b *beating) {
		b.starts()
		b.pass(time.Second)
		b.wants(1, 1, 0)
		b.pass(testExpiry - time.Second)
		b.wants(0, 0, 0)
		b.pass(testTicks + 2*time.Second)
		b.wants(0, 0, 1)
		b.pass(time.Hour)
		b.wants(0, 0, 0)
		b.draws(drawsBeat)
		b.pass(testTicks)
		b.wants(1, 1, 0)
		if got := len(b.printed); got != 2 {
			t.Errorf("got %d documents, want one for each beat", got)
		}
		b.says()
	})
}

// These beat at every tick, whatever is drawn (R47).
func TestLifeLeavesNoBeatOut(t *testing.T) {
	t.Parallel()
	change := func(change func(*Status)) Status {
		status := inCrowd()
		change(&status)
		return status
	}
	for name, tt := range map[string]struct {
		status Status
		sample int
	}{
		"no sample":             {inCrowd(), 0},
		"few clients":           {inCrowd(), 100},
		"how many, not known":   {change(func(s *Status) { s.Members = 0 }), 10},
		"a server":              {led(), 10},
		"no server is known":    {change(func(s *Status) { s.KnownServers = 0 }), 10},
		"the name of a slot":    {change(func(s *Status) { s.Node = "s2" }), 10},
		"the address of a slot": {change(func(s *Status) { s.Address = "192.0.2.2" }), 10},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sampled(t, tt.status, func(_ *testing.T, b *beating) {
				b.Sample = tt.sample
				b.starts()
				b.pass(5 * testTicks)
				b.wantSent("put", "agents/", 6)
			})
		})
	}
}

// A single beat is left out by nobody: it does not know how often it is asked for (R47).
func TestLifeBeatsOnce(t *testing.T) {
	t.Parallel()
	sampled(t, inCrowd(), func(t *testing.T, b *beating) {
		for range 3 {
			if err := b.Beater.Beat(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		b.wants(3, 3, 0)
	})
}

// A client must have read the record before it leaves beats out: it beats again after
// a beat that failed, and when its agent was away or is another (R47).
func TestLifeReadsTheRecordFirst(t *testing.T) {
	t.Parallel()
	sampled(t, inCrowd(), func(_ *testing.T, b *beating) {
		b.srv.Deny(storetest.Op("put"))
		b.starts()
		b.pass(3*testTicks - 30*time.Second)
		b.wants(3, 3, 0)
		b.srv.Deny(nil)
		b.pass(testTicks)
		b.wants(1, 1, 0)
		b.pass(testTicks)
		b.wants(0, 0, 0)
		b.set(func() { b.absent = ErrNotRunning })
		b.pass(testTicks)
		b.set(func() { b.absent = nil })
		b.pass(time.Second)
		b.wants(1, 1, 1)
		b.set(func() { b.status.Address = "192.0.2.10" })
		b.pass(testTicks)
		b.wants(1, 1, 0)
	})
}

// A beat that was drawn and failed is tried again at the next tick, whatever is drawn
// then, as standard error has said (R47).
func TestLifeTriesADrawnBeatAgain(t *testing.T) {
	t.Parallel()
	sampled(t, inCrowd(), func(t *testing.T, b *beating) {
		b.starts()
		b.pass(time.Second)
		b.wants(1, 1, 0)
		b.srv.Deny(storetest.Op("put"))
		b.draws(drawsBeat)
		b.pass(testTicks)
		b.wants(1, 1, 0)
		b.says("next beat in 1m0s")
		b.srv.Deny(nil)
		b.draws(drawsNone)
		b.pass(testTicks)
		b.wants(1, 1, 0)
		b.pass(testTicks)
		b.wants(0, 0, 1)
	})
}

// Where a slot has taken a client's address, each of its beats counts from the next one
// on that reads the record, and no longer when the slot has gone (R10, R47).
func TestLifeAtASlotsAddress(t *testing.T) {
	t.Parallel()
	sampled(t, inCrowd(), func(_ *testing.T, b *beating) {
		taken := func(r *rule.Record) { r.Servers[0].Address = b.status.Address }
		b.starts()
		b.pass(time.Second)
		b.record(rule.Established, taken)
		b.pass(time.Hour)
		b.wantSent("put", "", 0)
		b.draws(drawsBeat)
		b.pass(testTicks)
		b.draws(drawsNone)
		b.srv.Forget()
		b.pass(10 * testTicks)
		if got := b.sent("put", ""); got < 10 {
			t.Errorf("got %d beats in ten ticks, want one at each", got)
		}
		b.record(rule.Established, nil)
		b.pass(testTicks)
		b.wantSent("put", "", 1) // which reads the new record
		b.pass(time.Hour)
		b.wantSent("put", "", 1)
	})
}

// What cannot be removed is tried once, and again with the next beat alone (R47).
func TestLifeLeavesRemovalsToTheNextBeat(t *testing.T) {
	t.Parallel()
	sampled(t, inCrowd(), func(t *testing.T, b *beating) {
		b.starts()
		b.pass(time.Second)
		b.srv.Deny(storetest.Op("delete"))
		b.srv.Forget()
		b.pass(time.Hour)
		b.wants(0, 0, 1)
		b.says("warning: remove own expired heartbeats: delete s3://b/r/agents/")
		b.srv.Deny(nil)
		b.draws(drawsBeat)
		b.pass(testTicks)
		b.wants(1, 1, 1)
		if len(b.written) != 1 {
			t.Errorf("got %v left to be removed, want the last heartbeat alone", b.written)
		}
	})
}

// In the long run each beat is one reading, one write and one removal, and between them
// one of a thousand clients asks the store nothing (R47).
func TestLifeOfOneOfMany(t *testing.T) {
	t.Parallel()
	crowd := inCrowd()
	crowd.Members = 1003
	sampled(t, crowd, func(t *testing.T, b *beating) {
		b.Random.Draw = rand.New(rand.NewPCG(47, 2)).Float64
		b.starts()
		b.pass(14 * 24 * time.Hour)
		puts := b.sent("put", "")
		if puts < 60 || puts > 180 { // of more than 20,000 ticks
			t.Errorf("got %d beats in two weeks, want about 106", puts)
		}
		b.wants(puts, puts, puts-len(b.written))
		if len(b.written) > 1 {
			t.Errorf("got %v left to be removed, want one at most", b.written)
		}
	})
}
