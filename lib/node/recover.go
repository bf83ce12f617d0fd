package node

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"auto-consul/lib/claim"
	"auto-consul/lib/registry"
	"auto-consul/lib/rule"
)

// Recoverer takes part in the recovery of a lost quorum, which the operator has typed on
// this node (R56). It writes that into the record. The heartbeats beside the node's agent
// find it there and end with [rule.ErrUndecided], and the node's next decision waits for
// the outcome.
type Recoverer struct {
	Observer claim.Observer
	Disk     Disk
	Out      Output
	Random   claim.Random
	Agent    Agent // this node's, which need not run
	Answers  func(ctx context.Context, address string) bool
	// ReadLog reads the raft log and keeps agents from starting on it from then on. ok is
	// false as long as an agent runs.
	ReadLog func() (log rule.Log, ok bool, err error)

	Node, Address, Zone string

	Gone    []string // servers that the operator says are off for good
	Policy  rule.Policy
	Wait    time.Duration // bound on all waiting
	Timeout time.Duration // bound on each observation and each write
}

// Recover takes part until the record says who goes ahead, and returns that. Its errors
// are the store's and the data directory's, or wrap [rule.ErrRefused] or
// [rule.ErrUndecided]. After one the record has no entry of this node, as far as it can
// still be written.
func (r Recoverer) Recover(ctx context.Context) (rule.Decision, rule.Observation, error) {
	self, err := r.self()
	if err != nil {
		return rule.Decision{}, rule.Observation{}, err
	}
	recovery := &rule.Recover{Gone: r.Gone, Leader: r.leader(ctx)}
	d := claim.Decider{
		Observer: r.Observer, Random: r.Random, Self: self, Policy: r.Policy, Recover: recovery,
		Wait: r.Wait, Timeout: r.Timeout, Answers: r.Answers, Progress: r.Out.Notef, ReadLog: r.ReadLog,
		Keep: func() error { return r.Disk.KeepIncarnation(self.Incarnation) },
	}
	decision, seen, err := d.Decide(ctx, nil)
	if err != nil && recovery.Entry {
		limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), r.Timeout/2)
		defer cancel()
		if failed := r.Observer.GiveUpRecovery(limited, self.Incarnation, r.Random); failed != nil {
			r.Out.Warnf("%v; this server stays off until its entry in the record is %v old", failed, r.Policy.Expiry)
		}
	}
	return decision, seen, err
}

// self returns what this node knows of itself.
func (r Recoverer) self() (self rule.Self, err error) {
	self = rule.Self{Node: r.Node, Address: r.Address, Zone: r.Zone, Mode: registry.Server}
	if self.Raft, err = r.Disk.HasRaft(); err != nil {
		return self, err
	}
	if self.Membership, err = r.Disk.Membership(); err != nil {
		return self, err
	}
	if self.Incarnation, err = r.Disk.Incarnation(); err == nil && self.Incarnation == "" {
		err = fmt.Errorf("%w: data directory %s is no server's that was decided here", rule.ErrRefused, r.Disk)
	}
	return self, err
}

// leader returns the raft leader that this node's agent knows; empty if it knows none, or
// does not answer.
func (r Recoverer) leader(ctx context.Context) string {
	leader, err := r.Agent.Leader(ctx)
	if err != nil {
		return ""
	}
	return leader
}

// Preview says in words what a recovery would do as things are: whose log is the newest,
// what may be lost, and who must be named as gone. It writes nothing and stops nothing.
func (r Recoverer) Preview(ctx context.Context) error {
	self, err := r.self()
	if err != nil {
		return err
	}
	limited, cancel := context.WithTimeout(ctx, r.Timeout)
	defer cancel()
	seen, err := r.Observer.All(limited)
	if err != nil {
		return err
	}
	recovery := &rule.Recover{Gone: r.Gone, Leader: r.leader(ctx)}
	in := rule.Input{Self: self, Policy: r.Policy, Seen: seen, Recover: recovery}
	if why := in.MayNotRecover(); why != "" {
		return fmt.Errorf("%w: %s", rule.ErrRefused, why)
	}
	log, err := r.logNow(ctx)
	if err != nil {
		r.Out.Warnf("who votes is not known, as far as no slot says it: %v", err)
	} else {
		recovery.Log = &log
	}
	in.Answers = map[string]bool{}
	for _, a := range in.Absent() {
		in.Answers[a.Address] = r.Answers(ctx, a.Address)
	}
	for _, line := range r.plan(in) {
		r.Out.Notef("dry run: %s", line)
	}
	return nil
}

// logNow returns what the running agent says of its raft data, or, where none runs, what
// the data directory says.
func (r Recoverer) logNow(ctx context.Context) (rule.Log, error) {
	if status, err := r.Agent.Status(ctx); err == nil && status.Node == r.Node {
		return status.Log, nil
	}
	log, ok, err := r.ReadLog()
	if err == nil && !ok {
		err = fmt.Errorf("an agent runs and does not say it")
	}
	return log, err
}

// plan returns in words what a recovery would do.
func (r Recoverer) plan(in rule.Input) []string {
	var out, gone, lives []string
	rec, votes := in.Seen.Record, 1
	survivors := rec.LiveSurvivors(in.Seen.Time, r.Policy.Expiry)
	if in.Recover.Log != nil {
		l := in.Recover.Log
		votes = len(l.Voters)
		out = append(out, fmt.Sprintf("the log of %s ends with entry %d of term %d", r.Node, l.Index, l.Term))
	}
	for _, s := range survivors {
		if s.Node != r.Node && s.ID != "" {
			out = append(out, fmt.Sprintf("%s takes part; its log ends with entry %d of term %d", s.Node, s.LogIndex, s.LogTerm))
		}
	}
	for _, a := range in.Absent() {
		if a.Beats || a.Young || !a.NoData && in.Answers[a.Address] {
			lives = append(lives, a.Name)
		} else {
			gone = append(gone, "-gone "+a.Name)
		}
	}
	took := slices.ContainsFunc(survivors, func(s rule.Survivor) bool { return s.Incarnation == in.Self.Incarnation })
	parts := len(survivors)
	if !took {
		parts++
	}
	if newest := in.NewestLog(); newest != "" {
		out = append(out, "the newest log of those that take part is that of "+newest+", with which the cluster would go on")
	}
	if len(lives) > 0 {
		out = append(out, fmt.Sprintf("recover must be typed on %s, too: there is life", strings.Join(lives, ", ")))
	}
	if len(gone) > 0 {
		out = append(out, fmt.Sprintf("those that are powered off for good must be named: %s", strings.Join(gone, " ")))
	}
	if parts*2 <= votes {
		out = append(out, fmt.Sprintf("what was acknowledged last may be lost: %d of %d voters take part, so no log of theirs need have it", parts, votes))
	}
	return out
}
