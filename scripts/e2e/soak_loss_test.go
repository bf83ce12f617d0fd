package e2e

import (
	"errors"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// mostLag is for how long the server that is left may have received nothing when the others
// die. The keys of that time are lost.
const mostLag = time.Second

// drawLoss adds that two servers, or all, die for good at once, that blank machines start in
// their places, and what the operator orders. A blank machine that starts before the lost
// servers' heartbeats have expired becomes a client. One that starts later is there to
// restore the cluster.
func (p *plan) drawLoss(r *rand.Rand, window time.Duration) {
	at, verb, lag := below(r, window), restoreOrder, time.Duration(0)
	p.gone = slices.Clone(soakPlaces[:soakServers])
	if p.theme == quorumLost {
		verb = recoverOrder
		p.gone = slices.DeleteFunc(p.gone, func(place string) bool { return place == p.victim })
		if r.IntN(2) == 0 {
			lag = below(r, mostLag)
		}
	}
	p.steps = append(p.steps, step{at, "servers", "lose", lag}, step{at + below(r, 2*soakExpiry), "operator", verb, 0})
	r.Shuffle(len(p.gone), func(i, k int) { p.gone[i], p.gone[k] = p.gone[k], p.gone[i] })
	for i, place := range p.gone {
		pause := drawReplacement(r)
		if i == 0 && p.theme == disksLost {
			pause = max(pause, soakExpiry+time.Second)
		}
		p.steps = append(p.steps, step{at + pause, place, "start", 0})
	}
}

// rightLoss reports what is wrong about the losses of a plan. In a round that has none there
// is nothing of them. In the others those servers are lost that the theme says, once, each is
// replaced, and the operator orders what brings the cluster back. Beside that the servers
// have none but harmless faults.
func (p plan) rightLoss() error {
	var lost, ordered, started, broken []step
	for _, s := range p.steps {
		switch {
		case s.fault == "lose":
			lost = append(lost, s)
		case s.place == "operator":
			ordered = append(ordered, s)
		case s.fault == "start":
			started = append(started, s)
		case slices.Contains(soakPlaces[:soakServers], s.place) && !slices.Contains(harmless, s.fault):
			broken = append(broken, s)
		}
	}
	gone, verb := 2, recoverOrder
	switch p.theme {
	case disksLost:
		gone, verb = 3, restoreOrder
	case quorumLost:
	default:
		return want("losses", len(p.gone)+len(lost)+len(ordered)+len(started), 0)
	}
	if err := errors.Join(want("lost", len(p.gone), gone), want("losses", len(lost), 1), want("orders", len(ordered), 1),
		want("broken", len(broken), 0)); err != nil {
		return err
	}
	at, late, places := lost[0].at, 0, map[string]int{}
	err := errors.Join(want("order", ordered[0].fault, verb), want("it comes after the loss", ordered[0].at >= at, true))
	for _, s := range started {
		places[s.place]++
		if s.at > at+soakExpiry {
			late++
		}
		err = errors.Join(err, want(s.String()+" after the loss of it", s.at >= at && slices.Contains(p.gone, s.place), true))
	}
	for _, place := range p.gone {
		err = errors.Join(err, want("started at "+place, places[place], 1))
	}
	if p.theme == disksLost {
		return errors.Join(err, atLeast("machines to restore on", late, 1))
	}
	return errors.Join(err, want("the one that is left is lost", slices.Contains(p.gone, p.victim), false),
		want("it lags for long", lost[0].span > mostLag, false))
}

// The control of what is drawn: each of these is wrong.
func TestSoakLossPlan(t *testing.T) {
	t.Parallel()
	for theme, wrong := range map[string]map[string]func(p *plan){
		quorumLost: {
			"the one left lags for long": func(p *plan) {
				i := slices.IndexFunc(p.steps, func(s step) bool { return s.fault == "lose" })
				p.steps[i].span = mostLag + 1
			},
			"the third one is lost":  func(p *plan) { p.gone = append(p.gone, p.victim) },
			"another one is left":    func(p *plan) { p.victim = p.gone[0] },
			"the one left is broken": func(p *plan) { p.steps = append(p.steps, step{time.Minute, p.victim, "stop consul", 0}) },
			"another order":          func(p *plan) { p.steps = append(p.steps, step{time.Minute, "operator", restoreOrder, 0}) },
			"nobody orders": func(p *plan) {
				p.steps = slices.DeleteFunc(p.steps, func(s step) bool { return s.place == "operator" })
			},
			"a loss in another round": func(p *plan) { p.theme, p.gone = oneBroken, nil },
			"both start at one place": func(p *plan) { p.gone[0] = p.gone[1] },
		},
		disksLost: {
			"one is left":         func(p *plan) { p.gone = p.gone[1:] },
			"two losses":          func(p *plan) { p.steps = append(p.steps, step{time.Minute, "servers", "lose", 0}) },
			"one is not replaced": func(p *plan) { p.gone[0] = p.gone[1] },
			"all start too early": func(p *plan) {
				for i := range p.steps {
					if p.steps[i].fault == "start" {
						p.steps[i].at = 21 * time.Second
					}
				}
			},
			"the order comes before": func(p *plan) {
				for i := range p.steps {
					if p.steps[i].place == "operator" {
						p.steps[i].at = 0
					}
				}
			},
		},
	} {
		for name, spoil := range wrong {
			p := drawPlan(rand.New(rand.NewPCG(1, 0)), 20*time.Second, theme)
			if err := p.rightLoss(); err != nil {
				t.Fatal(err)
			}
			if spoil(&p); p.rightLoss() == nil {
				t.Errorf("%s: nothing is found wrong", name)
			}
		}
	}
}
