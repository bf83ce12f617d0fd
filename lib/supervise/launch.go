package supervise

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// launcherRole is the first argument of a launcher; those of the command follow its
// path.
const launcherRole = "supervise: launch"

// launch starts the command, and returns when it has begun to run or has failed to.
func (r *runner) launch() error {
	path, err := exec.LookPath(r.Args[0])
	if err != nil {
		return err
	}
	wait, proceed, err := os.Pipe()
	if err != nil {
		return err
	}
	defer proceed.Close()
	answer, report, err := os.Pipe()
	if err != nil {
		return errors.Join(err, wait.Close())
	}
	defer answer.Close()
	r.path = path
	r.cmd = exec.Command(r.self, append([]string{launcherRole, path}, r.Args...)...)
	r.cmd.Stdin, r.cmd.Stdout, r.cmd.Stderr = r.In, r.Out, r.Err
	r.cmd.ExtraFiles = []*os.File{wait, report}
	r.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Pdeathsig: syscall.SIGKILL}
	if r.restarted {
		r.cmd.Env = append(os.Environ(), AgainVariable+"=1")
	}
	err = errors.Join(r.cmd.Start(), wait.Close(), report.Close())
	if err != nil {
		return err
	}
	r.guard.watch(r.cmd.Process.Pid)
	_, _ = proceed.WriteString(".") // a launcher that has ended says so below
	// The report ends when the launcher becomes the command, and when it ends itself.
	text, _ := io.ReadAll(answer)
	if len(text) == 0 {
		return nil
	}
	r.guard.watch(0)
	_ = r.cmd.Wait() // it has said why
	number, err := strconv.Atoi(string(text))
	if err != nil {
		return fmt.Errorf("exec %s: %s", path, text)
	}
	return fmt.Errorf("exec %s: %w", path, syscall.Errno(number))
}

// unstarted returns the exit code for a command that could not be started.
func unstarted(err error) int {
	if errors.Is(err, exec.ErrNotFound) || errors.Is(err, fs.ErrNotExist) {
		return notFound
	}
	return notExecutable
}

// launch is the launcher: it waits for the word to become the command that args, its
// path and its arguments, say. It returns only if it cannot, or if nobody is left to
// give the word.
func launch(args []string, wait, report *os.File) int {
	// What the kernel keeps for a thread, like the signal at its parent's death, is
	// taken along by exec from the thread that calls it.
	runtime.LockOSThread()
	if n, err := io.ReadFull(wait, make([]byte, 1)); n == 0 || err != nil || len(args) < 2 {
		return 1
	}
	unix.CloseOnExec(int(wait.Fd()))
	unix.CloseOnExec(int(report.Fd()))
	err := unix.Prctl(unix.PR_SET_PDEATHSIG, 0, 0, 0, 0)
	if err == nil {
		defaultActions()
		err = syscall.Exec(args[0], args[1:], os.Environ())
	}
	var number syscall.Errno
	if errors.As(err, &number) {
		_, _ = report.WriteString(strconv.Itoa(int(number)))
	} else {
		_, _ = report.WriteString(err.Error())
	}
	return notExecutable
}

// defaultActions gives the signals that are passed on their default action for the
// kernel, without Go's handlers: a handler on another thread could have taken a
// signal that ends this process, and be gone with its thread at the exec. Nor would
// a signal that was ignored be anything else to the command.
func defaultActions() {
	var action [8]uintptr // all zero: the default, no flags, nothing masked
	for _, s := range passed() {
		n, _ := s.(syscall.Signal)
		_, _, _ = unix.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(n), uintptr(unsafe.Pointer(&action)), 0, maskSize, 0, 0)
	}
}

// maskSize is the size of the kernel's signal mask in bytes, on all but MIPS.
const maskSize = 8
