package bench

import (
	"bytes"
	"fmt"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// BenchmarkHeartbeatLoop is what a loop of ac-heartbeat costs its machine beside
// a real agent: its peak memory, which is to be under 25 MB, and its share of one
// core at a beat every 60 s, which is to be under 0.1 %. The share is that of a
// loop that idles plus that of beats that were made every second. With BENCH=full
// it is that of ten minutes at 60 s, start included.
func BenchmarkHeartbeatLoop(b *testing.B) {
	s, env, dir := lone(b)
	for b.Loop() {
		var peak, share float64
		var beating cost
		if full() {
			beating = loop(b, s, env, 10*time.Minute, "-d", dir, "-t", "60")
			peak, share = beating.peak, float64(beating.cpu)/float64(beating.wall)
		} else {
			idle := loop(b, s, env, 5*time.Second, "-d", dir, "-t", "60")
			beating = loop(b, s, env, 6*time.Second, "-d", dir, "-t", "1s")
			peak = max(idle.peak, beating.peak)
			share = float64(idle.later)/float64(idle.laterWall) + float64(beating.perBeat())/float64(time.Minute)
		}
		report(b, map[string]float64{
			"beats":                      float64(beating.beats),
			"peak-MB(aim<25)":            peak,
			"x-growth":                   beating.growth,
			"cpu-ms/beat":                milliseconds(beating.perBeat()),
			"%-of-a-core-at-60s(aim<.1)": 100 * share,
			"requests/beat":              beating.requests / float64(beating.beats),
		})
	}
}

// cost is what a loop has cost from its start to its end.
type cost struct {
	beats            int
	cpu, wall        time.Duration
	later, laterWall time.Duration // without the start and the first beat
	peak, growth     float64       // memory: MB, and the last over that of the first beat
	requests         float64
}

func (c cost) perBeat() time.Duration { return c.later / time.Duration(max(1, c.beats-1)) }

// lines counts what a program prints.
type lines struct{ atomic.Int64 }

func (l *lines) Write(p []byte) (int, error) {
	l.Add(int64(bytes.Count(p, []byte("\n"))))
	return len(p), nil
}

// loop runs one for a while.
func loop(b *testing.B, s *s3server, env []string, last time.Duration, args ...string) (c cost) {
	b.Helper()
	s.Forget()
	var beats lines
	var diag bytes.Buffer
	cmd := command(env, append([]string{"ac-heartbeat", "-r", url}, args...)...)
	cmd.Stdout, cmd.Stderr = &beats, &diag
	begin := time.Now()
	start(b, cmd)
	pid := cmd.Process.Pid
	await(b, "the first beat", func() error {
		if beats.Load() == 0 {
			return fmt.Errorf("none yet: %d running", pid)
		}
		return nil
	})
	first, firstCPU := time.Now(), cpuTime(b, pid)
	small, _ := memory(pid, "VmRSS")
	time.Sleep(time.Until(begin.Add(last)))
	c.cpu, c.wall = cpuTime(b, pid), time.Since(begin)
	c.later, c.laterWall = c.cpu-firstCPU, time.Since(first)
	large, _ := memory(pid, "VmRSS")
	c.peak, _ = memory(pid, "VmHWM")
	c.beats, c.growth, c.requests = int(beats.Load()), large/small, float64(s.Count(nil))
	stop(cmd)
	if !cmd.ProcessState.Success() {
		b.Fatalf("%v: %s", cmd.ProcessState, diag.String())
	}
	return c
}

// cpuTime is the processor time of a process that runs, to the nanosecond: that
// of /proc has a hundredth of a second, which is several beats.
func cpuTime(b *testing.B, pid int) time.Duration {
	b.Helper()
	const sched = 2 // CPUCLOCK_SCHED; see clock_getcpuclockid(3)
	var ts unix.Timespec
	if err := unix.ClockGettime(int32(^pid<<3|sched), &ts); err != nil {
		b.Fatal(err)
	}
	return time.Duration(ts.Nano())
}

// lone is a cluster of one server that really runs, node0, on this machine.
func lone(b *testing.B) (s *s3server, env []string, dir string) {
	b.Helper()
	s, dir = newServer(b), b.TempDir()
	address := fmt.Sprintf("127.%d.8.1", 222+os.Getpid()%30)
	env = append(s.env, "CONSUL_HTTP_ADDR="+address+":8500")
	run(b, env, "ac-decide", "-r", url, "-n", "node0", "-a", address, "-d", dir)
	start(b, command(env, "tools/consul", "agent", "-server", "-bootstrap", "-node=node0", "-bind="+address,
		"-client="+address, "-data-dir="+dir+"/server", "-hcl=disable_update_check = true"))
	run(b, env, "ac-heartbeat", "-r", url, "-d", dir, "-until", "leader")
	return s, env, dir
}
