package e2e

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"
)

// watched is what a look now and again has shown of a cluster whose roles change.
type watched struct {
	c           *cluster
	stop        func()
	looks       int
	least, most int // voters
	slots       int // the most that the record had
	changes     int // the most that were under way at a time
}

// watch looks at a cluster until the test has what it wants: at the record, and through
// one machine's agent at who votes.
func (c *cluster) watch(at string) *watched {
	ctx, cancel := context.WithCancel(context.Background())
	w := &watched{c: c}
	var all sync.WaitGroup
	w.stop = func() {
		cancel()
		all.Wait()
	}
	c.t.Cleanup(w.stop)
	all.Go(func() {
		for ctx.Err() == nil {
			w.look(c.nodes[at])
			time.Sleep(100 * time.Millisecond)
		}
	})
	return w
}

// look notes the voters and the changes that are under way. An answer that does not come
// says nothing.
func (w *watched) look(m *machine) {
	voters, err := m.voterNames()
	if err != nil || voters == "" {
		return
	}
	rec, err := w.c.store.record()
	if err != nil {
		return
	}
	n := len(strings.Fields(voters))
	if w.looks == 0 {
		w.least = n
	}
	changes := rec.promoted()
	if rec.Leaving != nil {
		changes = append(changes, rec.Leaving.Node)
	}
	w.looks++
	w.least, w.most = min(w.least, n), max(w.most, n)
	w.slots, w.changes = max(w.slots, len(rec.Servers)), max(w.changes, len(changes))
}

// wantBounds ends the looking, and checks that there was one change at a time at most, no
// more slots than there may be, one voter more than that at most, and never fewer voters
// than there must be.
func (w *watched) wantBounds(slots, least int) {
	w.c.t.Helper()
	w.stop()
	if err := errors.Join(atLeast("looks", w.looks, 5), atLeast("voters", w.least, least), atMost("voters", w.most, slots+1),
		atMost("slots", w.slots, slots), atMost("changes", w.changes, 1)); err != nil {
		w.c.t.Errorf("%v, of %+v", err, *w)
	}
}

func atMost(what string, got, most int) error {
	if got > most {
		return fmt.Errorf("%s: got %d, want %d or fewer", what, got, most)
	}
	return nil
}

// promoted are the nodes that took their slots as clients, and do not vote yet.
func (r record) promoted() (nodes []string) {
	for _, s := range r.Servers {
		if !s.Promoted.IsZero() {
			nodes = append(nodes, s.Node)
		}
	}
	return nodes
}

// stabilization sets for how long Consul watches a new server before that may vote.
func (c *cluster) stabilization(at, span string) {
	c.t.Helper()
	c.nodes[at].command("consul", "operator", "autopilot", "set-config", "-server-stabilization-time="+span)
}
