package e2e

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"auto-consul/lib/registry"
	"auto-consul/lib/wire"
)

// The quorum is lost in the middle of writing, and recovered.
func TestSoakLosesQuorum(t *testing.T) {
	t.Parallel()
	newSoak(t, 42, quorumLost).run()
}

// All servers are lost in the middle of writing, and restored from a snapshot.
func TestSoakLosesDisks(t *testing.T) {
	t.Parallel()
	newSoak(t, 24, disksLost).run()
}

// lossSlack is how long a server that runs may lag, and how long after the servers' death an
// answer of theirs may be taken down.
const lossSlack = 2 * time.Second

// lose kills the servers that this round loses, with their disks, after the one that is left
// has received nothing for a while.
func (s *soak) lose(lag time.Duration) {
	var gone []*supervisedNode
	begin := time.Now()
	if lag > 0 {
		left := s.places[s.plan.victim]
		s.strike(left, "stop", "consul", lag+mostLag, left.pids("consul"))
		time.Sleep(lag)
	}
	for _, place := range s.plan.gone {
		n := s.places[place]
		s.places[place] = nil
		s.end(n.concerns)
		killAll(s.t, n.id())
		gone = append(gone, n)
		s.remove(n)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gone, s.lost = gone, loss{begin.Add(-lossSlack), time.Now().Add(lossSlack)}
	s.logf("%s are gone", nodeNames(gone))
}

// operation is an order that the operator types until it is carried out.
type operation struct {
	verb    string
	node    *supervisedNode // on which it is typed
	begin   time.Time
	next    time.Time // when it is typed again
	typed   *process  // nil while nothing is
	refuse  string    // why it was not carried out the last time
	gone    []string  // whom it names as gone
	settled bool      // which keys may be lost
}

// operate does what the operator does next.
func (s *soak) operate() {
	s.t.Helper()
	o := s.operation
	if time.Since(o.begin) > 3*patience {
		s.t.Fatalf("the operator's %s is not carried out after %v: %s", o.verb, 3*patience, o.refuse)
	}
	switch {
	case o.typed == nil:
		if argv := s.orderArgs(o); argv != nil && time.Now().After(o.next) {
			s.settleLoss(o.verb)
			o.typed = o.node.start(argv...)
			s.logf("operator: %s on %s", o.verb, o.node.node)
		}
	case o.typed.ended():
		s.orderEnded(o)
	}
}

// orderArgs returns what the operator types, and sets on which node; nil if nothing can be
// typed yet. What restores a cluster is typed as a node that waits says.
func (s *soak) orderArgs(o *operation) []string {
	if o.verb == recoverOrder {
		return append(o.node.machine.runner("-e", soakExpiry.String(), "-t", "3", "recover"), named(o.gone)...)
	}
	for _, n := range s.nodes {
		if command := restoreCommand(n.runner.err.String()); command != "" && n.read("data/mode") != wire.Agent {
			o.node = n
			return []string{"sh", "-c", command}
		}
	}
	o.refuse = "no node waits"
	return nil
}

// settleLoss sees, before the operator types anything, that nobody acknowledges any more,
// and from when on keys may be lost: from the newest snapshot on, which is of this round, or
// from a moment before the servers died.
func (s *soak) settleLoss(verb string) {
	if s.operation.settled {
		return
	}
	s.operation.settled = true
	if n := s.ledger.countSince(s.lost.to); n > 0 {
		s.t.Errorf("%d keys were acknowledged without a quorum", n)
	}
	from, key := s.lost.from, ""
	if verb == restoreOrder {
		newest, err := s.newestBackup()
		if err != nil {
			s.t.Fatal(err)
		}
		if newest.Index < s.backup.Index {
			s.t.Errorf("got snapshot %s, want none before %s", newest.Key(), s.backup.Key())
		}
		from, key = newest.Time, newest.Key()
		s.logf("the newest snapshot is %v older than the loss", s.lost.to.Sub(from).Round(time.Second))
	}
	s.changeLineage(func(l *lineage) { l.ordered, l.snapshot = verb, key })
	s.ledger.lose(loss{from, s.lost.to})
}

// orderEnded sees what has come of what the operator typed.
func (s *soak) orderEnded(o *operation) {
	code := o.typed.code()
	o.refuse = strings.TrimSpace(tail(o.typed.err.String()))
	s.count(fmt.Sprintf("%s ended with %d", o.verb, code))
	_, lineage, err := s.seeRecord()
	o.typed, o.next = nil, time.Now().Add(shortPause)
	switch {
	case err != nil:
		s.t.Error(err)
	case lineage.ordered != "" && code == 0:
		s.t.Errorf("%s ended with 0, and the record is still %+v", o.verb, lineage.now)
	case lineage.ordered != "":
		s.logf("operator: %s ended with %d: %s", o.verb, code, o.refuse)
		s.nameGone(o)
	default:
		s.logf("operator: %s is carried out after %v", o.verb, time.Since(o.begin).Round(time.Second))
		s.operation = nil
	}
}

// nameGone has the operator name the servers that are gone by what a refusal has for them,
// too. That is the address where a machine has taken a server's place, and nothing else tells
// its name any more.
func (s *soak) nameGone(o *operation) {
	for _, n := range s.gone {
		if slices.Contains(strings.Fields(o.refuse), n.address) && !slices.Contains(o.gone, n.address) {
			o.gone = append(o.gone, n.address)
		}
	}
}

// newestBackup returns the newest of the cluster's snapshots.
func (s *soak) newestBackup() (newest registry.ConsulSnapshot, err error) {
	rec, _, err := s.seeRecord()
	all, serr := s.store.snapshots()
	found := errNotYet
	for _, one := range all {
		if one.ClusterID == rec.ClusterID {
			newest, found = one, nil
		}
	}
	return newest, errors.Join(err, serr, found)
}

// awaitBackup waits for a snapshot that was taken from now on, before all servers are lost.
func (s *soak) awaitBackup() {
	begin := time.Now()
	eventually(s.t, "a snapshot", func() (err error) {
		s.tick()
		s.backup, err = s.newestBackup()
		return errors.Join(err, want("newer than the round", s.backup.Time.After(begin), true))
	})
}
