package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// mayServe asks ac-exec -check whether a Consul server could be started here, with the
// settings that this program shares with it.
func (p *program) mayServe(ctx context.Context) error {
	path, err := besideThis("ac-exec")
	if err != nil {
		return err
	}
	args := []string{"-check", "-mode", "server", "-data-dir", p.dir}
	for flag, value := range map[string]string{"-address": p.where.Address, "-bind": p.where.Bind, "-advertise": p.where.Advertise} {
		if value != "" {
			args = append(args, flag, value)
		}
	}
	var said bytes.Buffer
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Stderr = &said
	if err := cmd.Run(); err != nil {
		lines := strings.Split(strings.TrimSpace(said.String()), "\n")
		return fmt.Errorf("no server could be started here: %s", strings.TrimPrefix(lines[len(lines)-1], "ac-exec: "))
	}
	return nil
}

// besideThis returns the path of a program that is installed beside this one, or else is
// in PATH.
func besideThis(name string) (string, error) {
	if self, err := os.Executable(); err == nil {
		beside := filepath.Join(filepath.Dir(self), name)
		if _, err := os.Stat(beside); err == nil {
			return beside, nil
		}
	}
	return exec.LookPath(name)
}
