package start

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// MayServe asks ac-exec -check, with further flags, whether a Consul server could be started
// here. Its error says in one line what is in the way.
func MayServe(ctx context.Context, flags ...string) error {
	path, err := besideThis("ac-exec")
	if err != nil {
		return err
	}
	var said bytes.Buffer
	cmd := exec.CommandContext(ctx, path, append([]string{"-check", "-mode", "server"}, flags...)...)
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
