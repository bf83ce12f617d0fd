package node

import (
	"context"
	"math"
	"slices"
	"time"

	"auto-consul/lib/rule"
)

// clients returns how many clients the agent's cluster has as far as the agent knows,
// itself counted; 0 if it does not know.
func (s Status) clients() int { return max(0, s.Members-s.KnownServers) }

// beatChance returns how likely a client beats at a tick, so that about sample of so
// many clients have a live heartbeat at a time (R47). It is 1 where they are no more
// than that, or where their number is not known.
//
// A client is live unless it has left out every beat of the last expiry, which is
// (1-p)^k for k ticks.
func beatChance(sample, clients int, w timing) float64 {
	if sample == 0 || clients <= sample {
		return 1
	}
	k := float64(w.expiry) / float64(w.ticks)
	return 1 - math.Pow(1-float64(sample)/float64(clients), 1/k)
}

// sampling is what a client knows that may leave beats out: under what name and
// address it beat last, and what the record said of them then. The zero value is that
// of a client that must beat, because it has not read the record yet.
type sampling struct {
	node, address string
	atSlot        bool // a slot has this node's name or its address
}

// newSampling returns what a beat under a name and an address has shown.
func newSampling(node, address string, rec *rule.Record) sampling {
	return sampling{node, address, rec != nil && slices.ContainsFunc(rec.Servers, func(s rule.Slot) bool {
		return s.Node == node || s.Address == address
	})}
}

// mayLeaveOut reports whether a node may leave a beat out (R47). A server may not, nor
// a client that knows no server: while a birth has stalled, it must see that in the
// record (R22). One at a slot's address may not, because its heartbeat proves that the
// server is not there any more (R10).
func (s sampling) mayLeaveOut(node, address string, status Status) bool {
	return !status.Server && !status.Alone() && s == sampling{node: node, address: address}
}

// tick beats, or leaves the beat out. Then it sends no request to the store but to
// remove what it wrote before.
func (b *Beater) tick(ctx context.Context, status Status) (observation, error) {
	node, address := b.self(status)
	if b.sampling.mayLeaveOut(node, address, status) {
		chance := beatChance(b.Sample, status.clients(), timing{b.Ticks, b.Expiry})
		if chance < 1 && b.Random.Draw() >= chance {
			limited, cancel := context.WithTimeout(ctx, b.Timeout)
			defer cancel()
			b.tidy(limited, outlived(time.Now(), b.Expiry))
			return observation{Status: status}, nil
		}
	}
	b.sampling = sampling{} // a beat that fails is tried again at the next tick
	o, err := b.beat(ctx, status)
	if err == nil {
		b.sampling = newSampling(node, address, o.seen.Record)
	}
	return o, err
}
