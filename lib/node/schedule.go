package node

import "time"

// How often a loop of heartbeats looks while it waits for something that comes soon.
const (
	// agentPause is for an agent that is about to start.
	agentPause = 250 * time.Millisecond
	// birthPause is for a leader of a cluster that is being born: at first, and longer
	// the longer it takes, up to maxBirthPause (R31).
	birthPause    = 250 * time.Millisecond
	maxBirthPause = time.Second
	// silentPause is for the record, which tells a server that could not beat for an
	// expiry whether it was given up (R35).
	silentPause = 2 * time.Second
	// leaderlessPause is for the record, which tells a server without a leader whether the
	// recovery of its quorum was typed (R56).
	leaderlessPause = 5 * time.Second
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
	due           time.Time // when the next beat is
	lastBeat      time.Time // when this server beat last as a server; zero: not yet
	withheldSince time.Time // since when a server does not beat as one (R31); zero: it does
	absentSince   time.Time // since when the agent has not been running; zero: it runs
	absenceTold   bool      // the operator was told so
	failing       bool      // the last turn failed
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
	server   bool    // the agent is a server
	withheld bool    // it did not beat as a server (R31)
	draw     float64 // a random number in [0, 1)
}

// beatDue reports whether a beat is due.
func (s schedule) beatDue(now time.Time) bool { return !now.Before(s.due) }

// next returns the schedule after a turn that ended now, how long to pause, and whether
// the operator is to be told that the turn was no success: of every beat that failed, of
// the first of several looks that failed, and once of an agent that has been absent for
// [agentGrace].
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
		s.due, s.withheldSince = t.began, time.Time{}
		return s, min(agentPause, w.ticks), tell
	}
	s.absentSince, s.absenceTold = time.Time{}, false
	wasFailing := s.failing
	s.failing = t.result == failed
	if s.failing {
		return s, s.pause(now, w), t.beat || !wasFailing
	}
	wasWithheld := !s.withheldSince.IsZero()
	switch {
	case t.withheld && !wasWithheld:
		s.withheldSince = now
	case !t.withheld:
		s.withheldSince = time.Time{}
		if !t.beat && (wasWithheld || t.server && s.silent(now, w)) {
			s.due = now // the beat as a server that was withheld, or could not be written
		}
		if t.beat && t.server {
			s.lastBeat = t.began // its stamp is of that time at the earliest
		}
	}
	return s, s.pause(now, w), false
}

// pause returns how long it is until the next beat, or until the next look where that
// comes first (R31, R35). The sooner the record says that there is a leader, the shorter
// another node might take the birth over. That rule relies on it that a server which has
// found its cluster says so within a second (R19).
func (s schedule) pause(now time.Time, w timing) time.Duration {
	look := w.ticks
	switch {
	case !s.withheldSince.IsZero():
		look = min(max(birthPause, now.Sub(s.withheldSince)/10), maxBirthPause)
	case s.failing && s.silent(now, w):
		look = silentPause
	}
	return max(0, min(s.due.Sub(now), look))
}

// silent reports whether it has been an expiry since this server's last beat (R35).
// After that long another cluster may have replaced this one, so the record is read
// often until it says whether it has.
func (s schedule) silent(now time.Time, w timing) bool {
	return !s.lastBeat.IsZero() && now.Sub(s.lastBeat) >= w.expiry
}

// withheldFor returns for how long a server has not beaten as one (R31).
func (s schedule) withheldFor(now time.Time) time.Duration {
	if s.withheldSince.IsZero() {
		return 0
	}
	return now.Sub(s.withheldSince)
}
