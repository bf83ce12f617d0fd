package scripttest

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"testing"
	"time"
)

// Together holds n commands at one pipe and lets them go at the same moment, by
// closing it. It returns how long all took, which must end well, and what each
// has printed.
func Together(tb testing.TB, env []string, n int, argv func(i int) []string) (took time.Duration, printed []string) {
	tb.Helper()
	gate, open, err := os.Pipe()
	if err != nil {
		tb.Fatal(err)
	}
	var crew []*exec.Cmd
	for i := range n {
		cmd := exec.Command("sh", append([]string{"-c", `read -r _; exec "$@" </dev/null`, "sh"}, argv(i)...)...)
		cmd.Env, cmd.Stdin, cmd.Stdout, cmd.Stderr = env, gate, &bytes.Buffer{}, &bytes.Buffer{}
		if err := cmd.Start(); err != nil {
			tb.Fatal(err)
		}
		crew = append(crew, cmd)
	}
	begin := time.Now()
	if err := errors.Join(gate.Close(), open.Close()); err != nil {
		tb.Fatal(err)
	}
	for _, cmd := range crew {
		if err := cmd.Wait(); err != nil {
			tb.Errorf("%v: %v: %s", cmd.Args[4:], err, cmd.Stderr)
		}
		printed = append(printed, cmd.Stdout.(*bytes.Buffer).String())
	}
	if tb.Failed() {
		tb.FailNow()
	}
	return time.Since(begin), printed
}
