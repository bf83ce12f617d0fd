package node

import (
	"context"
	"slices"
	"sync"
	"time"
)

// joinWait is how long to wait for the answers to joins. On a LAN a join takes
// milliseconds. A slower one waits for an address that never answers, or for its turn
// behind one, and each such address costs ten seconds.
const joinWait = 2 * time.Second

// joins are the joins under way. The agent makes one at a time, and goes on with it
// when the caller has gone. So each is asked for once until it is answered, and an
// address that never answers is left out: those that can be joined would wait behind it
// (R41).
type joins struct {
	mu     sync.Mutex
	busy   map[string]bool      // by address
	joined map[string]time.Time // when an address was joined last
}

// join is the answer to one of them.
type join struct {
	address string
	err     error
}

// joinEach joins the agent to those at some addresses, side by side, and returns the
// answers that came in time.
func (j *joins) joinEach(ctx context.Context, agent Agent, addresses []string) []join {
	begun := j.begin(addresses)
	asked := reachable(ctx, agent, begun)
	answers := make(chan join, len(asked))
	for _, address := range begun {
		if !slices.Contains(asked, address) {
			j.end(address, false)
			continue
		}
		go func() {
			err := agent.Join(ctx, address)
			j.end(address, err == nil)
			answers <- join{address, err}
		}()
	}
	late := time.NewTimer(joinWait)
	defer late.Stop()
	var out []join
	for range asked {
		select {
		case one := <-answers:
			out = append(out, one)
		case <-late.C:
			return out
		}
	}
	return out
}

// begin picks the addresses to which no join is under way.
func (j *joins) begin(addresses []string) []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.busy == nil {
		j.busy, j.joined = map[string]bool{}, map[string]time.Time{}
	}
	var out []string
	for _, address := range addresses {
		if !j.busy[address] {
			j.busy[address] = true
			out = append(out, address)
		}
	}
	return out
}

func (j *joins) end(address string, joined bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	delete(j.busy, address)
	if joined {
		j.joined[address] = time.Now()
	}
}

// notJoinedWithin leaves out the addresses that were joined a short time ago.
func (j *joins) notJoinedWithin(d time.Duration, addresses []string) []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(addresses), func(address string) bool {
		at, ok := j.joined[address]
		return ok && time.Since(at) < d
	})
}

// reachable leaves out the addresses that never answer, unless all seem to: the
// agent may have ways that this process has not.
func reachable(ctx context.Context, agent Agent, addresses []string) []string {
	blackholed := make([]bool, len(addresses))
	var g sync.WaitGroup
	for i, address := range addresses {
		g.Go(func() { blackholed[i] = agent.Blackholed(ctx, address) })
	}
	g.Wait()
	var out []string
	for i, address := range addresses {
		if !blackholed[i] {
			out = append(out, address)
		}
	}
	if out == nil {
		return addresses
	}
	return out
}
