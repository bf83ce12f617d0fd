package supervise

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// guardRole is the first argument of a guard.
const guardRole = "supervise: guard"

// guard is the process that ends the command's process group should this program
// end before it.
type guard struct {
	cmd   *exec.Cmd
	pipe  *os.File
	ended chan struct{}
}

// startGuard starts a guard that has a group to end from its first moment on; 0 for none.
func startGuard(self string, group int) (*guard, error) {
	read, write, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer read.Close()
	g := &guard{cmd: exec.Command(self, guardRole), pipe: write, ended: make(chan struct{})}
	g.cmd.Dir = "/" // it keeps no folder in use
	g.cmd.ExtraFiles = []*os.File{read}
	g.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	g.watch(group) // the pipe keeps it until the guard reads
	if err := g.cmd.Start(); err != nil {
		_ = write.Close()
		return nil, fmt.Errorf("start the guarding process: %w", err)
	}
	go func() {
		_ = g.cmd.Wait() // however it has ended, there is none any more
		close(g.ended)
	}()
	return g, nil
}

// watch tells the guard which group it has to end; 0 for none. A guard that is gone
// cannot be told, and its end is dealt with where it is noticed.
func (g *guard) watch(group int) { _, _ = fmt.Fprintln(g.pipe, group) }

// end ends the guard, which from then on would find a group of that number to be
// somebody else's.
func (g *guard) end() {
	g.watch(0)
	_ = g.cmd.Process.Kill()
	<-g.ended
	_ = g.pipe.Close()
}

// keepGuard is the guard.
func keepGuard(pipe io.Reader) int {
	signal.Ignore(syscall.SIGINT, syscall.SIGTERM, syscall.SIGQUIT, syscall.SIGHUP)
	return endGroup(pipe)
}

// endGroup waits for the end of the pipe and ends the group that was named last.
func endGroup(pipe io.Reader) int {
	text, err := io.ReadAll(pipe)
	if err != nil {
		return 1
	}
	lines := bytes.Fields(text)
	if len(lines) == 0 {
		return 0
	}
	// Never 1 or less, which would be each process there is.
	if group, err := strconv.Atoi(string(lines[len(lines)-1])); err == nil && group > 1 {
		_ = unix.Kill(-group, unix.SIGTERM) // it may have ended
	}
	return 0
}
