package sim

import (
	"context"
	"errors"
	"time"

	"auto-consul/lib/claim"
	"auto-consul/lib/node"
	"auto-consul/lib/registry"
	"auto-consul/lib/rule"
)

// machine is one machine. Its program runs in one goroutine at a time, from a boot to a
// kill, which is one life of the machine; w.mu guards whatever others see of it.
type machine struct {
	random   // used by the machine's own goroutine alone
	w        *world
	id       int
	name     string
	address  string
	zone     string // empty: it was told none
	gem      bool   // a node of the Ruby gem, which writes heartbeats and knows of no record
	policy   rule.Policy
	observer claim.Observer
	ctx      context.Context // ends with the life

	kill           func() // ends the life, and returns when it has
	disk           *disk
	disks          []int     // the ids of those that it had before
	agent          *agent    // nil if none runs
	adopted        time.Time // when it was taken into the lineage on its disk
	pausedAt       time.Time // when it was paused last
	pausedUntil    time.Time // when it goes on, if it is paused
	cut            bool      // from the store
	group          int       // it reaches the machines of its own group alone
	gone           bool      // for good
	dying          bool      // its life is being ended
	fenced         bool      // it ended because its data belongs to no cluster any more
	overtakenSince time.Time // since when its data has been overtaken and it runs
	resize         int       // how many servers its next decision is told to want; 0: none
	lastRead       reading
	listed         time.Time // when it last listed servers
	stored         time.Time // the store's time at that listing
	// snapshotsListed is when its last listing of snapshots was made.
	snapshotsListed time.Time

	beats   []beat
	sampled bool // it is one of more clients than are to beat (R47)
}

// disk is a data directory.
type disk struct {
	id          int
	mode        registry.Mode
	incarnation string
	membership  rule.Membership
	raft        *lineage
	addresses   []string // of the cluster's servers
	offline     bool     // the next decision may do without the store
	failed      []rule.FailedRestore
	locked      bool // no agent may start on it: its log is being read
}

func (w *world) newDisk() *disk {
	w.tally["disks"]++
	return &disk{id: w.tally["disks"]}
}

// pause stops the machine for a while. w.mu is held.
func (n *machine) pause(d time.Duration) {
	if !n.paused() {
		n.pausedAt = time.Now()
	}
	n.pausedUntil = time.Now().Add(d)
}

func (n *machine) paused() bool { return time.Now().Before(n.pausedUntil) }

// boot begins a life after a while. w.mu is held.
func (n *machine) boot(delay time.Duration) {
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
func (n *machine) stop() {
	if n.agent != nil {
		n.w.note("%s agent stops", n.name)
	}
	n.agent = nil
}

// live does what an init system does: it starts the node again, whatever happened.
func (n *machine) live(ctx context.Context) {
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
			case errors.Is(err, rule.ErrFenced):
				n.w.note("%s ends: %v", n.name, err)
				n.w.count("fenced")
				n.fenced = true
			case errors.Is(err, rule.ErrUndecided):
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
			if n.fenced && (n.w.faultsOver || obey) {
				n.wipe() // as its message says
			}
		})
	}
}

// wipe empties the data directory. w.mu is held.
func (n *machine) wipe() {
	n.w.note("%s gets an empty disk", n.name)
	n.disks = append(n.disks, n.disk.id)
	n.disk, n.fenced = n.w.newDisk(), false
}

// runs is what ac-decide, ac-exec and ac-heartbeat do one after the other: it decides,
// confirms, starts the agent and beats until the agent must stop.
func (n *machine) runs(ctx context.Context) error {
	life := life{n, ctx}
	if n.gem {
		return n.runGem(life)
	}
	decided, err := n.prepare(life)
	if err != nil {
		return err
	}
	n.w.do(func() {
		n.w.count("decisions")
		n.w.note("%s is %s bootstrap=%v expect=%d join=%v: %s", n.name, decided.Mode, decided.Bootstrap, decided.Expect, decided.Join, decided.Reason)
	})
	// Between the decision and the start there is a shell, or somebody who types.
	typing := n.span(10*time.Millisecond, 2*time.Second)
	if n.hit(0.2) {
		typing = n.span(0, 3*n.w.policy.Expiry)
	}
	if !sleep(ctx, typing) {
		return ctx.Err()
	}
	if err := life.hold(ctx); err != nil {
		return err
	}
	locked := false
	if n.w.do(func() { locked = n.disk.locked }); locked {
		return errors.New("an agent runs on it already")
	}
	if !n.w.noConfirm {
		err := node.Confirm(ctx, decided.Claim(decided.Self, n.policy.Expiry), n.readRecord, life)
		if errors.Is(err, rule.ErrUndecided) {
			n.w.do(func() { n.w.count("not confirmed") })
		}
		if err = errors.Join(err, ctx.Err()); err != nil {
			return err
		}
	}
	if decided.Restore != "" && !n.w.ignoresRestore {
		if err := n.restores(life, decided); err != nil {
			return err
		}
	}
	n.w.do(func() {
		if decided.Recover {
			n.soleVoter()
		}
		n.launch(&agent{
			server: decided.Mode == registry.Server, bootstrap: decided.Bootstrap, expect: decided.Expect,
			membership: n.disk.membership, knows: n.w.reach(decided.Join), stale: n.w.judge.stale(n),
		})
	})
	return n.beater(life).Run(ctx)
}

// beater returns what ac-heartbeat runs.
func (n *machine) beater(l life) *node.Beater {
	return &node.Beater{
		Agent: l, Disk: l, Out: l, Observer: n.observer, Random: n.claimRandom(),
		Expiry: n.policy.Expiry, Ticks: n.w.ticks, Timeout: n.w.timeout, Sample: n.w.sample, Snapshots: n.w.plan.snapshots,
		Eligible: n.w.eligible, Grace: n.w.graceIn(n.zone), Zone: n.zone, MayServe: func(context.Context) error { return nil },
		Answers: n.probe,
	}
}

// readRecord reads the record as ac-exec does.
func (n *machine) readRecord(ctx context.Context) (*rule.Record, time.Time, error) {
	ctx, cancel := context.WithTimeout(ctx, n.w.timeout)
	defer cancel()
	seen, err := n.observer.Record(ctx)
	return seen.Record, seen.Time, err
}
