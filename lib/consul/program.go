package consul

import (
	"context"
	"debug/buildinfo"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"

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

// oldestRelease is the first release of Consul that this project was made for.
var oldestRelease = [3]int{1, 22, 0}

const modulePath = "github.com/hashicorp/consul"

// releaseWait is how long a program may take to say its release. Consul takes less
// than a tenth of a second.
const releaseWait = 2 * time.Second

// Release returns the release of a Consul program, such as "1.22.3"; empty if it
// cannot be told. The file says it where it was built as a Go module; otherwise the
// program is asked.
func Release(ctx context.Context, path string) string {
	if info, err := buildinfo.ReadFile(path); err == nil && info.Main.Path == modulePath && release.MatchString(info.Main.Version) {
		return release.FindString(info.Main.Version)
	}
	limited, cancel := context.WithTimeout(ctx, releaseWait)
	defer cancel()
	cmd := exec.CommandContext(limited, path, "version")
	cmd.WaitDelay = time.Second
	out, err := cmd.Output()
	if err != nil || !strings.HasPrefix(string(out), "Consul v") {
		return ""
	}
	return release.FindString(string(out))
}

var release = regexp.MustCompile(`[0-9]+\.[0-9]+\.[0-9]+`)

// CheckRelease returns an error if a release is older than this project knows. A
// release that could not be told is left to Consul.
func CheckRelease(text string) error {
	for i, part := range strings.Split(text, ".") {
		n, err := strconv.Atoi(part)
		switch {
		case err != nil || i >= len(oldestRelease) || n > oldestRelease[i]:
			return nil
		case n < oldestRelease[i]:
			return fmt.Errorf("Consul %s is too old: want %d.%d.%d or newer", text, oldestRelease[0], oldestRelease[1], oldestRelease[2])
		}
	}
	return nil
}
