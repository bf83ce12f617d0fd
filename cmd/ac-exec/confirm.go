package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"auto-consul/lib/cli"
	"auto-consul/lib/exit"
	"auto-consul/lib/registry"
	"auto-consul/lib/rule"
	"auto-consul/lib/wire"
)

// claimOf returns the claim that a decision rests on, as its document has it (R27).
func claimOf(d wire.Decision) rule.Claim {
	decision := rule.Decision{
		Mode: registry.Mode(d.Mode), Bootstrap: d.Bootstrap, Expect: d.BootstrapExpect, HasSlot: d.Slot,
		Membership: rule.Membership{ClusterID: d.ClusterID, Term: d.Generation},
	}
	self := rule.Self{Node: d.Node, Address: d.Address, Incarnation: d.Incarnation}
	return decision.Claim(self, time.Duration(d.ExpirySeconds)*time.Second)
}

// recordOf returns what reads the cluster record of a registry through ac-members, so
// that this program, which only ever becomes another, need not hold a client for every
// store. A failure has the exit code of ac-members, with which a bootstrap ends (R28).
// The time is store time.
func recordOf(s cli.Streams, url string) func(ctx context.Context) (*rule.Record, time.Time, error) {
	return func(ctx context.Context) (rec *rule.Record, now time.Time, err error) {
		cmd := exec.CommandContext(ctx, sibling("ac-members"),
			"-registry="+url, "-role=none", "-purge=false", "-format=json", "-watch=0", "-limit=0")
		var out bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, s.Err
		var failed *exec.ExitError
		switch err := cmd.Run(); {
		case errors.As(err, &failed) && failed.ExitCode() > 0:
			return nil, now, exit.Withf(exit.Code(failed.ExitCode()), "ac-members failed")
		case err != nil:
			return nil, now, err
		}
		m, err := wire.ReadMembers(&out)
		if err != nil || m.Cluster == nil {
			return nil, m.Time, err
		}
		seen, err := rule.DecodeRecord(m.Cluster.Record)
		return &seen, m.Time, err
	}
}

// sibling returns the program that was installed beside this one, or the one in PATH.
func sibling(name string) string {
	if self, err := os.Executable(); err == nil {
		if path, err := exec.LookPath(filepath.Join(filepath.Dir(self), name)); err == nil {
			return path
		}
	}
	return name
}
