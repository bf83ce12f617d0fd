package node

import (
	"testing"
	"time"
)

// While a server's heartbeats are held the loop reads the record every 250 ms at
// first and then with pauses that grow with the time that it has held (R31), up to a
// second: who takes a birth over relies on it that a server which found its cluster
// says so by then (R19). The beat comes first where it is due sooner.
func TestHeldPause(t *testing.T) {
	t.Parallel()
	start := time.Now()
	for _, tt := range []struct {
		held, due, want time.Duration
	}{
		{0, time.Minute, 250 * time.Millisecond},
		{2500 * time.Millisecond, time.Minute, 250 * time.Millisecond},
		{5 * time.Second, time.Minute, 500 * time.Millisecond},
		{10 * time.Second, time.Minute, time.Second},
		{time.Hour, time.Minute, time.Second},
		{time.Hour, 300 * time.Millisecond, 300 * time.Millisecond},
	} {
		now := start.Add(tt.held)
		s := schedule{withheldSince: start, due: now.Add(tt.due)}
		_, got, _ := s.next(now, turn{began: now, server: true, withheld: true}, timing{time.Minute, 2 * time.Minute})
		if got != tt.want {
			t.Errorf("held for %v, next beat in %v: got a pause of %v, want %v", tt.held, tt.due, got, tt.want)
		}
	}
}
