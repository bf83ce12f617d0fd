package prove

import (
	"context"
	"errors"
	"time"

	"auto-consul/lib/claim"
	"auto-consul/lib/registry"
	"auto-consul/lib/wire"
)

// node is one machine. Its life goes on in one goroutine; w.mu guards whatever
// others see of it.
type node struct {
	dice     // of its life alone
	w        *world
	id       int
	name     string
	address  string
	gem      bool
	policy   claim.Policy
	registry *registry.Registry
	reader   claim.Reader
	ctx      context.Context // ends with the life
	heart

	kill    func() // ends the life, and returns when it has
	disk    *disk
	agent   *agent // nil if none runs
	adopted time.Time
	frozeAt time.Time // when it was paused last
	thaw    time.Time // when it goes on, if it is paused
	cut     bool      // from the store
	group   int       // it reaches those of its own
	gone    bool      // for good
	dying   bool      // its life is being ended
	fenced  bool
	strange time.Time // since when its data has been overtaken and it runs
	resize  int       // to be told to the next decision
	ground  ground
	listed  time.Time
	beats   []beat
}

// heart is what one process of heartbeats remembers.
type heart struct {
	written []string  // own heartbeats that have not been removed
	last    time.Time // store time of the last beat as a server
	beaten  time.Time // the same, by the own clock
	held    time.Time // since when a server's beats are held
	named   bool      // the last look named its cluster
}

// disk is a data directory.
type disk struct {
	id          int
	mode        string
	incarnation string
	kept        claim.Kept
	raft        *lineage
}

func (w *world) newDisk() *disk {
	w.tally["disks"]++
	return &disk{id: w.tally["disks"]}
}

// pause stops the machine for a while. w.mu is held.
func (n *node) pause(d time.Duration) {
	if !n.frozen() {
		n.frozeAt = time.Now()
	}
	n.thaw = time.Now().Add(d)
}

func (n *node) frozen() bool { return time.Now().Before(n.thaw) }

// boot begins a life after a while. w.mu is held.
func (n *node) boot(delay time.Duration) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	n.ctx = ctx
	n.kill = func() {
		cancel()
		<-done
		n.w.do(n.stop)
	}
	go func() {
		defer close(done)
		if sleep(ctx, delay) {
			n.live(ctx)
		}
	}()
}

// stop ends the agent. w.mu is held.
func (n *node) stop() {
	if n.agent != nil {
		n.w.note("%s agent stops", n.name)
	}
	n.agent = nil
	n.heart = heart{}
}

// live is what an init system does: start again, whatever happened.
func (n *node) live(ctx context.Context) {
	for tries := 0; ctx.Err() == nil; tries++ {
		begin := time.Now()
		err := n.runs(ctx)
		if ctx.Err() != nil {
			return
		}
		if time.Since(begin) > 4*n.w.policy.Expiry {
			tries = 0
		}
		n.w.do(func() {
			n.stop()
			switch {
			case errors.Is(err, claim.ErrFenced):
				n.w.note("%s ends: %v", n.name, err)
				n.w.count("fenced")
				n.fenced = true
			case errors.Is(err, claim.ErrUndecided):
				n.w.note("%s ends: %v", n.name, err)
				n.w.count("undecided")
			default: // of several requests that fail at once any may be named
				n.w.note("%s ends: the store", n.name)
			}
		})
		if !sleep(ctx, min(n.span(time.Second, 10*time.Second)<<min(tries, 4), n.w.policy.Expiry)) {
			return
		}
		obey := n.hit(0.3)
		n.w.do(func() {
			if n.fenced && (n.w.settling || obey) {
				n.wipe() // as its message says
			}
		})
	}
}

// wipe empties the data directory. w.mu is held.
func (n *node) wipe() {
	n.w.note("%s gets an empty disk", n.name)
	n.disk, n.fenced = n.w.newDisk(), false
}

// runs decides, confirms and runs the agent until it must stop.
func (n *node) runs(ctx context.Context) error {
	if n.gem {
		return n.runGem(ctx)
	}
	v, rec, err := n.decide(ctx)
	if err != nil {
		return err
	}
	n.w.do(func() {
		n.w.count("decisions")
		n.w.note("%s is %s bootstrap=%v expect=%d join=%v: %s", n.name, v.Mode, v.Bootstrap, v.Expect, v.Join, v.Reason)
		n.disk.mode = v.Mode
		if v.Kept.ClusterID != "" {
			n.disk.kept = v.Kept
			n.w.judge.tied(n.disk)
		}
	})
	// Between the decision and the start there is a shell, or somebody's hand.
	hand := n.span(10*time.Millisecond, 2*time.Second)
	if n.hit(0.2) {
		hand = n.span(0, 3*n.w.policy.Expiry)
	}
	if !sleep(ctx, hand) {
		return ctx.Err()
	}
	if err := n.hold(ctx); err != nil {
		return err
	}
	if rec != nil && v.Mode == wire.Server && !n.w.unconfirmed {
		if err := n.confirm(ctx, v, rec); err != nil {
			return err
		}
	}
	n.w.do(func() {
		n.launch(&agent{
			server: v.Mode == wire.Server, bootstrap: v.Bootstrap, expect: v.Expect,
			kept: v.Kept, knows: n.w.reach(v.Join), stale: n.w.judge.stale(n),
		})
	})
	return n.beatOn(ctx)
}

func (n *node) confirm(ctx context.Context, v claim.Verdict, rec *claim.Record) error {
	boots := v.Bootstrap || v.Expect > 0
	look, err := n.record(ctx)
	if err != nil && boots {
		return err
	} else if err != nil {
		return ctx.Err()
	}
	claimed := claim.Claimed{
		Bootstrap: boots, Slot: v.Slot, ClusterID: rec.ClusterID, Incarnation: n.disk.incarnation,
		Node: n.name, Address: n.address, Term: rec.Bootstrap.Term, Expiry: n.policy.Expiry,
	}
	err = claim.Confirm(look.Record, look.Time, claimed)
	if err != nil {
		n.w.do(func() { n.w.count("not confirmed") })
	}
	return err
}

func (n *node) record(ctx context.Context) (claim.Look, error) {
	ctx, cancel := context.WithTimeout(ctx, n.w.timeout)
	defer cancel()
	return n.reader.Record(ctx)
}
