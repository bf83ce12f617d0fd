package e2e

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"
)

const (
	soakNodes   = 5
	soakServers = 3
	soakExpiry  = 12 * time.Second // of heartbeats
)

// soakPlaces are the roles of the nodes in one round, the servers' first.
var soakPlaces = []string{"leader", "follower1", "follower2", "client1", "client2"}

// Faults of processes: those that take the node's agent away for a while, and those
// that the agent does not notice. "auto-consul" is the runner, "all" a power failure.
var (
	breaking = []string{"kill auto-consul", "kill consul", "kill all", "stop consul", "stop all", "restart auto-consul"}
	harmless = []string{"kill ac-heartbeat", "stop ac-heartbeat", "stop auto-consul"}
)

// What happens to the servers in a round. All can be broken only if all come back, but for
// the losses, after which the operator brings the cluster back.
const (
	noneBroken  = "no server is broken" // clients may be replaced
	oneBroken   = "one server is broken"
	allBroken   = "all servers are broken"
	oneReplaced = "one server dies for good and is replaced"
	oneDied     = "one server dies for good and nobody replaces it"
	oneLeft     = "one server leaves and is replaced"
	oneReturned = "one server leaves and returns"
	quorumLost  = "two servers die for good at once"
	disksLost   = "all servers die for good at once"
)

// soakThemes are what is drawn from, the more often the more often it stands here.
var soakThemes = []string{
	noneBroken, oneBroken, oneBroken, allBroken, oneReplaced, oneReplaced, oneDied, oneLeft, oneReturned, quorumLost, disksLost,
}

// step is one fault.
type step struct {
	at    time.Duration // since the start of the round
	place string        // one of soakPlaces, or store; servers for all that are lost at once, operator
	fault string        // breaking or harmless; replace, die, leave, return, lose or start; for the store a proxy's mode
	span  time.Duration // how long it lasts, or until the node or the one that replaces it starts, or a lag
}

func (s step) String() string {
	return fmt.Sprintf("%s: %s for %v", s.place, s.fault, s.span.Round(time.Millisecond))
}

type plan struct {
	theme  string
	victim string   // the one server that is broken; if the quorum is lost, the one that is not
	gone   []string // the servers that are lost at once
	steps  []step   // by time
}

// drawPlan draws a round with one of the themes, whose faults begin within the window.
func drawPlan(r *rand.Rand, window time.Duration, themes ...string) plan {
	p := plan{theme: oneOf(r, themes...), victim: oneOf(r, "leader", "leader", "follower1", "follower2")}
	add := func(place string, faults ...string) {
		p.steps = append(p.steps, step{below(r, window), place, oneOf(r, faults...), drawSpan(r)})
	}
	addSome := func(most int, place string) {
		for range r.IntN(most + 1) {
			add(place, slices.Concat(breaking, harmless)...)
		}
	}
	switch p.theme {
	case oneBroken:
		add(p.victim, breaking...)
		addSome(3, p.victim)
	case allBroken:
		for _, server := range soakPlaces[:soakServers] {
			add(server, breaking...)
		}
	case oneReplaced:
		addSome(1, p.victim)
		add(p.victim, "replace")
		p.steps[len(p.steps)-1].span = drawReplacement(r)
	case oneDied:
		addSome(1, p.victim)
		add(p.victim, "die")
	case oneLeft:
		add(p.victim, "leave")
	case oneReturned:
		add(p.victim, "return")
	case quorumLost, disksLost:
		p.drawLoss(r, window)
	}
	for _, server := range soakPlaces[:soakServers] {
		if r.IntN(2) == 0 {
			add(server, harmless...)
		}
	}
	for _, client := range soakPlaces[soakServers:] {
		addSome(3, client)
		// A blank node would take over from a server that is away, which then is one too many.
		if p.theme == noneBroken && r.IntN(2) == 0 {
			add(client, "replace", "leave")
		}
	}
	at := time.Duration(0)
	for range r.IntN(4) {
		at += below(r, window/3)
		s := step{at, "store", oneOf(r, "refuse", "hang", "delay", "deny-writes", "lose-answers"), drawSpan(r)}
		p.steps, at = append(p.steps, s), at+s.span
	}
	slices.SortStableFunc(p.steps, func(a, b step) int { return int(a.at - b.at) })
	return p
}

