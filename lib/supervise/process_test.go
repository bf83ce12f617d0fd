package supervise

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

const (
	// part is the environment variable that says what the test's executable is to be.
	part = "SUPERVISE_TEST_PART"
	// marker is the one by which a test finds all processes that came of it.
	marker = "SUPERVISE_TEST_MARKER"
	// patience bounds each wait for something that is sure to come.
	patience = 60 * time.Second
)

// TestMain is also the main function of the programs that the tests start.
func TestMain(m *testing.M) {
	if code, ok := Role(os.Args[1:]); ok {
		os.Exit(code)
	}
	var c Command
	if text := os.Getenv(part); text != "" {
		if err := json.Unmarshal([]byte(text), &c); err != nil {
			panic(err)
		}
		os.Exit(runPart(c))
	}
	// What is ignored here, as nohup has it, would be ignored by all that tests start.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGHUP, syscall.SIGINT, syscall.SIGQUIT)
	os.Exit(m.Run())
}

// runPart runs a command as a program would, or, for a control, with less care.
func runPart(c Command) int {
	c.In, c.Out, c.Err = os.Stdin, os.Stdout, os.Stderr
	c.Warn = func(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }
	switch c.BeatPath {
	case "naive", "deathsig":
		cmd := exec.Command(c.Args[0], c.Args[1:]...)
		cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
		if c.BeatPath == "deathsig" {
			cmd.SysProcAttr.Pdeathsig = syscall.SIGTERM
		}
		_ = cmd.Run()
		return codeOf(cmd)
	}
	code, err := Run(c)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	return code
}

// ground is a test's folder, and what it starts.
type ground struct {
	*testing.T
	dir string
}

func newGround(t *testing.T) *ground {
	g := &ground{t, t.TempDir()}
	t.Cleanup(func() {
		for range 100 {
			left := g.running()
			if len(left) == 0 {
				return
			}
			for pid := range left {
				_ = syscall.Kill(pid, syscall.SIGKILL)
			}
			time.Sleep(20 * time.Millisecond)
		}
		t.Error("processes are left that cannot be killed")
	})
	return g
}

// sh is a command that runs a text in the test's folder.
func (g *ground) sh(text string) []string {
	return []string{"/bin/sh", "-c", "cd '" + g.dir + "'\n" + text}
}

// beat makes a text the program that beats.
func (g *ground) beat(c Command, text string) Command {
	c.Beat, c.BeatPath = g.sh(text), "/bin/sh"
	return c
}

func (g *ground) read(name string) string {
	data, err := os.ReadFile(filepath.Join(g.dir, name))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		g.Error(err)
	}
	return string(data)
}

// awaitLines waits until a file has so many lines.
func (g *ground) awaitLines(name string, n int) {
	g.Helper()
	g.eventually(fmt.Sprintf("%d lines in %s", n, name), func() bool { return strings.Count(g.read(name), "\n") >= n })
}

func (g *ground) eventually(what string, look func() bool) {
	g.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if look() {
			return
		}
	}
	g.Fatalf("waited in vain for %s; running: %v", what, g.running())
}

// running returns the argument lists, by process id, of what the test has started
// and has not ended.
func (g *ground) running() map[int]string {
	found := map[int]string{}
	dirs, _ := filepath.Glob("/proc/[0-9]*") // the pattern is good
	for _, dir := range dirs {
		env, err := os.ReadFile(dir + "/environ")
		if err != nil || !slices.Contains(strings.Split(string(env), "\x00"), marker+"="+g.dir) {
			continue // another's, or gone meanwhile
		}
		argv, _ := os.ReadFile(dir + "/cmdline")
		pid, _ := strconv.Atoi(filepath.Base(dir))
		found[pid] = strings.ReplaceAll(string(argv), "\x00", " ")
	}
	return found
}

// guards are the processes that are guards.
func (g *ground) guards() (pids []int) {
	for pid, argv := range g.running() {
		if strings.Contains(argv, guardRole) {
			pids = append(pids, pid)
		}
	}
	return pids
}

func (g *ground) wantNothingLeft() {
	g.Helper()
	g.eventually("the end of all processes", func() bool { return len(g.running()) == 0 })
}

// process is a supervisor that a test has started.
type process struct {
	*ground
	cmd *exec.Cmd
	err output
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

// start runs c in a process of its own. wrapper, if any, is put before it.
func (g *ground) start(c Command, wrapper ...string) *process {
	g.Helper()
	text, err := json.Marshal(map[string]any{"Args": c.Args, "Beat": c.Beat, "BeatPath": c.BeatPath, "Again": c.Again, "ComesBack": c.ComesBack, "Finish": c.Finish})
	if err != nil {
		g.Fatal(err)
	}
	argv := append(slices.Clone(wrapper), os.Args[0])
	p := &process{ground: g, cmd: exec.Command(argv[0], argv[1:]...)}
	p.cmd.Env = []string{"PATH=/usr/bin:/bin", part + "=" + string(text), marker + "=" + g.dir, "GORACE=atexit_sleep_ms=0"}
	p.cmd.Stderr = &p.err
	p.cmd.WaitDelay = time.Second // who outlives the process holds the pipe open
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := p.cmd.Start(); err != nil {
		g.Fatal(err)
	}
	return p
}

// wait returns the exit code, 128+n where signal n ended the process.
func (p *process) wait() int {
	p.Helper()
	late := time.AfterFunc(patience, func() { _ = p.cmd.Process.Kill() })
	_ = p.cmd.Wait() // how it has ended is in its state
	if !late.Stop() {
		p.Fatalf("not ended; stderr: %s", p.err.String())
	}
	return codeOf(p.cmd)
}

// signal sends a signal to the process alone, or to its group, as a terminal does.
func (p *process) signal(s syscall.Signal, group bool) {
	p.Helper()
	pid := p.cmd.Process.Pid
	if group {
		pid = -pid
	}
	if err := syscall.Kill(pid, s); err != nil {
		p.Fatal(err)
	}
}
