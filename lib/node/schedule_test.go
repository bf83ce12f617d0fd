package node

import (
	"testing"
	"time"
)

// epoch is when a turn of the tables below begins.
var epoch = time.Date(2014, 5, 16, 9, 27, 31, 0, time.UTC)

// at returns the time so many seconds after [epoch].
func at(seconds float64) time.Time { return epoch.Add(time.Duration(seconds * float64(time.Second))) }

// Each turn began at epoch. Ticks are a minute, the expiry is two.
func TestSchedule(t *testing.T) {
	t.Parallel()
	var (
		never    time.Time
		fine     = schedule{due: at(60), lastBeat: epoch}
		failing  = schedule{due: at(60), lastBeat: epoch, failing: true}
		silent   = schedule{due: at(60), lastBeat: at(-120)}
		held     = schedule{due: at(60), withheldSince: at(-4)}
		silences = schedule{due: at(30), lastBeat: at(-120), failing: true}
	)
	for _, tt := range []struct {
		name   string
		before schedule
		turn   turn
		now    float64 // when it ended
		after  schedule
		pause  float64
		tell   bool
	}{
		// What succeeds.
		{"a server's first beat", schedule{}, turn{beat: true, server: true}, 0.5, fine, 59.5, false},
		{"a client's", schedule{}, turn{beat: true}, 0.5, schedule{due: at(60)}, 59.5, false},
		{"early by half of the jitter", schedule{}, turn{beat: true, server: true, draw: 0.5}, 0, schedule{due: at(57), lastBeat: epoch}, 57, false},
		{"early by all of it", schedule{}, turn{beat: true, draw: 1}, 0, schedule{due: at(54)}, 54, false},
		{"a beat that took longer than a tick", schedule{}, turn{beat: true}, 70, schedule{due: at(60)}, 0, false},
		{"a look", schedule{due: at(20), lastBeat: at(-40)}, turn{server: true}, 0, schedule{due: at(20), lastBeat: at(-40)}, 20, false},
		{"a client's look, long after it was a server", silent, turn{}, 0, silent, 60, false},

		// What is held back.
		{"the first beat that is held", schedule{}, turn{beat: true, server: true, withheld: true}, 1, schedule{due: at(60), withheldSince: at(1)}, 0.25, false},
		{"a look while held", held, turn{server: true, withheld: true}, 0, held, 0.4, false},
		{"a beat while held", held, turn{beat: true, server: true, withheld: true}, 1, held, 0.5, false},
		{"held no longer, at a look: beat now", held, turn{server: true}, 1, schedule{due: at(1)}, 0, false},
		{"held no longer, at a beat: it was written", held, turn{beat: true, server: true}, 1, fine, 59, false},
		{"a look while held fails", held, turn{server: true, withheld: true, result: failed}, 0, schedule{due: at(60), withheldSince: at(-4), failing: true}, 0.4, true},

		// What fails.
		{"a beat", fine, turn{beat: true, server: true, result: failed}, 1, failing, 59, true},
		{"another beat", failing, turn{beat: true, server: true, result: failed}, 1, failing, 59, true},
		{"a first look", fine, turn{server: true, result: failed}, 1, failing, 59, true},
		{"another look", failing, turn{server: true, result: failed}, 1, failing, 59, false},
		{"the look after them does not", failing, turn{server: true}, 1, fine, 59, false},

		// A server that has been silent for an expiry.
		{"a beat that fails", silences, turn{beat: true, server: true, result: failed}, 0, schedule{due: at(60), lastBeat: at(-120), failing: true}, 2, true},
		{"a moment before that", schedule{due: at(30), lastBeat: at(-119.5), failing: true}, turn{server: true, result: failed}, 0, schedule{due: at(30), lastBeat: at(-119.5), failing: true}, 30, false},
		{"a look that fails", silences, turn{server: true, result: failed}, 0, silences, 2, false},
		{"a look that fails before a beat", schedule{due: at(1), lastBeat: at(-120), failing: true}, turn{server: true, result: failed}, 0, schedule{due: at(1), lastBeat: at(-120), failing: true}, 1, false},
		{"a look that succeeds: beat now", silences, turn{server: true}, 1, schedule{due: at(1), lastBeat: at(-120)}, 0, false},

		// An agent that is not running.
		{"for the first time", fine, turn{beat: true, result: absent}, 0.5, schedule{due: epoch, lastBeat: epoch, absentSince: epoch}, 0.25, false},
		{"while held", held, turn{result: absent}, 0, schedule{due: epoch, absentSince: epoch}, 0.25, false},
		{"for less than two seconds", schedule{absentSince: at(-1.5)}, turn{beat: true, result: absent}, 0.4, schedule{due: epoch, absentSince: at(-1.5)}, 0.25, false},
		{"for two", schedule{absentSince: at(-1.5)}, turn{beat: true, result: absent}, 0.5, schedule{due: epoch, absentSince: at(-1.5), absenceTold: true}, 0.25, true},
		{"one that answered nothing for five", fine, turn{beat: true, result: absent}, 5, schedule{due: epoch, lastBeat: epoch, absentSince: epoch, absenceTold: true}, 0.25, true},
		{"for longer", schedule{absentSince: at(-9), absenceTold: true}, turn{beat: true, result: absent}, 0, schedule{due: epoch, absentSince: at(-9), absenceTold: true}, 0.25, false},
		{"it runs", schedule{due: epoch, absentSince: at(-9), absenceTold: true}, turn{beat: true, server: true}, 0, fine, 60, false},
		{"it runs, and the store fails", schedule{due: epoch, absentSince: at(-9), absenceTold: true}, turn{beat: true, server: true, result: failed}, 0, schedule{due: at(60), failing: true}, 60, true},
	} {
		tt.turn.began = epoch
		after, pause, tell := tt.before.next(at(tt.now), tt.turn, timing{time.Minute, 2 * time.Minute})
		if after != tt.after {
			t.Errorf("%s: got\n%+v, want\n%+v", tt.name, after, tt.after)
		}
		if want := time.Duration(tt.pause * float64(time.Second)); pause != want || tell != tt.tell {
			t.Errorf("%s: got a pause of %v, told %t; want %v, %t", tt.name, pause, tell, want, tt.tell)
		}
	}
	if !(schedule{due: never}).beatDue(epoch) || !fine.beatDue(at(60)) || fine.beatDue(at(59.9)) {
		t.Error("got a beat that is not due when it is, or the other way round")
	}
}

// Short ticks shorten all pauses.
func TestScheduleOfShortTicks(t *testing.T) {
	t.Parallel()
	short := timing{20 * time.Millisecond, 2 * time.Second}
	for name, tt := range map[string]struct {
		before schedule
		turn   turn
	}{
		"absent": {schedule{}, turn{result: absent}},
		"silent": {schedule{lastBeat: at(-2), failing: true}, turn{beat: true, server: true, result: failed}},
		"held":   {schedule{}, turn{beat: true, server: true, withheld: true}},
	} {
		tt.turn.began = epoch
		if _, pause, _ := tt.before.next(epoch, tt.turn, short); pause != short.ticks {
			t.Errorf("%s: got a pause of %v, want %v", name, pause, short.ticks)
		}
	}
}

func TestHeldFor(t *testing.T) {
	t.Parallel()
	for since, want := range map[time.Time]time.Duration{{}: 0, at(-3): 3 * time.Second} {
		if got := (schedule{withheldSince: since}).withheldFor(epoch); got != want {
			t.Errorf("held since %v: got %v, want %v", since, got, want)
		}
	}
}
