package node

import "time"

// How often a loop of heartbeats looks while it waits for something that comes soon:
// for the agent to start, for a leader in a cluster that is being born, and, where a
// server could not beat for so long that it may have been given up, for the record
// to say whether it was.
const (
	agentPause    = 250 * time.Millisecond
	birthPause    = 250 * time.Millisecond // at first, and longer the longer it takes
	maxBirthPause = time.Second
	silentPause   = 2 * time.Second
)

// agentGrace is how long an agent that is not running is no news: it starts beside
// the loop.
const agentGrace = 2 * time.Second

// timing is what a loop was told: how far its beats are apart, and after what time a
// heartbeat counts no longer.
type timing struct{ ticks, expiry time.Duration }

// schedule says when a loop beats and when it looks. It is a value: [schedule.next]
// makes the following one of it. All times are the machine's own, monotonic.
type schedule struct {
	due         time.Time // when the next beat is
	lastBeat    time.Time // when this server beat last as a server; zero: not yet
	heldSince   time.Time // since when a server's beats are held back; zero: they are not
	absentSince time.Time // since when the agent has not been running; zero: it runs
	absenceTold bool      // the operator was told so
	failing     bool      // the last turn failed
}

// Results of a turn of the loop.
type result int

const (
	succeeded result = iota
	failed           // the store or the agent did not answer as it should
	absent           // the agent is not running, or does not answer
)

// turn is what a turn of the loop was and what came of it.
type turn struct {
	began time.Time
	beat  bool // a beat was due; otherwise the loop only looked
	result
	server bool    // the agent is a server
	held   bool    // its heartbeat as a server was held back
	draw   float64 // a random number in [0, 1)
}

// beatDue reports whether a beat is due.
func (s schedule) beatDue(now time.Time) bool { return !now.Before(s.due) }

// next returns the schedule after a turn that ended now, how long to pause, and
// whether the operator is to be told that the turn was no success. That is of every
// beat that fails and of the first of several looks, and once of an agent that is
// absent for longer than it takes to start.
func (s schedule) next(now time.Time, t turn, w timing) (_ schedule, pause time.Duration, tell bool) {
	if t.beat {
		// Early rather than late: with ticks of half the expiry a late beat would leave
		// a gap that others take for silence.
		s.due = t.began.Add(w.ticks - time.Duration(t.draw*float64(w.ticks/10)))
	}
	if t.result == absent {
		if s.absentSince.IsZero() {
			s.absentSince = t.began
		}
		tell = !s.absenceTold && now.Sub(s.absentSince) >= agentGrace
		s.absenceTold = s.absenceTold || tell
		s.due, s.heldSince = t.began, time.Time{}
		return s, min(agentPause, w.ticks), tell
	}
	s.absentSince, s.absenceTold = time.Time{}, false
	wasFailing := s.failing
	s.failing = t.result == failed
	if s.failing {
		return s, s.pause(now, w), t.beat || !wasFailing
	}
	wasHeld := !s.heldSince.IsZero()
	switch {
	case t.held && !wasHeld:
		s.heldSince = now
	case !t.held:
		s.heldSince = time.Time{}
		if !t.beat && (wasHeld || t.server && s.silent(now, w)) {
			s.due = now // the beat that was held back, or could not be written
		}
		if t.beat && t.server {
			s.lastBeat = t.began // its stamp is of that time at the earliest
		}
	}
	return s, s.pause(now, w), false
}

// pause returns how long it is until the next beat, or until the next look where that
// comes first (R31, R35). The sooner the record says that there is a leader, the
// shorter another node may think of bootstrapping. Whoever takes a birth over relies on
// it that a server which has found its cluster says so within a second (R19).
func (s schedule) pause(now time.Time, w timing) time.Duration {
	look := w.ticks
	switch {
	case !s.heldSince.IsZero():
		look = min(max(birthPause, now.Sub(s.heldSince)/10), maxBirthPause)
	case s.failing && s.silent(now, w):
		look = silentPause
	}
	return max(0, min(s.due.Sub(now), look))
}

// silent reports whether it has been an expiry since this server's last beat (R35).
// Another cluster may have been started in its place, and that one's servers must not
// meet this one's data.
func (s schedule) silent(now time.Time, w timing) bool {
	return !s.lastBeat.IsZero() && now.Sub(s.lastBeat) >= w.expiry
}

// heldFor returns for how long the beats of a server have been held back.
func (s schedule) heldFor(now time.Time) time.Duration {
	if s.heldSince.IsZero() {
		return 0
	}
	return now.Sub(s.heldSince)
}
