package supervise

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// runner is one call of Run.
type runner struct {
	Command
	self      string // path of this executable
	signals   chan os.Signal
	guard     *guard
	unguarded <-chan struct{} // closed when the guard has ended
	restarted bool
	stopped   bool // this program was told to stop

	// Of the command that runs now:
	path    string
	cmd     *exec.Cmd
	beats   beats
	verdict int  // 75 or 76 where the beats have said so
	ground  bool // it has ended because the ground of the command is gone
	became  bool // it was another program at its end than the one that was started
}

// once runs the command once.
func (r *runner) once() (code int, err error) {
	r.verdict, r.ground = 0, false
	if err := r.launch(); err != nil {
		return unstarted(err), err
	}
	if r.restarted {
		r.passStops()
	}
	r.startBeats()
	ended := r.await()
	for running := true; running; {
		select {
		case s := <-r.signals:
			r.pass(s)
		case code := <-r.beats.ended:
			r.beatsEnded(code)
		case <-r.beats.again:
			r.startBeats()
		case <-r.unguarded:
			r.replaceGuard()
		case <-ended:
			running = false
		}
	}
	code, became := r.reap()
	r.endBeats(code)
	r.emptyGroup()
	if r.verdict != 0 && !r.told() {
		code, became = r.verdict, true
	}
	r.ground, r.became = code == again && became, became
	return code, nil
}

// await returns a channel that is closed when the command has ended. It is not yet
// waited for then, so that its number is nobody else's.
func (r *runner) await() <-chan struct{} {
	ended, pid := make(chan struct{}), r.cmd.Process.Pid
	go func() {
		defer close(ended)
		for errors.Is(unix.Waitid(unix.P_PID, pid, nil, unix.WEXITED|unix.WNOWAIT, nil), unix.EINTR) {
		}
	}()
	return ended
}

// reap ends what is left of the ended command's process group, while that number is
// still the command's, and returns its exit code. became reports whether the command
// was another program at its end than the one that was started.
func (r *runner) reap() (code int, became bool) {
	pid := r.cmd.Process.Pid
	r.guard.watch(0)
	_ = unix.Kill(-pid, unix.SIGTERM) // there may be nobody
	name, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid))
	became = err == nil && strings.TrimSuffix(string(name), "\n") != comm(r.path)
	_ = r.cmd.Wait() // how it has ended is in its state
	return codeOf(r.cmd), became
}

// comm is the name that the kernel keeps of a process that executes a file.
func comm(path string) string {
	name := filepath.Base(path)
	return name[:min(len(name), 15)]
}

// emptyGroup waits for the end of those who were told by reap. They are children of
// this process where it is the first of a container.
func (r *runner) emptyGroup() {
	group := -r.cmd.Process.Pid
	for end := time.Now().Add(grace); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		_, _ = unix.Wait4(group, nil, unix.WNOHANG, nil) // mostly there is none
		if unix.Kill(group, 0) != nil {
			return
		}
	}
}

// pass passes a signal on to the command.
func (r *runner) pass(s os.Signal) {
	n, _ := s.(syscall.Signal)
	if n != syscall.SIGHUP {
		r.stopped = true
	}
	r.kill(n)
}

// kill sends the command a signal. Its process is there until it is waited for.
func (r *runner) kill(n syscall.Signal) { _ = unix.Kill(r.cmd.Process.Pid, n) }

// rests waits for a while, and reports whether this program was not told to stop.
func (r *runner) rests(d time.Duration) bool {
	for end := time.Now().Add(d); time.Now().Before(end) && !r.told(); {
		time.Sleep(20 * time.Millisecond)
	}
	return !r.told()
}

// told reports whether this program was told to stop, also while no command ran.
func (r *runner) told() bool {
	for {
		select {
		case s := <-r.signals:
			r.stopped = r.stopped || s != syscall.SIGHUP
		default:
			return r.stopped
		}
	}
}

// passStops passes on those of the signals that are waiting that tell to stop, and
// drops the others: HUP is of no use to a command that is about to be stopped, nor to
// one that was just started, which reads its settings anyway.
func (r *runner) passStops() {
	for range len(r.signals) {
		if s := <-r.signals; s != syscall.SIGHUP {
			r.pass(s)
		}
	}
}

// replaceGuard starts another guard where one has been killed.
func (r *runner) replaceGuard() {
	_ = r.guard.pipe.Close()
	next, err := startGuard(r.self, r.cmd.Process.Pid)
	if err != nil {
		r.Warn("%v: should this process be killed, its command will go on", err)
		r.unguarded = nil
		return
	}
	r.guard, r.unguarded = next, next.ended
}
