package e2e

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"
)

// resident is a node of the soak, whose runner an init system starts again
// whenever it ends.
type resident struct {
	*supervisedNode
	rest    time.Duration // how long the init system waits the next time
	ended   time.Time     // when the runner was seen to have ended; zero while it runs
	pauses  []pause
	leaving *process      // the command that makes it leave
	left    bool          // that has succeeded
	away    time.Duration // for how long; 0: it does not come back
	place   string        // who comes then takes it
	behind  time.Duration // so much later
}

// pause is what of a node is stopped, until when.
type pause struct {
	until time.Time
	pids  []int
}

// shortRest is how soon an init system starts again what has ended by itself.
const shortRest = time.Second

// strike kills or stops processes of the node, and says how many.
func (n *resident) strike(s step) int {
	pids, sig := n.pids(s.to), syscall.SIGKILL
	switch {
	case len(pids) == 0:
		return 0
	case s.do == "restart":
		sig, n.rest = syscall.SIGTERM, s.span
	case s.do == "stop":
		sig = syscall.SIGSTOP
		n.pauses = append(n.pauses, pause{time.Now().Add(s.span), pids})
	case s.to != "ac-heartbeat":
		n.rest = s.span
	}
	signalAny(sig, pids)
	if s.do == "kill" && s.to == "all" {
		killAll(n.t, n.id()) // what was started just now too
	}
	return len(pids)
}

// resume lets go on what has been stopped for long enough, or all of it.
func (n *resident) resume(all bool) {
	n.pauses = slices.DeleteFunc(n.pauses, func(p pause) bool {
		if !all && time.Now().Before(p.until) {
			return false
		}
		signalAny(syscall.SIGCONT, p.pids)
		return true
	})
}

// supervise does what an init system would: it starts what has ended again, once
// nothing of it is left, which nobody helps with here.
func (s *soak) supervise(n *resident) {
	n.resume(false)
	if n.leaving != nil && n.leaving.ended() {
		s.afterLeave(n)
	}
	switch {
	case !n.again.IsZero():
		if time.Now().After(n.again) {
			s.launch(n)
		}
	case !n.runner.ended():
	case n.ended.IsZero():
		n.ended = time.Now()
		s.note("%s: its runner ended with %d", n.node, n.runner.code())
		s.count(fmt.Sprintf("runner ended with %d", n.runner.code()))
		if n.runner.code() == fenced {
			s.wrong(fmt.Errorf("%s is fenced: %s", n.node, tail(n.runner.err.String())))
		}
	default:
		s.bury(n)
	}
}

func (s *soak) launch(n *resident) {
	n.again, n.ended, n.rest = time.Time{}, time.Time{}, shortRest
	s.mu.Lock()
	delete(s.away, n.node)
	s.mu.Unlock()
	n.runner = n.start(n.argv...)
	s.count("runner started")
}

// bury waits until nothing is left of a node whose runner has ended.
func (s *soak) bury(n *resident) {
	err := n.nothingLeft()
	switch {
	case len(n.pauses) > 0:
		n.ended = time.Now() // what is stopped cannot end
	case err != nil && time.Since(n.ended) > patience:
		s.wrong(err)
	case err != nil || n.leaving != nil:
	case n.left && n.away == 0:
		s.lose(n)
	default:
		s.mu.Lock()
		s.away[n.node] = time.Now()
		s.mu.Unlock()
		n.again = time.Now().Add(max(n.rest, n.away))
		n.left, n.away = false, 0
	}
}

// leave makes the node leave its cluster, from a state in which it can.
func (n *resident) leave() {
	n.resume(true)
	n.again = time.Time{}
	n.leaving = n.start(n.machine.runner("leave")...)
}

// afterLeave asks again for as long as the node could not leave.
func (s *soak) afterLeave(n *resident) {
	code := n.leaving.code()
	if code == 0 {
		s.note("%s has left", n.node)
		n.leaving, n.left = nil, true
		if len(n.pids("consul")) == 0 && !n.runner.ended() {
			n.runner.signal(syscall.SIGTERM) // it was still deciding, and would start one
		}
		if n.away == 0 {
			s.blanks = append(s.blanks, blank{time.Now().Add(n.behind), n.place})
		}
		return
	}
	s.note("%s: leave ended with %d: %s", n.node, code, strings.TrimSpace(tail(n.leaving.err.String())))
	s.count(fmt.Sprintf("leave ended with %d", code))
	n.leave()
}

// lose is for a node that never comes back.
func (s *soak) lose(n *resident) {
	s.mu.Lock()
	s.gone[n.node] = time.Now()
	s.nodes = slices.DeleteFunc(s.nodes, func(other *resident) bool { return other == n })
	s.mu.Unlock()
	if err := os.RemoveAll(n.path("data")); err != nil {
		s.t.Fatal(err)
	}
}

// blank is a blank node that has yet to come, and which place it takes.
type blank struct {
	at    time.Time
	place string
}

// perform does one step of a plan, at the node that has the place now.
func (s *soak) perform(st step) {
	if st.on == "store" {
		s.note("%v", st)
		s.count("store: " + st.to)
		s.proxy.turn(s.t, way(st.to))
		s.turned = time.Now().Add(st.span)
		return
	}
	n := s.places[st.on]
	if n == nil {
		s.note("%v: nobody is there", st)
		return
	}
	switch st.do {
	case "kill", "stop", "restart":
		hit := n.strike(st)
		s.note("%s, %v: %d processes", n.node, st, hit)
		if hit > 0 {
			s.count(st.do + " " + st.to)
		}
		return
	}
	s.note("%s, %v", n.node, st)
	s.count(st.do)
	s.places[st.on] = nil // the other steps spare what is leaving
	switch st.do {
	case "replace":
		n.resume(true)
		killAll(s.t, n.id())
		s.lose(n)
		s.blanks = append(s.blanks, blank{time.Now().Add(st.span), st.on})
	case "leave":
		n.leave()
		n.place, n.behind = st.on, st.span
	case "return":
		n.leave()
		n.away = max(st.span, shortRest)
	}
}