func oneOf(r *rand.Rand, list ...string) string { return list[r.IntN(len(list))] }

func below(r *rand.Rand, d time.Duration) time.Duration { return time.Duration(r.Int64N(int64(d))) }

// drawSpan is often short and sometimes longer than the expiry.
func drawSpan(r *rand.Rand) time.Duration {
	switch r.IntN(4) {
	case 0:
		return soakExpiry + time.Second + below(r, 7*time.Second)
	case 1:
		return time.Second + below(r, soakExpiry)
	}
	return 200*time.Millisecond + below(r, 4*time.Second)
}

// drawReplacement is how long after a server's death a blank node starts: while the dead one
// still counts, so that the blank node becomes a client and a client takes the place; within
// the grace, so that it takes the place itself; or when a client has taken it.
func drawReplacement(r *rand.Rand) time.Duration {
	switch r.IntN(3) {
	case 0:
		return below(r, soakExpiry-2*time.Second)
	case 1:
		return soakExpiry + time.Second + below(r, 7*time.Second)
	}
	return 2*soakExpiry + 15*time.Second + below(r, 10*time.Second)
}

// No plan loses the quorum for good, all come of their seeds alone, and every fault is drawn.
func TestSoakPlan(t *testing.T) {
	t.Parallel()
	themes, faults, long := map[string]int{}, map[string]int{}, 0
	for seed := range uint64(2000) {
		draw := func() plan { return drawPlan(rand.New(rand.NewPCG(seed, 0)), 20*time.Second, soakThemes...) }
		p := draw()
		if !reflect.DeepEqual(p, draw()) {
			t.Fatalf("seed %d: two plans", seed)
		}
		themes[p.theme]++
		var end time.Duration // of the store's last fault
		for _, s := range p.steps {
			faults[s.fault]++
			if s.span > soakExpiry {
				long++
			}
			breaks := slices.Contains(soakPlaces[:soakServers], s.place) && !slices.Contains(harmless, s.fault)
			blank := s.fault == "replace" || s.fault == "leave" || s.fault == "die"
			switch {
			case p.gone != nil && breaks: // as rightLoss allows
			case breaks && (s.place != p.victim && p.theme != allBroken || p.theme == noneBroken):
				t.Errorf("seed %d: %v breaks more than the one server", seed, s)
			case breaks && p.theme == allBroken && !slices.Contains(breaking, s.fault):
				t.Errorf("seed %d: %v while all servers are broken", seed, s)
			case s.fault == "die" && p.theme != oneDied:
				t.Errorf("seed %d: %v in a round in which %s", seed, s, p.theme)
			case blank && !breaks && p.theme != noneBroken:
				t.Errorf("seed %d: %v brings a blank node while a server is away", seed, s)
			case (s.fault == "lose" || s.fault == "start" || s.place == "operator") && p.gone == nil:
				t.Errorf("seed %d: %v in a round in which %s", seed, s, p.theme)
			case s.place == "store" && s.at < end:
				t.Errorf("seed %d: %v overlaps", seed, s)
			}
			if s.place == "store" {
				end = s.at + s.span
			}
		}
		if err := p.rightLoss(); err != nil {
			t.Errorf("seed %d: %v", seed, err)
		}
	}
	if len(themes) != 9 || long == 0 {
		t.Errorf("got themes %v, %d long steps, want nine and some", themes, long)
	}
	all := slices.Concat(breaking, harmless, []string{"replace", "die", "leave", "return", "lose", "start", recoverOrder, restoreOrder},
		slices.Collect(maps.Keys(proxyModes)))
	others := []string{"pass", "deny"} // these are for other tests of the proxy
	for _, fault := range all {
		if got := faults[fault] > 0; got == slices.Contains(others, fault) {
			t.Errorf("%q is drawn: %v", fault, got)
		}
	}
	if len(faults) != len(all)-len(others) {
		t.Errorf("got faults %v, want no others than %v", faults, all)
	}
}
