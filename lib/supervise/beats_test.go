package supervise

import (
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// ends notes that it was told to end, and ends with 9.
const ends = "trap 'echo TERM >>signals; exit 9' TERM; echo >>up; while :; do sleep 0.02; done\n"

// Beats that end are started again, however often, and never take the command down.
func TestBeatsAreStartedAgain(t *testing.T) {
	t.Parallel()
	g := newGround(t)
	p := g.start(g.beat(Command{Args: g.sh(ends)}, `echo $$ >>beats; case $(wc -l <beats) in 1) exit 1 ;; 2) kill -s KILL $$ ;; esac; exec sleep 1000`))
	g.awaitLines("beats", 3)
	p.signal(syscall.SIGTERM, false)
	if got := p.wait(); got != 9 || g.read("up") != "\n" || g.read("signals") != "TERM\n" {
		t.Errorf("got %d, %d starts, signals %q, want 9, 1, TERM", got, len(g.read("up")), g.read("signals"))
	}
	const want = "the heartbeat process ended with exit code 1; it is started again\nthe heartbeat process ended with exit code 137; it is started again\n"
	if got := p.err.String(); got != want {
		t.Errorf("got stderr %q, want %q", got, want)
	}
	g.wantNothingLeft()
}

func TestBeatsThatCannotBeStarted(t *testing.T) {
	t.Parallel()
	g := newGround(t)
	p := g.start(Command{Args: g.sh(ends), Beat: []string{"x"}, BeatPath: "/none"})
	g.eventually("the second try", func() bool { return strings.Count(p.err.String(), "cannot be started") == 2 })
	p.signal(syscall.SIGTERM, false)
	if got := p.wait(); got != 9 {
		t.Errorf("got %d, want 9", got)
	}
}

// What the beats say decides, unless the program itself was told to stop.
func TestVerdict(t *testing.T) {
	t.Parallel()
	const waiting = "until [ -e up ]; do sleep 0.02; done; "
	for name, test := range map[string]struct {
		command, beat string
		stop          bool
		want          int
	}{
		"75":                                 {ends, waiting + "exit 75", false, 75},
		"75 after a stop":                    {ends, "until [ -e signals ]; do sleep 0.02; done; exit 75", true, 9},
		"76":                                 {ends, waiting + "exit 76", false, 76},
		"76 of those that are told to end":   {"exit 0", "trap 'exit 76' TERM; echo >>trapped; while :; do sleep 0.02; done", false, 76},
		"76 at the command's end":            {"until [ -e up ]; do sleep 0.02; done; exit 5", "trap '' TERM; echo >>up; exit 76", false, 76},
		"76 after a stop":                    {ends, "until [ -e signals ]; do sleep 0.02; done; exit 76", true, 9},
		"an end that is no verdict":          {"exit 5", "trap 'exit 77' TERM; echo >>trapped; while :; do sleep 0.02; done", false, 5},
		"beats that do not heed being ended": {"exit 5", "trap '' TERM; while :; do sleep 0.02; done", false, 5},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newGround(t)
			command := test.command
			if strings.Contains(test.beat, "trapped") {
				command = "until [ -e trapped ]; do sleep 0.02; done; " + command
			}
			p := g.start(g.beat(Command{Args: g.sh(command)}, test.beat))
			if test.stop {
				g.awaitLines("up", 1)
				p.signal(syscall.SIGTERM, false)
			}
			if got := p.wait(); got != test.want {
				t.Errorf("got %d, want %d: %s", got, test.want, p.err.String())
			}
			signals := "TERM\n"
			if test.want == 75 {
				signals = "" // it is killed
			}
			if got := g.read("signals"); test.command == ends && got != signals {
				t.Errorf("got signals %q, want %q", got, signals)
			}
			g.wantNothingLeft()
		})
	}
}

