package main

import (
	"context"
	"slices"
	"sync"
	"time"

	"auto-consul/lib/consul"
)

// joinWait is how long to wait for the answers to joins. On a LAN a join takes
// milliseconds; one that takes longer waits for an address that swallows
// packets, or behind such a one, and that is ten seconds each.
const joinWait = 2 * time.Second

// joins are the joins under way. The agent makes one at a time, and goes on with
// it when whoever asked for it has gone. So each is asked for once until it is
// answered, and an address that swallows packets not at all: those that can be
// joined would wait behind it.
type joins struct {
	agent *consul.Agent
	mu    sync.Mutex
	busy  map[string]bool // by address
}

// join is the answer to one of them.
type join struct {
	address string
	err     error
}

// all joins the agent to those at some addresses, side by side, and returns the
// answers that came in time.
func (j *joins) all(ctx context.Context, addresses []string) []join {
	begun := j.begin(addresses)
	asked := audible(ctx, begun)
	answers := make(chan join, len(asked))
	for _, address := range begun {
		if !slices.Contains(asked, address) {
			j.end(address)
			continue
		}
		go func() {
			err := j.agent.Join(ctx, address)
			j.end(address)
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
	var out []string
	for _, address := range addresses {
		if !j.busy[address] {
			j.busy[address] = true
			out = append(out, address)
		}
	}
	return out
}

func (j *joins) end(address string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	delete(j.busy, address)
}

// audible leaves out the addresses that swallow packets, unless all seem to: the
// agent may have ways that this process has not.
func audible(ctx context.Context, addresses []string) []string {
	swallows := make([]bool, len(addresses))
	var g sync.WaitGroup
	for i, address := range addresses {
		g.Go(func() { swallows[i] = consul.Swallows(ctx, address) })
	}
	g.Wait()
	var out []string
	for i, address := range addresses {
		if !swallows[i] {
			out = append(out, address)
		}
	}
	if out == nil {
		return addresses
	}
	return out
}
