// Package bench measures the built programs. Figures are ratios to something
// measured in the same run wherever they can be, as seconds mean little from one
// machine to the next. BENCH=full adds what takes long.
package bench

import (
	"bytes"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"auto-consul/lib/scripttest"
)

func TestMain(m *testing.M) {
	flag.Parse()
	if endpoint := os.Getenv(listed); endpoint != "" {
		os.Exit(list(endpoint))
	}
	os.Exit(scripttest.RunBuilt(m, "bench", os.Stdout))
}

func full() bool { return os.Getenv("BENCH") == "full" }

// measured is what one run of a program has cost.
type measured struct {
	out       []byte
	wall, cpu time.Duration
	peak      float64 // resident memory in MB
}

// command is a program of the project, or another by its path.
func command(env []string, argv ...string) *exec.Cmd {
	path := argv[0]
	if !filepath.IsAbs(path) {
		path = filepath.Join(scripttest.Bin(), path)
	}
	cmd := exec.Command(path, argv[1:]...)
	cmd.Env, cmd.SysProcAttr = env, &syscall.SysProcAttr{Setpgid: true}
	return cmd
}

// run runs a program to its end, which must be a good one.
func run(b *testing.B, env []string, argv ...string) measured {
	b.Helper()
	cmd := command(env, argv...)
	var out, diag bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &diag
	begin := time.Now()
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	peak := watchPeak(cmd.Process.Pid)
	err := cmd.Wait()
	m := measured{out: out.Bytes(), wall: time.Since(begin), peak: <-peak}
	if err != nil {
		b.Fatalf("%v: %v: %s", argv, err, diag.String())
	}
	m.cpu = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	return m
}

// start starts a program that is stopped at the end of the benchmark.
func start(b *testing.B, cmd *exec.Cmd) {
	b.Helper()
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { stop(cmd) })
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

// await repeats a look until it finds nothing wrong, for a time that nothing
// should take.
func await(b *testing.B, what string, look func() error) {
	b.Helper()
	var err error
	for end := time.Now().Add(2 * time.Minute); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if err = look(); err == nil {
			return
		}
	}
	b.Fatalf("waited in vain for %s: %v", what, err)
}

// watchPeak looks at a process's peak memory until it is gone. What wait tells
// afterwards would be no less than the parent's own, which a fork hands on.
func watchPeak(pid int) <-chan float64 {
	out := make(chan float64, 1)
	go func() {
		last := 0.0
		for mb, ok := memory(pid, "VmHWM"); ok; mb, ok = memory(pid, "VmHWM") {
			last = max(last, mb)
			time.Sleep(2 * time.Millisecond)
		}
		out <- last
	}()
	return out
}

// memory is a number of /proc/PID/status in MB; a process that has ended has none.
func memory(pid int, name string) (float64, bool) {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	_, rest, found := strings.Cut(string(text), "\n"+name+":")
	if !found {
		return 0, false
	}
	kb, err := strconv.ParseFloat(strings.Fields(rest)[0], 64)
	return kb / 1024, err == nil
}

// median returns the middle of some times, of an even number the mean of the middle two.
func median(times []time.Duration) time.Duration {
	sorted := slices.Sorted(slices.Values(times))
	return (sorted[(len(sorted)-1)/2] + sorted[len(sorted)/2]) / 2
}

// ratio is how many times longer one program takes than another, by medians.
func ratio(own, other []time.Duration) float64 { return float64(median(own)) / float64(median(other)) }

// reportTimes prints a line with the median, the least and the most of random times,
// and the ratio of the median to another's, with its interval.
func reportTimes(b *testing.B, name string, own, other []time.Duration) {
	b.Run(name, func(b *testing.B) {
		low, high := interval(own, other)
		report(b, map[string]float64{
			"rounds": float64(len(own)), "median-s": median(own).Seconds(), "min-s": slices.Min(own).Seconds(), "max-s": slices.Max(own).Seconds(),
			"x-plain": ratio(own, other), "x-low": low, "x-high": high,
		})
	})
}

// interval returns the bounds between which the ratio of two medians lies with a
// probability of 95 %, estimated by drawing rounds again and again from those that were
// measured.
func interval(own, other []time.Duration) (low, high float64) {
	r := rand.New(rand.NewPCG(1, 2)) // the same bounds for the same times
	ratios := make([]float64, 10_000)
	for i := range ratios {
		a, b := make([]time.Duration, len(own)), make([]time.Duration, len(own))
		for k := range a {
			round := r.IntN(len(own))
			a[k], b[k] = own[round], other[round]
		}
		ratios[i] = ratio(a, b)
	}
	slices.Sort(ratios)
	return ratios[len(ratios)/40], ratios[len(ratios)-len(ratios)/40-1]
}

// report prints figures in place of the time per iteration.
func report(b *testing.B, figures map[string]float64) {
	b.ReportMetric(0, "ns/op")
	for unit, value := range figures {
		b.ReportMetric(value, unit)
	}
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
