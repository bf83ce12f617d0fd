// Package supervise runs a command and a second program beside it, which beats:
// it passes signals on to the command, starts the beats again if they die, and
// ends with the command's exit code. It knows no network, no registry and no
// Consul.
//
// Nothing outlives the program that calls [Run], not even after KILL: the
// command's process group gets TERM then. What has left that group is not held.
//
// # Processes
//
// The program starts its own executable again for two purposes of its own, each
// told by a first argument that no command line has:
//
//   - The guard reads from a pipe which process group it has to end, and ends it
//     when the pipe ends, that is, when the program has ended. It has a session of
//     its own, ignores the signals that a terminal sends, and holds none of the
//     program's streams.
//   - The launcher becomes the command. It has a session of its own and is killed
//     if the program ends. As soon as the guard knows of it, it gives this up, for
//     a command that ends in its own time must be told to only once, and executes
//     the command in its place.
//
// So a command that has begun to run is known to the guard, and one that has not
// is killed by the kernel. The kernel follows the thread that has started a child
// rather than the process: all children are started from one thread, which lives
// as long as they do.
//
// A program that calls [Run] must call [Role] first, before it looks at its
// arguments.
package supervise

import (
	"io"
	"os"
	"os/signal"
	"runtime"
	"syscall"
	"time"
)

// Exit codes that Run knows.
const (
	unreached     = 69 // what the command needs cannot be reached
	again         = 75 // the ground of the command is gone: to be started again
	fenced        = 76 // the command must not run on
	notExecutable = 126
	notFound      = 127
	killed        = 128 + int(syscall.SIGKILL)
)

// AgainVariable is the environment variable that is 1 for a command that has been
// started again.
const AgainVariable = "AUTO_CONSUL_AGAIN"

// grace is how long the beats, and what the command has left behind in its process
// group, may take to end when they are told to. A variable for tests.
var grace = 5 * time.Second

// unreachedPause is how long after it could not reach what it needs a command is tried
// again.
const unreachedPause = 2 * time.Second

// beatPause is how long after the end of the beats they are started again.
const beatPause = 2 * time.Second

// Command is what [Run] starts, and how.
type Command struct {
	// Args is the command, a path or a name in PATH, and its arguments.
	Args []string
	// Beat is the program that beats beside the command, and its arguments, from the
	// name that it sees as its own. It is the executable that calls Run unless
	// BeatPath says otherwise. Without Beat nothing beats.
	Beat     []string
	BeatPath string
	// Finish is how long the beats may take to end, beyond the few seconds that they have
	// in any case, after a command that has ended with 0, or was killed, while this program
	// was not told to stop: they may have made it end, and have something to do before
	// their 75.
	Finish time.Duration
	// Again starts everything again where the beats end with 75, or where the program
	// that the command has become by exec does. What a command ends with that has
	// become no other is the answer.
	// One that was started again and ends with 69, as it cannot reach what it needs, is
	// tried until it can, and so is the first one where ComesBack is true: it is started
	// where it has run before, so its settings were good once.
	Again, ComesBack bool
	// In, Out and Err are the command's; Err is also the beats'.
	In       io.Reader
	Out, Err io.Writer
	// Warn reports what does not end the command.
	Warn func(format string, args ...any)
}

// Run starts the command in a session of its own and returns its exit code when it
// has ended: 128+n if signal n ended it, 126 or 127 with an error if it could not be
// started.
//
// If the beats end with 75, the command's process group is killed, and if they end with
// 76, the command is stopped with TERM. Either is the code then, unless this program
// was told to stop itself. When the command ends first, the beats are told to with
// TERM, and killed after some seconds. They may also have made the command end: if it
// ends with 0, or was killed, they have Finish in addition, until this program is told to
// stop. What they end with in that time is the code, too, if it is 75 or 76.
//
// INT, TERM and QUIT are passed on to the command once each, and so is HUP where it
// is not ignored. For these the command starts with the default action.
func Run(c Command) (code int, err error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	r := &runner{Command: c, signals: make(chan os.Signal, 1024)}
	signal.Notify(r.signals, passed()...)
	defer signal.Stop(r.signals)
	if r.self, err = os.Executable(); err != nil {
		return 1, err
	}
	if r.guard, err = startGuard(r.self, 0); err != nil {
		return 1, err
	}
	r.unguarded = r.guard.ended
	defer func() { r.guard.end() }() // of the guard that there is by then
	for {
		code, err := r.once()
		switch {
		case r.ground && r.Again && !r.told():
			r.restarted = true
			continue
		case err == nil && (r.restarted || r.Again && r.ComesBack) && code == unreached && !r.became && r.rests(unreachedPause):
			// It ran until it was stopped to be started again, or has run before. To give up
			// now would end for good what an outage of a minute has hit at the wrong moment.
			continue
		}
		return code, err
	}
}

// passed returns the signals that are passed on. HUP that is ignored, as nohup has
// it, stays so for the command, too.
func passed() []os.Signal {
	list := []os.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGQUIT}
	if !signal.Ignored(syscall.SIGHUP) {
		list = append(list, syscall.SIGHUP)
	}
	return list
}

// Role plays one of the package's own parts if args, the arguments of this process
// without its name, ask for one, and returns the exit code then. ok reports whether
// they did.
func Role(args []string) (code int, ok bool) {
	if len(args) == 0 {
		return 0, false
	}
	switch args[0] {
	case guardRole:
		return keepGuard(os.NewFile(3, "pipe")), true
	case launcherRole:
		return launch(args[1:], os.NewFile(3, "wait"), os.NewFile(4, "report")), true
	}
	return 0, false
}
