package node

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// How long, and how often, the raft leader of a cluster that was restored looks for nodes
// that keep others from registering (R55).
const (
	staleTime   = 2 * time.Minute
	stalePause  = 5 * time.Second
	staleChecks = 3 // failures in a row, after which it gives up
)

// StaleNode is a node of the catalog that carries Consul's check of its members, and has
// the name of one that lives with another node id: that one cannot register. It was
// restored with a snapshot, and its machine has lost its disk since.
type StaleNode struct {
	Name  string
	ID    string
	Index uint64 // at which it was written last
}

// stale is what a loop knows of such nodes.
type stale struct {
	since    time.Time // since when this server has led the restored cluster
	due      time.Time // the next look
	failures int       // in a row
	over     bool
}

// freeNames deregisters stale nodes, and returns how long to pause at most; 0 for as long
// as one likes. Whoever is no member is not touched: external services are data.
func (b *Beater) freeNames(ctx context.Context, o observation) (again time.Duration) {
	s := &b.stale
	if !o.Leads || !b.named || o.seen.Record == nil || o.seen.Record.Restore == "" {
		*s = stale{}
		return 0
	}
	now := time.Now()
	if s.since.IsZero() {
		s.since = now
	}
	if s.over || now.Before(s.due) {
		return b.staleAgain(now)
	}
	s.due = now.Add(stalePause)
	s.over = now.Sub(s.since) >= staleTime
	names, err := b.deregisterStale(ctx)
	switch {
	case err == nil:
		s.failures = 0
	case ctx.Err() != nil:
	default:
		if s.failures++; s.failures >= staleChecks || s.over {
			s.over = true
			b.Out.Warnf("nodes of the restored snapshot may keep others of their names from registering: %v; %s", err, freeByHand(names))
		}
	}
	return b.staleAgain(now)
}

func (b *Beater) staleAgain(now time.Time) time.Duration {
	if b.stale.over {
		return 0
	}
	return max(time.Millisecond, b.stale.due.Sub(now))
}

// deregisterStale returns the names of the stale nodes that it could not deregister.
func (b *Beater) deregisterStale(ctx context.Context) (left []string, err error) {
	limited, cancel := context.WithTimeout(ctx, b.Timeout)
	defer cancel()
	nodes, err := b.Agent.StaleNodes(limited)
	for _, n := range nodes {
		if failed := b.Agent.Deregister(limited, n); failed != nil {
			left, err = append(left, n.Name), failed
			continue
		}
		b.Out.Notef("deregistered node %s with id %s of the restored snapshot: %s has another id now", n.Name, n.ID, n.Name)
	}
	return left, err
}

// freeByHand returns what an operator types to deregister nodes.
func freeByHand(names []string) string {
	const command = `curl -X PUT -H "X-Consul-Token: $TOKEN" -d '{"Node":"NAME"}' ${CONSUL_HTTP_ADDR:-127.0.0.1:8500}/v1/catalog/deregister`
	if len(names) == 0 {
		return "this deregisters one: " + command
	}
	return fmt.Sprintf("this deregisters one, of %s: %s", strings.Join(names, ", "), command)
}
