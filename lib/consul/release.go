package consul

import (
	"context"
	"debug/buildinfo"
	"errors"
	"fmt"
	"os/exec"
	"regexp"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"auto-consul/lib/exit"
)

// oldestRelease is the first release of Consul that this project was made for.
var oldestRelease = [3]int{1, 22, 0}

// releaseWait is how long a program may take to say its release. Consul takes less
// than a tenth of a second.
const releaseWait = 2 * time.Second

// release matches the first line of "consul version", of which the release is the group.
var release = regexp.MustCompile(`^Consul v([0-9]+\.[0-9]+\.[0-9]+)`)

// builtRelease matches the version that Go builds into a program which is made from a
// release. One that is made from another state has a version with a suffix.
var builtRelease = regexp.MustCompile(`^v([0-9]+\.[0-9]+\.[0-9]+)$`)

// releaseIn returns the release of a Consul program for this machine as it is built in;
// empty if it does not tell, or the program is another. To read that from the file takes
// a fiftieth of the time that Consul needs to start and say it.
func releaseIn(info *debug.BuildInfo) string {
	if info.Main.Path != "github.com/hashicorp/consul" || info.Path != info.Main.Path {
		return ""
	}
	for _, s := range info.Settings {
		if s.Key == "GOOS" && s.Value != runtime.GOOS || s.Key == "GOARCH" && s.Value != runtime.GOARCH {
			return ""
		}
	}
	if found := builtRelease.FindStringSubmatch(info.Main.Version); found != nil {
		return found[1]
	}
	return ""
}

// Release returns the release of a Consul program, such as "1.22.3": the one that is
// built into the file or, where none is, what the program answers. A program that
// answers in no way that Consul does, or does not end in time, has an empty one: it
// may be a wrapper that only knows how to start an agent. A file that cannot be
// executed is an error with the exit code 126.
func Release(ctx context.Context, path string) (string, error) {
	if info, err := buildinfo.ReadFile(path); err == nil {
		if built := releaseIn(info); built != "" {
			return built, nil
		}
	}
	ctx, cancel := context.WithTimeout(ctx, releaseWait)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, "version")
	cmd.WaitDelay = time.Second // for what it has started and left behind
	out, err := cmd.Output()
	var ended *exec.ExitError
	if err != nil && cmd.Process == nil && ctx.Err() == nil {
		return "", exit.Withf(exit.NotExecutable, "exec %s: %w", path, errors.Unwrap(err))
	}
	if found := release.FindSubmatch(out); found != nil && !errors.As(err, &ended) {
		return string(found[1]), nil
	}
	return "", nil
}

// CheckRelease returns an error if a release is older than this project knows. A
// release that could not be told is left to Consul.
func CheckRelease(text string) error {
	for i, part := range strings.Split(text, ".") {
		n, err := strconv.Atoi(part)
		switch {
		case err != nil || i >= len(oldestRelease) || n > oldestRelease[i]:
			return nil
		case n < oldestRelease[i]:
			return fmt.Errorf("release %s of Consul is too old: want %d.%d.%d or newer", text, oldestRelease[0], oldestRelease[1], oldestRelease[2])
		}
	}
	return nil
}
