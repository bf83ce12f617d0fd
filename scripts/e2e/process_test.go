package e2e

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// patience bounds every wait for something that is sure to come. It is far more
// than a busy machine needs, and no test asserts on it.
const patience = 90 * time.Second

// marker is the environment variable by which a test finds all processes that
// came of it, whatever session they are in.
const marker = "AC_E2E_TEST"

// process is a program that a test has started.
type process struct {
	t        *testing.T
	cmd      *exec.Cmd
	out, err output
	done     chan struct{}
}

// result is how a program has ended: its exit code, 128+n if signal n ended it.
type result struct {
	code           int
	stdout, stderr string
}

// output is a buffer that may be read while it is written.
type output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}

// startProcess starts a program as the leader of a process group, with nothing
// but env for its environment. At the end of the test it is killed; what it
// printed is shown if the test has failed, of a command that was run again and again the
// last time.
func startProcess(t *testing.T, env []string, stdin string, argv ...string) *process {
	t.Helper()
	p := &process{t: t, cmd: exec.Command(lookPath(t, env, argv[0]), argv[1:]...), done: make(chan struct{})}
	p.cmd.Env = env
	p.cmd.Stdin, p.cmd.Stdout, p.cmd.Stderr = strings.NewReader(stdin), &p.out, &p.err
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	// An agent that outlives its runner holds the pipes open.
	p.cmd.WaitDelay = time.Second
	if err := p.cmd.Start(); err != nil {
		t.Fatalf("start %v: %v", argv, err)
	}
	go func() {
		_ = p.cmd.Wait() // the exit code is in ProcessState
		close(p.done)
	}()
	t.Cleanup(func() {
		_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
		<-p.done
		if _, again := shown.LoadOrStore(fmt.Sprint(t.Name(), argv), true); t.Failed() && !again {
			t.Logf("%v ended with %d\nstdout: %s\nstderr: %s", argv, p.code(), tail(p.out.String()), tail(p.err.String()))
		}
	})
	return p
}

// shown has the commands whose output was shown, each with the name of its test. The last that
// was started is the first to be shown.
var shown sync.Map

// lookPath finds a program in the PATH of env rather than in the test's own.
func lookPath(t *testing.T, env []string, name string) string {
	t.Helper()
	if strings.Contains(name, "/") {
		return name
	}
	for _, v := range env {
		list, ok := strings.CutPrefix(v, "PATH=")
		for _, dir := range filepath.SplitList(list) {
			path := filepath.Join(dir, name)
			if info, err := os.Stat(path); ok && err == nil && info.Mode().IsRegular() {
				return path
			}
		}
	}
	t.Fatalf("no %s: run make tools and make first", name)
	return ""
}

func tail(s string) string {
	const most = 6000
	return s[max(0, len(s)-most):]
}

// signal sends a signal to the process alone.
func (p *process) signal(sig syscall.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(sig); err != nil {
		p.t.Fatalf("signal %v: %v", sig, err)
	}
}

// signalGroup sends a signal to the process group, as a terminal does.
func (p *process) signalGroup(sig syscall.Signal) {
	p.t.Helper()
	if err := syscall.Kill(-p.cmd.Process.Pid, sig); err != nil {
		p.t.Fatalf("signal %v: %v", sig, err)
	}
}

// wait waits for the end of the process.
func (p *process) wait() result {
	p.t.Helper()
	select {
	case <-p.done:
	case <-time.After(patience):
		p.t.Fatalf("%v has not ended", p.cmd.Args)
	}
	return result{p.code(), p.out.String(), p.err.String()}
}

func (p *process) ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

func (p *process) code() int {
	status := p.cmd.ProcessState.Sys().(syscall.WaitStatus)
	if status.Signaled() {
		return 128 + int(status.Signal())
	}
	return status.ExitStatus()
}

// running returns the processes, by id, that have id for their marker: their
// argument lists. Those that have ended and are waited for do not count.
func running(t *testing.T, id string) map[int]string {
	t.Helper()
	found := map[int]string{}
	dirs, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range dirs {
		env, err := os.ReadFile(dir + "/environ")
		if err != nil || !slices.Contains(strings.Split(string(env), "\x00"), marker+"="+id) {
			continue // not ours, or gone meanwhile
		}
		argv, _ := os.ReadFile(dir + "/cmdline")
		pid, _ := strconv.Atoi(filepath.Base(dir))
		found[pid] = strings.ReplaceAll(string(argv), "\x00", " ")
	}
	return found
}

// killAll kills what is left of a test, whatever session it is in.
func killAll(t *testing.T, id string) {
	for range 100 {
		left := running(t, id)
		if len(left) == 0 {
			return
		}
		for pid := range left {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Error("processes are left that cannot be killed")
}

// eventually repeats a look until it finds nothing wrong.
func eventually(t *testing.T, what string, look func() error) {
	t.Helper()
	within(t, patience, what, look)
}

// within is eventually with another bound.
func within(t *testing.T, bound time.Duration, what string, look func() error) {
	t.Helper()
	var err error
	for end := time.Now().Add(bound); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		if err = look(); err == nil {
			return
		}
	}
	t.Fatalf("waited in vain for %s: %v", what, err)
}

// want is an error unless got equals want.
func want[T comparable](what string, got, want T) error {
	if got != want {
		return fmt.Errorf("%s: got %v, want %v", what, got, want)
	}
	return nil
}

func contains(what, got, part string) error {
	if !strings.Contains(got, part) {
		return fmt.Errorf("%s: got %q, want %q in it", what, got, part)
	}
	return nil
}

func exists(path string) error {
	_, err := os.Stat(path)
	return err
}

var errNotYet = errors.New("not yet")
