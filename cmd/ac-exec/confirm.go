package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"auto-consul/lib/claim"
	"auto-consul/lib/cli"
	"auto-consul/lib/wire"
)

// confirm asks the cluster record once more whether a decision to bootstrap
// still stands. Any other decision, and one made without claims, stands by
// itself.
func confirm(ctx context.Context, s cli.Streams, d wire.Decision) error {
	if d.ClusterID == "" || !d.Bootstrap && d.BootstrapExpect == 0 {
		return nil
	}
	rec, err := record(ctx, s, d.Registry)
	if err != nil {
		return fmt.Errorf("confirm the bootstrap: %w", err)
	}
	if err := claim.Confirm(rec, d.ClusterID, d.Incarnation, d.Generation); err != nil {
		return cli.Fail(cli.Undecided, err)
	}
	return nil
}

// record reads the cluster record through ac-members, so that this program,
// which only ever becomes another, need not hold a client for every store. A
// failure has ac-members' own exit code.
func record(ctx context.Context, s cli.Streams, url string) (*claim.Record, error) {
	cmd := exec.CommandContext(ctx, sibling("ac-members"),
		"-registry="+url, "-role=none", "-purge=false", "-format=json", "-watch=0", "-limit=0")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, s.Err
	var exit *exec.ExitError
	switch err := cmd.Run(); {
	case errors.As(err, &exit) && exit.ExitCode() > 0:
		return nil, cli.Failf(cli.Code(exit.ExitCode()), "ac-members failed")
	case err != nil:
		return nil, err
	}
	m, err := wire.ReadMembers(&out)
	if err != nil || m.Cluster == nil {
		return nil, err
	}
	rec, err := claim.DecodeRecord(m.Cluster.Record)
	return &rec, err
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
