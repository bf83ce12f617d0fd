package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"auto-consul/lib/claim"
	"auto-consul/lib/cli"
	"auto-consul/lib/wire"
)

// confirm asks the cluster record once more whether a server's decision still
// stands. An agent's, and one made without claims, stands by itself. Where the
// record cannot be read nobody bootstraps; others start, and their heartbeat
// fences them if it must.
func confirm(ctx context.Context, s cli.Streams, d wire.Decision) error {
	if d.ClusterID == "" || d.Mode != wire.Server {
		return nil
	}
	boots := d.Bootstrap || d.BootstrapExpect > 0
	rec, now, err := record(ctx, s, d.Registry)
	switch {
	case err != nil && boots:
		return fmt.Errorf("confirm the bootstrap: %w", err)
	case err != nil:
		s.Warnf("the decision is not confirmed: %v", err)
		return nil
	}
	claimed := claim.Claimed{
		Bootstrap: boots, Slot: d.Slot, ClusterID: d.ClusterID, Term: d.Generation,
		Incarnation: d.Incarnation, Node: d.Node, Address: d.Address, Expiry: time.Duration(d.ExpirySeconds) * time.Second,
	}
	if err := claim.Confirm(rec, now, claimed); err != nil {
		return cli.Fail(cli.Undecided, err)
	}
	return nil
}

// record reads the cluster record through ac-members, so that this program,
// which only ever becomes another, need not hold a client for every store. A
// failure has ac-members' own exit code. now is store time.
func record(ctx context.Context, s cli.Streams, url string) (rec *claim.Record, now time.Time, err error) {
	cmd := exec.CommandContext(ctx, sibling("ac-members"),
		"-registry="+url, "-role=none", "-purge=false", "-format=json", "-watch=0", "-limit=0")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, s.Err
	var exit *exec.ExitError
	switch err := cmd.Run(); {
	case errors.As(err, &exit) && exit.ExitCode() > 0:
		return nil, now, cli.Failf(cli.Code(exit.ExitCode()), "ac-members failed")
	case err != nil:
		return nil, now, err
	}
	m, err := wire.ReadMembers(&out)
	if err != nil || m.Cluster == nil {
		return nil, m.Time, err
	}
	seen, err := claim.DecodeRecord(m.Cluster.Record)
	return &seen, m.Time, err
}

// sibling is the program that was installed beside this one, or the one in PATH.
func sibling(name string) string {
	if self, err := os.Executable(); err == nil {
		if path, err := exec.LookPath(filepath.Join(filepath.Dir(self), name)); err == nil {
			return path
		}
	}
	return name
}
