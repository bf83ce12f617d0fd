package supervise

import (
	"os/exec"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// beats is the program beside the command: running, or about to be started again.
type beats struct {
	cmd   *exec.Cmd        // nil while it does not run
	ended chan int         // its exit code, once
	again <-chan time.Time // when it is to be started again
}

// startBeats starts the program that beats, if there is one. It is killed if this
// program ends.
func (r *runner) startBeats() {
	r.beats = beats{}
	if len(r.Beat) == 0 {
		return
	}
	path := r.BeatPath
	if path == "" {
		path = r.self
	}
	cmd := exec.Command(path)
	cmd.Args = r.Beat
	cmd.Stderr = r.Err
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		r.Warn("the heartbeat process cannot be started: %v; it is tried again", err)
		r.beats.again = time.After(beatPause)
		return
	}
	ended := make(chan int, 1)
	r.beats = beats{cmd: cmd, ended: ended}
	go func() {
		_ = cmd.Wait() // how it has ended is in its state
		ended <- codeOf(cmd)
	}()
}

// beatsEnded deals with the end of the beats: the command is stopped where they say
// so, and goes on without them for a moment else.
func (r *runner) beatsEnded(code int) {
	r.beats = beats{}
	if code == again || code == fenced {
		r.verdict = code
		r.passStops()
		if !r.stopped {
			r.stop(code)
		}
		return
	}
	r.Warn("the heartbeat process ended with exit code %d; it is started again", code)
	r.beats.again = time.After(beatPause)
}

// stop ends a command whose beats have ended with 75 or 76.
//
// With 75 it is killed, with its process group, and not told to end: a Consul client
// that gets TERM leaves its cluster, which deregisters its node and destroys its
// sessions, while all of that survives a KILL and a start at once. A server loses
// nothing by KILL, because all servers whose beats end with 75 beside a running agent
// have no raft data. With 76 the command is not to come back, so it may end in order.
func (r *runner) stop(verdict int) {
	if verdict == again {
		// The number is still the group's: the command has not been waited for.
		_ = unix.Kill(-r.cmd.Process.Pid, unix.SIGKILL) // it may have ended
		return
	}
	r.kill(syscall.SIGTERM)
}

// endBeats ends the beats of a command that has ended with a code. They may have come
// to their verdict at the same moment, or may be about to put something in order first.
func (r *runner) endBeats(code int) {
	if r.beats.cmd == nil {
		return
	}
	_ = r.beats.cmd.Process.Signal(syscall.SIGTERM) // it may have ended
	late := time.NewTimer(r.patience(code))
	defer late.Stop()
	for {
		select {
		case verdict := <-r.beats.ended:
			if verdict == again || verdict == fenced {
				r.verdict = verdict
			}
			return
		case s := <-r.signals:
			if s != syscall.SIGHUP && !r.stopped {
				r.stopped = true
				late.Reset(grace)
			}
		case <-late.C:
			_ = r.beats.cmd.Process.Kill()
		}
	}
}

// patience returns how long the beats may take to end beside a command that has ended
// with a code. It is more than grace only after a 0 or a KILL that nobody has asked this
// program for: the beats may have made the command end, as they do when a server steps
// down, and if they were killed before they end with 75, nothing would start it again.
func (r *runner) patience(code int) time.Duration {
	if (code == 0 || code == killed) && !r.stopped {
		return grace + r.Finish
	}
	return grace
}

// codeOf returns the exit code of a process that has ended.
func codeOf(cmd *exec.Cmd) int {
	status, _ := cmd.ProcessState.Sys().(syscall.WaitStatus)
	if status.Signaled() {
		return 128 + int(status.Signal())
	}
	return status.ExitStatus()
}
