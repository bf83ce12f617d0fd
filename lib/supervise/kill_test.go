package supervise

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// family is a command with a child in its process group.
const family = "sleep 1000 & echo >>up; exec sleep 1000\n"

// However early or late it is killed, nothing outlives the program.
func TestKilled(t *testing.T) {
	t.Parallel()
	for _, test := range []string{"with beats", "without", "with beats that crash"} {
		t.Run(test, func(t *testing.T) {
			t.Parallel()
			g := newGround(t)
			c := Command{Args: g.sh(family)}
			switch test {
			case "with beats":
				c = g.beat(c, "exec sleep 1000")
			case "with beats that crash":
				c = g.beat(c, "exit 1")
			}
			for i := range 100 {
				p := g.start(c)
				time.Sleep(time.Duration(i) * time.Millisecond / 2)
				p.signal(syscall.SIGKILL, false)
				p.wait()
				g.wantNothingLeft()
			}
			if g.read("up") == "" {
				t.Error("no command was ever up")
			}
		})
	}
}

// The controls of the test above: one that leaves the command, and one that has the
// kernel end it, but not its child.
func TestKilledCarelessly(t *testing.T) {
	t.Parallel()
	for part, want := range map[string]int{"naive": 2, "deathsig": 1} {
		t.Run(part, func(t *testing.T) {
			t.Parallel()
			g := newGround(t)
			p := g.start(Command{Args: g.sh(family), BeatPath: part})
			g.awaitLines("up", 1)
			g.eventually("the exec", func() bool {
				n := 0
				for _, argv := range g.running() {
					if argv == "sleep 1000 " {
						n++
					}
				}
				return n == 2
			})
			p.signal(syscall.SIGKILL, false)
			p.wait()
			g.eventually("what is left", func() bool { return len(g.running()) == want })
		})
	}
}

// A command that is to end in its own time is told to only once.
func TestKilledTellsTheCommandOnce(t *testing.T) {
	t.Parallel()
	g := newGround(t)
	p := g.start(g.beat(Command{Args: g.sh(notes)}, "exec sleep 1000"))
	g.awaitLines("up", 1)
	p.signal(syscall.SIGKILL, false)
	p.wait()
	g.awaitLines("signals", 1)
	g.eventually("the end of all but the command", func() bool { return len(g.running()) <= 2 && len(g.guards()) == 0 })
	g.file("stop", "", 0o644)
	g.wantNothingLeft()
	if got := g.read("signals"); got != "TERM\n" {
		t.Errorf("got signals %q, want TERM", got)
	}
}

// The guard holds nothing of its program's, is deaf to what a terminal sends, and is
// started again if it is killed.
func TestGuard(t *testing.T) {
	t.Parallel()
	g := newGround(t)
	p := g.start(Command{Args: g.sh(family)})
	g.awaitLines("up", 1)
	guard := g.guards()[0]
	for fd := range 3 {
		if to, err := os.Readlink(fmt.Sprintf("/proc/%d/fd/%d", guard, fd)); err != nil || to != os.DevNull {
			t.Errorf("file %d of the guard: got %s, %v", fd, to, err)
		}
	}
	if session, err := unix.Getsid(guard); err != nil || session != guard {
		t.Errorf("got session %d, %v, want the guard's own, %d", session, err, guard)
	}
	g.eventually("the guard's deafness", func() bool {
		const deaf = 1<<(syscall.SIGHUP-1) | 1<<(syscall.SIGINT-1) | 1<<(syscall.SIGQUIT-1) | 1<<(syscall.SIGTERM-1)
		status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", guard))
		_, mask, _ := strings.Cut(string(status), "SigIgn:\t")
		mask, _, _ = strings.Cut(mask, "\n")
		ignored, err := strconv.ParseUint(mask, 16, 64)
		return err == nil && ignored&deaf == deaf // it may have been started with others ignored
	})
	for range 3 {
		if err := syscall.Kill(guard, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		was := guard
		g.eventually("another guard", func() bool {
			now := g.guards()
			if len(now) != 1 || now[0] == was {
				return false
			}
			guard = now[0]
			return true
		})
	}
	p.signal(syscall.SIGKILL, false)
	p.wait()
	g.wantNothingLeft()
}

// A guard ends the group that it was told last, and no other.
func TestGuardEndsTheGroupToldLast(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		told string
		want string // which groups of the two end
	}{
		{"", ""}, {"A\n", "A"}, {"A\nB\n", "B"}, {"A\n0\n", ""}, {"0\n1\n", ""}, {"x\n", ""}, {"-A\n", ""},
	} {
		ended := make(chan string, 2)
		told := test.told
		groups := map[string]int{}
		for _, name := range []string{"A", "B"} {
			group := startGroup(t, func() { ended <- name })
			groups[name] = group
			told = strings.ReplaceAll(told, name, fmt.Sprint(group))
		}
		if code := endGroup(strings.NewReader(told)); code != 0 {
			t.Errorf("got code %d", code)
		}
		if test.want != "" {
			if got := <-ended; got != test.want {
				t.Errorf("told %q: %s has ended, want %s", test.told, got, test.want)
			}
			delete(groups, test.want)
		}
		for name, group := range groups {
			if err := syscall.Kill(-group, 0); err != nil {
				t.Errorf("told %q: %s has ended: %v", test.told, name, err)
			}
		}
	}
}

// What the command leaves behind in its group ends with it; what has left the group
// does not.
func TestLeftBehind(t *testing.T) {
	t.Parallel()
	g := newGround(t)
	p := g.start(Command{Args: g.sh("sleep 1001 & setsid sleep 1002 & until pgrep -fx 'sleep 1002' >pids; do :; done; exit 4")})
	if got := p.wait(); got != 4 {
		t.Errorf("got %d, want 4: %s", got, p.err.String())
	}
	// At once, not only in the end.
	var left []string
	for _, argv := range g.running() {
		left = append(left, argv)
	}
	if !slices.Equal(left, []string{"sleep 1002 "}) {
		t.Errorf("left: %q", left)
	}
}

// startGroup starts a process with a group of its own, and returns its number.
func startGroup(t *testing.T, ended func()) int {
	t.Helper()
	g := &ground{T: t, dir: t.TempDir()}
	p := g.start(Command{Args: []string{"unused"}}, "/bin/sh", "-c", "exec sleep 1000")
	t.Cleanup(func() { _ = p.cmd.Process.Kill() })
	go func() {
		_ = p.cmd.Wait()
		ended()
	}()
	return p.cmd.Process.Pid
}
