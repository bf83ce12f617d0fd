package e2e

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// Heartbeats of the soak, and what is longer than they live.
const (
	soakExpiry = 12 * time.Second
	soakTick   = 3 * time.Second
)

// step is one thing that is done in a round.
type step struct {
	at time.Duration // since the round's start
	on string        // a place: s0 to s2 the round's servers, its leader first, a0 and a1 its agents; or the store
	do string        // kill, stop, restart, replace, leave, return, or turn
	to string        // which process, or all; or the store's way
	// span is how long a stop or a turn lasts, or how long the node is away.
	span time.Duration
}

func (s step) String() string {
	return fmt.Sprintf("%s: %s for %v", s.on, strings.TrimSpace(s.do+" "+s.to), s.span.Round(time.Millisecond))
}

// How the servers fare in a round. Only one of the three is broken, or all are and
// come back.
const (
	spared   = "spared"   // no server is broken; agents may be replaced
	hurt     = "hurt"     // one is killed, stopped or restarted and comes back
	felled   = "felled"   // all are, and for a while there is no quorum
	replaced = "replaced" // one is gone with its data, and a blank node comes
	left     = "left"     // one leaves for good, and a blank node comes
	returned = "returned" // one leaves and comes back
)

type plan struct {
	theme  string
	victim string
	steps  []step // by time
}

// length is how long the round's faults last at least.
func (p plan) length() (out time.Duration) {
	for _, s := range p.steps {
		out = max(out, s.at+s.span)
	}
	return out
}

// drawPlan draws a round whose steps begin within a window.
func drawPlan(r *rand.Rand, window time.Duration) plan {
	p := plan{theme: oneOf(r, spared, hurt, hurt, felled, replaced, left, returned), victim: oneOf(r, "s0", "s0", "s1", "s2")}
	add := func(on, do, to string, span time.Duration) {
		p.steps = append(p.steps, step{time.Duration(r.Int64N(int64(window))), on, do, to, span})
	}
	struck := func(on string, most int) {
		for range r.IntN(most + 1) {
			add(on, oneOf(r, "kill", "stop"), oneOf(r, "auto-consul", "consul", "ac-heartbeat", "all"), drawSpan(r))
		}
	}
	broken := func(on string) {
		if r.IntN(3) == 0 {
			add(on, "restart", "auto-consul", drawSpan(r))
			return
		}
		add(on, oneOf(r, "kill", "stop"), oneOf(r, "auto-consul", "consul", "all"), drawSpan(r))
	}
	switch p.theme {
	case hurt:
		broken(p.victim)
		struck(p.victim, 3)
	case felled:
		for i := range soakServers {
			broken(fmt.Sprintf("s%d", i))
		}
	case replaced:
		struck(p.victim, 1)
		// Sooner the lost one still counts, and the blank node would be an agent.
		add(p.victim, "replace", "", soakExpiry+time.Second+drawSpan(r)/2)
	case left:
		add(p.victim, "leave", "", drawSpan(r))
	case returned:
		add(p.victim, "return", "", drawSpan(r))
	}
	for i := range 3 { // what no server's agent notices
		if r.IntN(2) == 0 {
			on, harmless := fmt.Sprintf("s%d", i), []string{"kill ac-heartbeat", "stop ac-heartbeat", "stop auto-consul"}
			do, to, _ := strings.Cut(oneOf(r, harmless...), " ")
			add(on, do, to, drawSpan(r))
		}
	}
	for i := range 2 {
		on := fmt.Sprintf("a%d", i)
		struck(on, 3)
		// A blank node takes the place of a server that is away, which would
		// then be one too many.
		if p.theme == spared && r.IntN(2) == 0 {
			add(on, oneOf(r, "replace", "leave"), "", drawSpan(r))
		}
	}
	at := time.Duration(0)
	for range r.IntN(4) {
		at += time.Duration(r.Int64N(int64(window / 3)))
		s := step{at, "store", "turn", oneOf(r, string(refuse), string(swallow), string(delay), string(deny), string(mute)), drawSpan(r)}
		p.steps, at = append(p.steps, s), at+s.span
	}
	slices.SortStableFunc(p.steps, func(a, b step) int { return int(a.at - b.at) })
	return p
}

func oneOf(r *rand.Rand, list ...string) string { return list[r.IntN(len(list))] }

// drawSpan is often short and sometimes longer than the expiry.
func drawSpan(r *rand.Rand) time.Duration {
	switch r.IntN(4) {
	case 0:
		return soakExpiry + time.Second + time.Duration(r.Int64N(int64(7*time.Second)))
	case 1:
		return time.Second + time.Duration(r.Int64N(int64(soakExpiry)))
	}
	return 200*time.Millisecond + time.Duration(r.Int64N(int64(4*time.Second)))
}

// breaks: the step takes a server's agent away for a while.
func (s step) breaks() bool {
	harmless := s.to == "ac-heartbeat" || s.do == "stop" && s.to == "auto-consul"
	return s.on[0] == 's' && s.on != "store" && !harmless
}

// However it is drawn, a plan loses no quorum for good and comes of its seed alone.
func TestSoakPlan(t *testing.T) {
	t.Parallel()
	themes, does, long := map[string]int{}, map[string]int{}, 0
	for seed := range uint64(2000) {
		draw := func() plan { return drawPlan(rand.New(rand.NewPCG(seed, 0)), 20*time.Second) }
		p := draw()
		if !reflect.DeepEqual(p, draw()) {
			t.Fatalf("seed %d: two plans", seed)
		}
		themes[p.theme]++
		var open time.Duration // until when the store is not itself
		for _, s := range p.steps {
			does[s.do+" "+s.to]++
			if s.span > soakExpiry {
				long++
			}
			blank := s.do == "replace" || s.do == "leave"
			switch {
			case s.do == "replace" && s.on == p.victim && s.span <= soakExpiry && p.theme == replaced:
				t.Errorf("seed %d: %v while the lost one still counts", seed, s)
			case s.breaks() && s.on != p.victim && p.theme != felled, s.breaks() && p.theme == spared:
				t.Errorf("seed %d: %v breaks more than the one server", seed, s)
			case blank && s.on != p.victim && p.theme != spared:
				t.Errorf("seed %d: a blank node for %v while a server is away", seed, s)
			case s.on == "store" && s.at < open:
				t.Errorf("seed %d: %v overlaps", seed, s)
			}
			if s.on == "store" {
				open = s.at + s.span
			}
		}
	}
	if len(themes) != 6 || long == 0 {
		t.Errorf("got themes %v, %d long steps, want six and some", themes, long)
	}
	for _, do := range []string{
		"kill auto-consul", "kill consul", "kill ac-heartbeat", "kill all", "stop auto-consul", "stop consul", "stop ac-heartbeat", "stop all",
		"restart auto-consul", "replace ", "leave ", "return ", "turn refuse", "turn swallow", "turn delay", "turn deny", "turn mute",
	} {
		if does[do] == 0 {
			t.Errorf("nothing draws %q", do)
		}
	}
}
