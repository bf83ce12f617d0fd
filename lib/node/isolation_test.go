package node

import (
	"testing"
	"time"
)

func TestIsolation(t *testing.T) {
	t.Parallel()
	first := isolation{since: epoch, due: at(5), pause: 5 * time.Second}
	then := func(due float64, pause time.Duration) isolation {
		return isolation{since: epoch, due: at(due), pause: pause * time.Second, tried: true}
	}
	for _, tt := range []struct {
		name   string
		before isolation
		now    float64
		alone  bool
		ticks  time.Duration
		after  isolation
		join   bool
	}{
		{"not alone", isolation{}, 0, false, time.Minute, isolation{}, false},
		{"alone for the first time", isolation{}, 0, true, time.Minute, first, false},
		{"for less than five seconds", first, 4.9, true, time.Minute, first, false},
		{"for five", first, 5, true, time.Minute, then(15, 10), true},
		{"late", first, 7, true, time.Minute, then(17, 10), true},
		{"before the second attempt", then(15, 10), 14.9, true, time.Minute, then(15, 10), false},
		{"the second", then(15, 10), 15, true, time.Minute, then(35, 20), true},
		{"the third", then(35, 20), 35, true, time.Minute, then(75, 40), true},
		{"no rarer than the ticks", then(75, 40), 75, true, time.Minute, then(135, 60), true},
		{"and so on", then(135, 60), 135, true, time.Minute, then(195, 60), true},
		{"short ticks: no more often than the first", first, 5, true, time.Second, then(10, 5), true},
		{"found", then(135, 60), 80, false, time.Minute, isolation{}, false},
	} {
		after, join := tt.before.next(at(tt.now), tt.alone, tt.ticks)
		if after != tt.after || join != tt.join {
			t.Errorf("%s: got %+v, %t; want %+v, %t", tt.name, after, join, tt.after, tt.join)
		}
	}
}
