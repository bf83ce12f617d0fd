// Package bench measures the built programs. Figures are ratios to something
// measured in the same run wherever they can be, as seconds mean little from one
// machine to the next. BENCH=full adds what takes long.
package bench

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

func full() bool { return os.Getenv("BENCH") == "full" }

// bin is the folder of the built programs.
func bin(tb testing.TB) string {
	tb.Helper()
	dir, err := filepath.Abs("../../bin")
	if err != nil {
		tb.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "tools", "consul")); err != nil {
		tb.Fatalf("%v: run make build tools first", err)
	}
	return dir
}

// environ is the environment of a program whose files lie in dir.
func environ(tb testing.TB, dir string, more ...string) []string {
	tb.Helper()
	return append([]string{
		"PATH=" + bin(tb) + ":" + bin(tb) + "/tools:/usr/bin:/bin", "HOME=" + dir, "TMPDIR=" + dir,
		"AWS_EC2_METADATA_DISABLED=true", "AWS_CONFIG_FILE=/dev/null", "AWS_SHARED_CREDENTIALS_FILE=/dev/null",
	}, more...)
}

// measured is what one run of a program has cost.
type measured struct {
	out       []byte
	wall, cpu time.Duration
	peak      float64 // resident memory in MB
}

// command is a program of the project, or another by its path.
func command(tb testing.TB, env []string, argv ...string) *exec.Cmd {
	tb.Helper()
	path := argv[0]
	if !filepath.IsAbs(path) {
		path = filepath.Join(bin(tb), path)
	}
	cmd := exec.Command(path, argv[1:]...)
	cmd.Env, cmd.SysProcAttr = env, &syscall.SysProcAttr{Setpgid: true}
	return cmd
}

// run runs a program to its end, which must be a good one.
func run(tb testing.TB, env []string, argv ...string) measured {
	tb.Helper()
	cmd := command(tb, env, argv...)
	var out, diag bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &diag
	begin := time.Now()
	if err := cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	peak := watchPeak(cmd.Process.Pid)
	err := cmd.Wait()
	m := measured{out: out.Bytes(), wall: time.Since(begin)}
	m.peak = <-peak
	if err != nil {
		tb.Fatalf("%v: %v: %s", argv, err, diag.String())
	}
	m.cpu = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	return m
}

// stop ends a program that was started and not waited for: a runner needs the
// chance to stop its agent, which is in a session of its own.
func stop(cmd *exec.Cmd) {
	if cmd.ProcessState != nil {
		return // its number may be another's by now
	}
	_ = cmd.Process.Signal(syscall.SIGTERM) // it may have ended already
	late := time.AfterFunc(20*time.Second, func() { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) })
	_ = cmd.Wait() // however it ends
	late.Stop()
}

// watchPeak looks at a process's peak memory until it is gone. What wait tells
// afterwards would be no less than the parent's own, which a fork hands on.
func watchPeak(pid int) <-chan float64 {
	out := make(chan float64, 1)
	go func() {
		last := 0.0
		for {
			kb, ok := statusField(pid, "VmHWM:")
			if !ok {
				out <- last
				return
			}
			last = max(last, kb/1024)
			time.Sleep(2 * time.Millisecond)
		}
	}()
	return out
}

// statusField is a number of /proc/PID/status; a process that has ended has none.
func statusField(pid int, name string) (float64, bool) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, false
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, name); ok {
			value, err := strconv.ParseFloat(strings.Fields(rest)[0], 64)
			return value, err == nil
		}
	}
	return 0, false
}

func median(times []time.Duration) time.Duration {
	sorted := slices.Sorted(slices.Values(times))
	return sorted[len(sorted)/2]
}

// report prints figures in place of the time per iteration.
func report(b *testing.B, figures map[string]float64) {
	b.ReportMetric(0, "ns/op")
	for unit, value := range figures {
		b.ReportMetric(value, unit)
	}
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
