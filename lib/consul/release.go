package consul

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"regexp"
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

// release matches the first line of "consul version", of which the release is the
// group. What is built into the file says it less reliably: it depends on how and
// from where the file was built.
var release = regexp.MustCompile(`^Consul v([0-9]+\.[0-9]+\.[0-9]+)`)

// Release asks a Consul program for its release, such as "1.22.3". A program that
// answers in no way that Consul does, or does not end in time, has an empty one: it
// may be a wrapper that only knows how to start an agent. A file that cannot be
// executed is an error with the exit code 126.
func Release(ctx context.Context, path string) (string, error) {
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
