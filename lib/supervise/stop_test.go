package supervise

import (
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Beats that end with 75 have all of the command's group killed, so that nobody in it
// learns of its end. The control is 76, which tells them.
func TestVerdictStopsTheGroup(t *testing.T) {
	t.Parallel()
	const (
		waiting = " TERM; echo >>up; while :; do sleep 0.02; done"
		family  = "(trap 'echo told >>child; exit'" + waiting + ") &\ntrap 'echo told >>command; exit 9'" + waiting
	)
	for verdict, want := range map[int]string{75: "", 76: "told\n"} {
		t.Run(strconv.Itoa(verdict), func(t *testing.T) {
			t.Parallel()
			g := newGround(t)
			g.file("up", "", 0o644)
			p := g.start(g.beat(Command{Args: g.sh(family)}, "until [ $(wc -l <up) = 2 ]; do sleep 0.02; done; exit "+strconv.Itoa(verdict)))
			if got := p.wait(); got != verdict {
				t.Errorf("got %d, want %d: %s", got, verdict, p.err.String())
			}
			g.wantNothingLeft()
			for _, name := range []string{"command", "child"} {
				if got := g.read(name); got != want {
					t.Errorf("%s: got %q, want %q", name, got, want)
				}
			}
		})
	}
}

// An operator's TERM wins where the beats end with 75 at the same moment, whichever of
// the two this program sees first.
func TestStopAtTheVerdict(t *testing.T) {
	t.Parallel()
	for i := range 12 {
		t.Run(strconv.Itoa(i), func(t *testing.T) {
			t.Parallel()
			g := newGround(t)
			p := g.start(g.beat(Command{Args: g.sh(ends), Again: true}, "echo $$ >>beats; until [ -e verdict ]; do sleep 0.02; done; exit 75"))
			g.awaitLines("up", 1)
			g.awaitLines("beats", 1)
			p.signal(syscall.SIGSTOP, false)
			g.file("verdict", "", 0o644)
			status := "/proc/" + strings.TrimSpace(g.read("beats")) + "/status"
			g.eventually("the end of the beats", func() bool {
				text, err := os.ReadFile(status)
				return err == nil && strings.Contains(string(text), "\nState:\tZ")
			})
			p.signal(syscall.SIGTERM, false)
			p.signal(syscall.SIGCONT, false)
			if got := p.wait(); got != 9 && got != 137 {
				t.Errorf("got %d, want 9 or 137", got)
			}
			if got := g.read("up"); got != "\n" {
				t.Errorf("got %d starts, want 1", len(got))
			}
			g.wantNothingLeft()
		})
	}
}

// What the command gets depends on which signals wait when the beats have ended.
func TestStopBeforeTheVerdict(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		waiting []os.Signal
		verdict int
		want    syscall.Signal
	}{
		{nil, again, syscall.SIGKILL},
		{nil, fenced, syscall.SIGTERM},
		{[]os.Signal{syscall.SIGHUP}, again, syscall.SIGKILL},
		{[]os.Signal{syscall.SIGHUP, syscall.SIGINT}, again, syscall.SIGINT},
		{[]os.Signal{syscall.SIGTERM}, again, syscall.SIGTERM},
	} {
		r := &runner{signals: make(chan os.Signal, 2), cmd: exec.Command("/bin/sleep", "1000")}
		r.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
		if err := r.cmd.Start(); err != nil {
			t.Fatal(err)
		}
		for _, s := range test.waiting {
			r.signals <- s
		}
		r.beatsEnded(test.verdict)
		_ = r.cmd.Wait() // how it has ended is in its state
		if got, want := codeOf(r.cmd), 128+int(test.want); got != want {
			t.Errorf("%d while %v wait: got %d, want %d", test.verdict, test.waiting, got, want)
		}
	}
}

// Beats that make the command end with 0, or kill it, may finish what they do, and have it
// started again by their 75.
func TestBeatsEndTheCommand(t *testing.T) {
	t.Parallel()
	const (
		once    = "[ ! -e left ] || exec sleep 1000; "
		deaf    = once + "trap '' TERM; echo >left; sleep 7; exit 75" // longer than grace
		kills   = once + "trap '' TERM; echo >>left; kill -s KILL $(cat pid); sleep 7; exit 75"
		delayed = once + "trap 'sleep 2; exit 75' TERM; echo >left; while :; do sleep 0.02; done"
	)
	for name, test := range map[string]struct {
		beat, code string
		finish     time.Duration
		want       int
		starts     int
	}{
		"they delay it for a moment":       {delayed, "0", 0, 7, 2},
		"they take as long as they may":    {deaf, "0", patience, 7, 2},
		"they kill it":                     {kills, "0", patience, 7, 2},
		"they take longer than they may":   {deaf, "0", 0, 0, 1},
		"the command has ended by a fault": {deaf, "5", patience, 5, 1},
	} {
		t.Run(name, func(t *testing.T) {
			if testing.Short() && test.beat != delayed {
				t.Skip("it waits for seven seconds")
			}
			t.Parallel()
			g := newGround(t)
			command := "echo >>starts; echo $$ >pid; [ $(wc -l <starts) = 1 ] || exit 7; until [ -e left ]; do sleep 0.02; done; exit " + test.code
			p := g.start(g.beat(Command{Args: g.sh(command), Again: true, Finish: test.finish}, test.beat))
			got := p.wait()
			if starts := len(g.read("starts")); got != test.want || starts != test.starts {
				t.Errorf("got %d, %d starts, want %d, %d: %s", got, starts, test.want, test.starts, p.err.String())
			}
			g.wantNothingLeft()
		})
	}
}

// An operator who stops the program does not wait for beats that take their time.
func TestStopWhileTheBeatsFinish(t *testing.T) {
	if testing.Short() {
		t.Skip("it waits for a quarter of a minute")
	}
	t.Parallel()
	g := newGround(t)
	c := Command{Args: g.sh("until [ -e left ]; do sleep 0.02; done; echo >>ended"), Again: true, Finish: 10 * patience}
	p := g.start(g.beat(c, "trap '' TERM; echo >left; exec sleep 1000"))
	g.awaitLines("ended", 1)
	g.eventually("the end of the command", func() bool {
		for _, argv := range g.running() {
			if strings.Contains(argv, "ended") {
				return false
			}
		}
		return true
	})
	p.signal(syscall.SIGHUP, false)
	time.Sleep(2 * grace) // what is waited for is that nothing happens
	if len(g.running()) < 2 {
		t.Error("the beats have been killed too early")
	}
	p.signal(syscall.SIGTERM, false)
	if got := p.wait(); got != 0 {
		t.Errorf("got %d, want 0", got)
	}
	g.wantNothingLeft()
}
