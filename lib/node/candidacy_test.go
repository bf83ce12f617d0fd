package node

import (
	"testing"
	"time"
)

// A client looks in the registry when its agent has known too few servers for a while
// and for a second more for each client, times what is drawn; then after as long again,
// and then after twice as long, up to ten times (R48). The while of the table is a minute.
func TestCandidacy(t *testing.T) {
	t.Parallel()
	const few, enough = true, false
	waits := candidacy{since: epoch, due: at(60), pause: time.Minute}
	for _, tt := range []struct {
		name    string
		before  candidacy
		now     float64
		few     bool
		clients int
		draw    float64
		after   candidacy
		look    bool
	}{
		{"enough", candidacy{}, 0, enough, 9, 0.5, candidacy{}, false},
		{"too few for the first time", candidacy{}, 0, few, 0, 0.5, waits, false},
		{"and it draws nothing", candidacy{}, 0, few, 9, 0, waits, false},
		{"one of ten", candidacy{}, 0, few, 10, 0.5, candidacy{since: epoch, due: at(65), pause: time.Minute}, false},
		{"one of thousands", candidacy{}, 0, few, 3000, 0.75, candidacy{since: epoch, due: at(60 + 2250), pause: time.Minute}, false},
		{"just before", waits, 59.9, few, 10, 0.5, waits, false},
		{"the first look", waits, 60, few, 0, 0.5, candidacy{since: epoch, due: at(120), pause: 2 * time.Minute}, true},
		{"the first look of ten comes late", waits, 63, few, 10, 0.5, candidacy{since: epoch, due: at(128), pause: 2 * time.Minute}, true},
		{"the second look", candidacy{since: epoch, due: at(120), pause: 2 * time.Minute}, 120, few, 0, 0, candidacy{since: epoch, due: at(240), pause: 4 * time.Minute}, true},
		{"the pause grows to ten minutes", candidacy{since: epoch, due: at(960), pause: 8 * time.Minute}, 960, few, 0, 0, candidacy{since: epoch, due: at(1440), pause: 10 * time.Minute}, true},
		{"and stays so", candidacy{since: epoch, due: at(1440), pause: 10 * time.Minute}, 1440, few, 0, 0, candidacy{since: epoch, due: at(2040), pause: 10 * time.Minute}, true},
		{"enough again before a look", waits, 59, enough, 9, 0.5, candidacy{}, false},
		{"enough again when a look is due", waits, 60, enough, 9, 0.5, candidacy{filled: at(60), again: 1}, false},
		{"enough again", candidacy{since: epoch, due: at(120), pause: 2 * time.Minute}, 90, enough, 9, 0.5, candidacy{filled: at(90), again: 1}, false},
		{"enough still", candidacy{filled: at(60), again: 1}, 90, enough, 9, 0.5, candidacy{filled: at(60), again: 1}, false},
	} {
		after, look := tt.before.next(at(tt.now), tt.few, time.Minute, tt.clients, tt.draw)
		if after != tt.after || look != tt.look {
			t.Errorf("%s: got\n%+v, look %t, want\n%+v, %t", tt.name, after, look, tt.after, tt.look)
		}
	}
	if got := waits.fewFor(at(7)); got != 7*time.Second {
		t.Errorf("got too few for %v, want 7s", got)
	}
	if got := (candidacy{}).fewFor(at(7)); got != 0 {
		t.Errorf("got too few for %v, want never", got)
	}
}

// Where places that were taken are soon vacant again, a client waits for twice as long each
// time from the third on, up to 32 times. What lasts for nine of the table's minutes was not
// in vain (R51).
func TestCandidacyInVain(t *testing.T) {
	t.Parallel()
	var c candidacy
	now := 0.0
	for n, minutes := range []float64{1, 1, 2, 4, 8, 16, 32, 32} {
		c, _ = c.next(at(now), true, time.Minute, 10, 0)
		if got := c.due.Sub(at(now)).Minutes(); got != minutes {
			t.Errorf("vacancy %d: got a look after %v minutes, want %v", n+1, got, minutes)
		}
		now += 60 * minutes
		c, _ = c.next(at(now), true, time.Minute, 10, 0)
		c, _ = c.next(at(now+5), false, time.Minute, 10, 0)
		now += 5 + 500
		c, _ = c.next(at(now), false, time.Minute, 10, 0)
		// One that is away for a moment only was not in vain, and changes nothing.
		c, _ = c.next(at(now+5), true, time.Minute, 10, 0)
		c, _ = c.next(at(now+10), false, time.Minute, 10, 0)
		now += 20
	}
	now += 540
	if c, _ = c.next(at(now), true, time.Minute, 10, 0); c.due != at(now+60) {
		t.Errorf("got a look after %v, want a minute again", c.due.Sub(at(now)))
	}
}

// The agent is asked every five seconds, and when a look at the registry is due (R48).
func TestCandidacyUntilAsk(t *testing.T) {
	t.Parallel()
	waits := candidacy{since: epoch, due: at(60), pause: time.Minute}
	for _, tt := range []struct {
		candidacy
		now  float64
		want time.Duration
	}{
		{candidacy{}, 0, candidatePause},
		{waits, 0, candidatePause},
		{waits, 58, 2 * time.Second},
		{waits, 60, candidatePause}, // a look that was due and could not be taken
	} {
		if got := tt.untilAsk(at(tt.now)); got != tt.want {
			t.Errorf("%+v at %v s: got %v, want %v", tt.candidacy, tt.now, got, tt.want)
		}
	}
}

// A vacant place is left to nodes that start for an expiry, unless that is said (R48).
func TestGrace(t *testing.T) {
	t.Parallel()
	for grace, want := range map[time.Duration]time.Duration{0: testExpiry, time.Second: time.Second, time.Hour: time.Hour} {
		if got := (&Beater{Expiry: testExpiry, Grace: grace}).grace(); got != want {
			t.Errorf("told %v: got %v, want %v", grace, got, want)
		}
	}
}
