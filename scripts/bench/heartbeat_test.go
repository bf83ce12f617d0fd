package bench

import (
	"bytes"
	"io"
	"syscall"
	"testing"
)

// BenchmarkHeartbeatLoop is what a loop of ac-heartbeat costs its machine: memory
// after so many beats, and computing time a beat. BENCH=full beats for longer.
func BenchmarkHeartbeatLoop(b *testing.B) {
	beats := 5
	if full() {
		beats = 120
	}
	s, env, dir := cluster(b, "1")
	for b.Loop() {
		s.Forget()
		cmd := command(b, env, "ac-heartbeat", "-r", url, "-d", dir, "-t", "1s", "-e", "10s")
		var diag bytes.Buffer
		cmd.Stderr = &diag
		out, err := cmd.StdoutPipe()
		if err != nil {
			b.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			b.Fatal(err)
		}
		first := readLines(b, out, 1, cmd.Process.Pid)
		last := readLines(b, out, beats-1, cmd.Process.Pid)
		if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
			b.Fatal(err)
		}
		if err := cmd.Wait(); err != nil {
			b.Fatalf("%v: %s", err, diag.String())
		}
		cpu := cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
		report(b, map[string]float64{
			"beats":         float64(beats),
			"MB":            last,
			"x-growth":      last / first,
			"cpu-ms/beat":   milliseconds(cpu) / float64(beats),
			"requests/beat": float64(s.Count(nil)) / float64(beats),
		})
	}
}

// readLines reads so many lines and returns the process's memory in MB then.
func readLines(b *testing.B, r io.Reader, n, pid int) float64 {
	b.Helper()
	buf := make([]byte, 4096)
	for n > 0 {
		got, err := r.Read(buf)
		if err != nil {
			b.Fatal(err)
		}
		n -= bytes.Count(buf[:got], []byte("\n"))
	}
	kb, _ := statusField(pid, "VmRSS:")
	return kb / 1024
}
