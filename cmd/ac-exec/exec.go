package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"auto-consul/lib/cli"
	"auto-consul/lib/datadir"
	"auto-consul/lib/wire"
)

// find is the file that name stands for: a path, or a program in PATH.
func find(name string) (string, error) {
	path, err := exec.LookPath(name)
	switch {
	case err == nil:
		return path, nil
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EISDIR):
		return "", cli.Fail(cli.NotExecutable, err)
	case errors.Is(err, exec.ErrNotFound) && !strings.Contains(name, "/"):
		if file := present(name); file != "" {
			return "", cli.Failf(cli.NotExecutable, "exec: %q: not executable", file)
		}
	}
	return "", cli.Fail(cli.NotFound, err)
}

// present is the first file of that name in PATH, executable or not.
func present(name string) string {
	for _, dir := range filepath.SplitList(os.Getenv("PATH")) {
		file := filepath.Join(dir, name)
		if info, err := os.Stat(file); err == nil && info.Mode().IsRegular() {
			return file
		}
	}
	return ""
}

// tryWrite makes Consul's data folder and writes to it: Consul would take longer
// to say less.
func tryWrite(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("data directory: %w", err)
	}
	probe, err := os.CreateTemp(dir, ".ac-exec-*")
	if err != nil {
		return fmt.Errorf("data directory: %w", err)
	}
	if err := errors.Join(probe.Close(), os.Remove(probe.Name())); err != nil {
		return fmt.Errorf("data directory: %w", err)
	}
	return nil
}

// checkAge refuses at once, and with the way out, what Consul refuses after a
// minute of tries: a server that was off for too long. Consul judges by the
// machine's clock.
func checkAge(dir datadir.Dir, mode string, most time.Duration) error {
	if mode != wire.Server {
		return nil
	}
	seen, err := dir.LastSeen()
	if err != nil || seen.IsZero() || time.Since(seen) <= most {
		return err
	}
	return fmt.Errorf("this server last ran at %s, and Consul does not start it after more than %v: remove %s and it joins anew; or, if no other server has its data, set server_rejoin_age_max in a file of the -config-dir",
		seen.UTC().Format(time.RFC3339), most, dir.Consul(mode))
}

// become replaces this process. It returns only if it cannot.
func become(path string, argv []string) error {
	null, err := os.Open(os.DevNull)
	if err != nil {
		return err
	}
	// The decision's pipe would stay open in Consul as long as it lives.
	if err := unix.Dup2(int(null.Fd()), 0); err != nil {
		return fmt.Errorf("standard input from %s: %w", os.DevNull, err)
	}
	err = syscall.Exec(path, argv, os.Environ())
	return cli.Failf(cli.NotExecutable, "exec %s: %w", path, err)
}