// The command and its beats are killed at one moment: the code is the command's.
func TestBothKilled(t *testing.T) {
	t.Parallel()
	g := newGround(t)
	for range 40 {
		p := g.start(g.beat(Command{Args: g.sh("echo $$ >pid; exec sleep 1000")}, "until [ -s pid ]; do sleep 0.01; done; kill -s KILL $(cat pid) $$"))
		if got := p.wait(); got != 137 {
			t.Fatalf("got %d, want 137", got)
		}
		g.wantNothingLeft()
		g.file("pid", "", 0o644)
	}
}

func TestAgain(t *testing.T) {
	t.Parallel()
	const once = "echo \"$" + AgainVariable + "\" >>starts; [ $(wc -l <starts) -lt 3 ] || exit 7\n"
	for name, test := range map[string]struct {
		again         bool
		comesBack     bool
		command, beat string
		want          int
		starts        string // the variable at each
	}{
		"another program's 75":        {true, false, once + "exec env sh -c 'exit 75'", "exec sleep 1000", 7, "\n1\n1\n"},
		"its own 75":                  {true, false, once + "exit 75", "exec sleep 1000", 75, "\n"},
		"another program's 76":        {true, false, once + "exec env sh -c 'exit 76'", "exec sleep 1000", 76, "\n"},
		"the beats' 75":               {true, false, once + ends, "echo >>beats; until [ $(wc -l <up) -ge $(wc -l <beats) ]; do sleep 0.02; done; exit 75", 7, "\n1\n1\n"},
		"the beats' 76":               {true, false, once + ends, "until [ -s up ]; do sleep 0.02; done; exit 76", 76, "\n"},
		"75 where it is no use":       {false, false, once + "exec env sh -c 'exit 75'", "exec sleep 1000", 75, "\n"},
		"its own 69":                  {true, false, once + "exit 69", "exec sleep 1000", 69, "\n"},
		"its own 69 later":            {true, false, once + "[ $(wc -l <starts) -gt 1 ] || exec env sh -c 'exit 75'; exit 69", "exec sleep 1000", 7, "\n1\n1\n"},
		"without beats":               {true, false, once + "exec env sh -c 'exit 75'", "", 7, "\n1\n1\n"},
		"69 of one that comes back":   {true, true, once + "exit 69", "exec sleep 1000", 7, "\n\n\n"},
		"69 of one not started again": {false, true, once + "exit 69", "exec sleep 1000", 69, "\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newGround(t)
			g.file("up", "", 0o644)
			c := Command{Args: []string{g.file("command", "#!/bin/sh\ncd '"+g.dir+"'\n"+test.command, 0o755)}, Again: test.again, ComesBack: test.comesBack}
			if test.beat != "" {
				c = g.beat(c, test.beat)
			}
			p := g.start(c)
			if got := p.wait(); got != test.want || g.read("starts") != test.starts {
				t.Errorf("got %d, starts %q, want %d, %q: %s", got, g.read("starts"), test.want, test.starts, p.err.String())
			}
			g.wantNothingLeft()
		})
	}
}

// A signal that tells to stop ends the starting again, whenever it comes; HUP does not.
func TestStopBetweenStarts(t *testing.T) {
	t.Parallel()
	step := 1
	if testing.Short() {
		step = 6 // some of them: each takes a second or two
	}
	for i := 0; i < 20; i += step {
		t.Run(strconv.Itoa(i), func(t *testing.T) {
			t.Parallel()
			g := newGround(t)
			command := g.file("command", "#!/bin/sh\ntrap '' HUP\necho >>'"+g.dir+"/starts'\nexec env sh -c 'sleep 0.1; exit 75'\n", 0o755)
			p := g.start(Command{Args: []string{command}, Again: true})
			g.awaitLines("starts", 2+i%3)
			p.signal(syscall.SIGHUP, false)
			g.awaitLines("starts", 5)
			time.Sleep(time.Duration(i) * 5 * time.Millisecond)
			p.signal(syscall.SIGTERM, false)
			if got := p.wait(); got != 75 && got != 143 {
				t.Errorf("got %d, want 75 or 143", got)
			}
			g.wantNothingLeft()
		})
	}
}
