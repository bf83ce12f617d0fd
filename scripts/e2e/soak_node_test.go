package e2e

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"
)

// shortPause is how soon an init system starts again what has ended by itself.
const shortPause = time.Second

// soakState is what the soak knows of a node since its runner was started.
type soakState struct {
	pause   time.Duration // how long the init system waits the next time
	ended   time.Time     // when the runner was seen to have ended; zero while it runs
	leaving *process      // the command that makes the node leave; nil if it is not to
	leave   step          // why it leaves
	left    bool          // it has left
}

// event ends a fault at a time to come.
type event struct {
	at   time.Time
	node *supervisedNode // whose processes are stopped until then; nil for other faults
	do   func()
}

// after makes a fault end after a while.
func (s *soak) after(span time.Duration, n *supervisedNode, do func()) {
	s.events = append(s.events, event{time.Now().Add(span), n, do})
}

// end ends the faults that match.
func (s *soak) end(match func(event) bool) {
	s.events = slices.DeleteFunc(s.events, func(e event) bool {
		if !match(e) {
			return false
		}
		e.do()
		return true
	})
}

// concerns reports whether the event ends a fault of this node.
func (n *supervisedNode) concerns(e event) bool { return e.node == n }

// now returns the nodes that are to run now, and since when nothing runs of others.
func (s *soak) now() (nodes []*supervisedNode, down map[string]time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.nodes), maps.Clone(s.down)
}

// tick does what is due.
func (s *soak) tick() {
	s.t.Helper()
	if s.t.Failed() {
		s.t.Fatalf("failed after %v", time.Since(s.begin))
	}
	nodes, _ := s.now()
	for _, n := range nodes {
		s.supervise(n)
	}
	s.end(func(e event) bool { return time.Now().After(e.at) })
	if s.operation != nil {
		s.operate()
	}
}

// supervise does what an init system would: it starts the runner again when it has ended
// and nothing of the node is left, which it does not kill.
func (s *soak) supervise(n *supervisedNode) {
	if n.leaving != nil && !n.left && n.leaving.ended() {
		s.leaveEnded(n)
	}
	switch {
	case !n.again.IsZero():
		if time.Now().After(n.again) {
			s.launch(n)
		}
	case !n.runner.ended():
	case n.ended.IsZero():
		n.ended = time.Now()
		s.logf("%s: its runner ended with %d", n.node, n.runner.code())
		s.count(fmt.Sprintf("runner ended with %d", n.runner.code()))
		if n.runner.code() == fenced {
			s.t.Errorf("%s is fenced: %s", n.node, tail(n.runner.err.String()))
		}
	default:
		s.runnerEnded(n)
	}
}

// launch starts the runner.
func (s *soak) launch(n *supervisedNode) {
	n.again, n.soakState = time.Time{}, soakState{pause: shortPause}
	s.mu.Lock()
	delete(s.down, n.node)
	s.mu.Unlock()
	n.runner = n.start(n.argv...)
	s.count("runner started")
}

// runnerEnded waits until nothing is left of a node whose runner has ended.
func (s *soak) runnerEnded(n *supervisedNode) {
	err := n.nothingLeft()
	switch {
	case slices.ContainsFunc(s.events, n.concerns):
		n.ended = time.Now() // processes that are stopped cannot end
	case err != nil && time.Since(n.ended) > patience:
		s.t.Error(err)
	case err != nil || n.leaving != nil && !n.left:
	case n.left && n.leave.fault == "leave":
		s.remove(n)
	default:
		s.mu.Lock()
		defer s.mu.Unlock()
		s.down[n.node] = time.Now()
		n.again = time.Now().Add(n.pause)
	}
}

// remove takes a node that does not come back off the list, and removes its data.
func (s *soak) remove(n *supervisedNode) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.down[n.node] = time.Now()
	s.nodes = slices.DeleteFunc(s.nodes, func(other *supervisedNode) bool { return other == n })
	if err := os.RemoveAll(n.path("data")); err != nil {
		s.t.Fatal(err)
	}
}

// replace makes a blank node take a place after a while.
func (s *soak) replace(st step) {
	s.after(st.span, nil, func() {
		n := s.add()
		s.places[st.place] = n
		s.logf("%s: %s starts", st.place, n.node)
	})
}

// startLeave runs the command that makes the node leave its cluster.
func (s *soak) startLeave(n *supervisedNode) {
	s.end(n.concerns)
	n.again = time.Time{}
	n.leaving = n.start(n.machine.runner("leave")...)
}

// leaveEnded repeats the command until the node has left.
func (s *soak) leaveEnded(n *supervisedNode) {
	code := n.leaving.code()
	if code != 0 {
		s.logf("%s: leave ended with %d: %s", n.node, code, strings.TrimSpace(tail(n.leaving.err.String())))
		s.count(fmt.Sprintf("leave ended with %d", code))
		s.startLeave(n)
		return
	}
	s.logf("%s has left", n.node)
	n.left, n.pause = true, max(n.leave.span, shortPause)
	if len(n.pids("consul")) == 0 && !n.runner.ended() {
		n.runner.signal(syscall.SIGTERM) // it is still deciding, and would start an agent
	}
	if n.leave.fault == "leave" {
		s.replace(n.leave)
	}
}

// perform begins a fault at the node that has the place now.
func (s *soak) perform(st step) {
	s.logf("%v", st)
	n := s.places[st.place]
	do, target, _ := strings.Cut(st.fault, " ")
	switch {
	case st.place == "store":
		s.proxy.set(st.fault)
		s.after(st.span, nil, func() {
			s.proxy.set("pass")
			s.logf("store: pass")
		})
	case st.fault == "lose":
		s.lose(st.span)
	case st.place == "operator":
		s.operation = &operation{verb: st.fault, node: s.places[s.plan.victim], begin: time.Now(), gone: strings.Fields(nodeNames(s.gone))}
	case st.fault == "start":
		s.replace(st)
	case n == nil:
		s.logf("no node is at this place")
		return
	case target != "":
		pids := n.pids(target)
		if len(pids) == 0 {
			s.logf("no process of %s runs %s", n.node, target)
			return
		}
		s.strike(n, do, target, st.span, pids)
	case do == "replace":
		s.places[st.place] = nil // no other fault is for this node
		s.end(n.concerns)
		killAll(s.t, n.id())
		s.remove(n)
		s.replace(st)
	case do == "die":
		s.places[st.place] = nil
		s.end(n.concerns)
		killAll(s.t, n.id())
		s.remove(n)
		s.missing++
	default:
		s.places[st.place] = nil
		n.leave = st
		s.startLeave(n)
	}
	s.count("fault: " + st.fault)
}

// strike kills, stops or restarts processes of the node.
func (s *soak) strike(n *supervisedNode, do, target string, span time.Duration, pids []int) {
	signals := map[string]syscall.Signal{"kill": syscall.SIGKILL, "stop": syscall.SIGSTOP, "restart": syscall.SIGTERM}
	signalAny(signals[do], pids)
	if do == "stop" {
		s.after(span, n, func() { signalAny(syscall.SIGCONT, pids) })
		return
	}
	if target != "ac-heartbeat" {
		n.pause = span
	}
	if target == "all" {
		killAll(s.t, n.id()) // what was started since too
	}
}
