package consul

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"auto-consul/lib/exit"
)

// Find returns the file that the name of a program stands for: a path, or a program
// in PATH. Its errors have the exit codes 126 and 127.
func Find(name string) (string, error) {
	path, err := exec.LookPath(name)
	switch {
	case err == nil:
		return path, nil
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EISDIR):
		return "", exit.With(exit.NotExecutable, err)
	case errors.Is(err, exec.ErrNotFound) && !strings.Contains(name, "/"):
		if file := inPath(name); file != "" {
			return "", exit.Withf(exit.NotExecutable, "exec: %q: not executable", file)
		}
	}
	return "", exit.With(exit.NotFound, err)
}

// inPath returns the first file of a name in PATH, executable or not.
func inPath(name string) string {
	for _, dir := range filepath.SplitList(os.Getenv("PATH")) {
		file := filepath.Join(dir, name)
		if info, err := os.Stat(file); err == nil && info.Mode().IsRegular() {
			return file
		}
	}
	return ""
}

// Become replaces this process by a program. It returns only if it cannot.
func Become(path string, argv []string) error {
	null, err := os.Open(os.DevNull)
	if err != nil {
		return err
	}
	// The pipe that standard input may be would stay open as long as Consul runs.
	if err := unix.Dup2(int(null.Fd()), 0); err != nil {
		return fmt.Errorf("standard input from %s: %w", os.DevNull, err)
	}
	err = syscall.Exec(path, argv, os.Environ())
	return exit.Withf(exit.NotExecutable, "exec %s: %w", path, err)
}
