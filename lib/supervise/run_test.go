package supervise

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestExitCode(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		args   func(g *ground) []string
		want   int
		stderr string
	}{
		"success":        {func(g *ground) []string { return g.sh("exit 0") }, 0, ""},
		"its own":        {func(g *ground) []string { return g.sh("exit 42") }, 42, ""},
		"its own 75":     {func(g *ground) []string { return g.sh("exit 75") }, 75, ""},
		"killed":         {func(g *ground) []string { return g.sh("kill -s KILL $$") }, 137, ""},
		"terminated":     {func(g *ground) []string { return g.sh("kill -s TERM $$") }, 143, ""},
		"not in PATH":    {func(*ground) []string { return []string{"no-such-program"} }, 127, "not found"},
		"no such file":   {func(g *ground) []string { return []string{filepath.Join(g.dir, "none")} }, 127, "no such file"},
		"not executable": {func(g *ground) []string { return []string{g.file("plain", "text", 0o644)} }, 126, "permission denied"},
		"no program":     {func(g *ground) []string { return []string{g.file("plain", "text", 0o755)} }, 126, "exec format error"},
		"no interpreter": {func(g *ground) []string { return []string{g.file("plain", "#!/none\n", 0o755)} }, 127, "no such file"},
		"a folder":       {func(g *ground) []string { return []string{g.dir} }, 126, "directory"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newGround(t)
			p := g.start(Command{Args: test.args(g)})
			if got := p.wait(); got != test.want || !strings.Contains(p.err.String(), test.stderr) || test.stderr == "" && p.err.String() != "" {
				t.Errorf("got %d, %q, want %d, %q", got, p.err.String(), test.want, test.stderr)
			}
			g.wantNothingLeft()
		})
	}
}

func (g *ground) file(name, text string, mode os.FileMode) string {
	path := filepath.Join(g.dir, name)
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		g.Fatal(err)
	}
	return path
}

// The command has this program's own streams and no other files, its arguments as
// they were, and a session and process group of its own.
func TestCommandIsStartedPlainly(t *testing.T) {
	t.Parallel()
	g := newGround(t)
	p := g.start(Command{Args: g.sh(`cat >in; echo "$0" >zero; cut -d' ' -f5,6 /proc/$$/stat >ids; echo $$ $$ >>ids
		ls /proc/$$/fd >fds; env >env; exit 3`)}, "/bin/sh", "-c", `ls /proc/$$/fd >'`+g.dir+`/inherited'; echo data | "$0"; exit $?`)
	if got := p.wait(); got != 3 {
		t.Errorf("got %d, want 3: %s", got, p.err.String())
	}
	ids := strings.Split(g.read("ids"), "\n")
	if g.read("in") != "data\n" || g.read("zero") != "/bin/sh\n" || len(ids) < 2 || ids[0] != ids[1] || g.read("fds") != g.read("inherited") {
		t.Errorf("got input %q, name %q, ids %q, files %q", g.read("in"), g.read("zero"), ids, g.read("fds"))
	}
	if strings.Contains(g.read("env"), AgainVariable) {
		t.Error("the first start is called another")
	}
}

// notes notes the signals that it gets, in the order in which they come.
const notes = `for signal in HUP INT TERM QUIT; do trap "echo $signal >>signals" "$signal"; done
echo >>up
while [ ! -e stop ]; do sleep 0.02; done
exit 7
`

func TestSignalsArePassedOnOnce(t *testing.T) {
	t.Parallel()
	g := newGround(t)
	p := g.start(g.beat(Command{Args: g.sh(notes)}, "exec sleep 1000"))
	g.awaitLines("up", 1)
	want := ""
	for _, group := range []bool{false, true} {
		for name, s := range map[string]syscall.Signal{"HUP": syscall.SIGHUP, "INT": syscall.SIGINT, "TERM": syscall.SIGTERM, "QUIT": syscall.SIGQUIT} {
			p.signal(s, group)
			want += name + "\n"
			g.awaitLines("signals", strings.Count(want, "\n"))
		}
	}
	g.file("stop", "", 0o644)
	if got := p.wait(); got != 7 || g.read("signals") != want {
		t.Errorf("got %d, signals %q, want 7, %q", got, g.read("signals"), want)
	}
	g.wantNothingLeft()
}

// The control: a program that passes signals on to a command of its own group.
func TestSignalsArriveTwiceInOneGroup(t *testing.T) {
	t.Parallel()
	g := newGround(t)
	p := g.start(Command{}, append(g.sh(`: >signals; (`+strings.ReplaceAll(notes, "sleep 0.02", "sleep 0.2")+`) & child=$!
		trap 'while [ ! -s signals ]; do sleep 0.01; done; kill -s TERM $child' TERM
		echo >>up; wait $child; wait $child`), "ignored")...)
	g.awaitLines("up", 2) // both have their traps
	p.signal(syscall.SIGTERM, true)
	g.awaitLines("signals", 2)
	g.file("stop", "", 0o644)
	p.wait()
}

// However early a signal comes, it ends the command.
func TestEarlySignal(t *testing.T) {
	t.Parallel()
	g := newGround(t)
	for i := range 60 {
		s := []syscall.Signal{syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP}[i%3]
		p := g.start(g.beat(Command{Args: []string{"/bin/sleep", "1000"}}, "exec sleep 1000"))
		time.Sleep(time.Duration(i) * time.Millisecond)
		p.signal(s, false)
		if got := p.wait(); got != 128+int(s) {
			t.Fatalf("%v after %d ms: got %d, want %d", s, i, got, 128+int(s))
		}
		g.wantNothingLeft()
	}
}

// A shell starts what runs in the background with INT and QUIT ignored; the command
// heeds them all the same. What nohup has ignored stays ignored.
func TestIgnoredSignals(t *testing.T) {
	t.Parallel()
	const status = "sed -n 's/SigIgn:.*\\(.\\)/\\1/p' /proc/$$/status >ignored\n" + notes
	for trap, want := range map[string]string{"INT QUIT": "0", "HUP": "1", "TERM": "0"} {
		t.Run(trap, func(t *testing.T) {
			t.Parallel()
			g := newGround(t)
			p := g.start(Command{Args: g.sh(status)},
				"/bin/sh", "-c", "trap '' "+trap+"; exec \"$0\"")
			g.awaitLines("up", 1)
			if got := g.read("ignored"); got != want+"\n" {
				t.Errorf("got signals ignored %q, want %q", got, want)
			}
			p.signal(syscall.SIGHUP, false)
			if trap != "HUP" {
				g.awaitLines("signals", 1)
			}
			n := strings.Count(g.read("signals"), "\n")
			p.signal(syscall.SIGINT, false)
			g.awaitLines("signals", n+1)
			g.file("stop", "", 0o644)
			if got, want := fmt.Sprint(p.wait(), " ", g.read("signals")), map[bool]string{true: "7 INT\n", false: "7 HUP\nINT\n"}[trap == "HUP"]; got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
	t.Run("control", func(t *testing.T) {
		t.Parallel()
		g := newGround(t)
		p := g.start(Command{Args: g.sh(status), BeatPath: "naive"}, "/bin/sh", "-c", "trap '' INT QUIT; exec \"$0\"")
		g.awaitLines("up", 1)
		if got := g.read("ignored"); got != "2\n" {
			t.Errorf("got signals ignored %q, want INT", got)
		}
		g.file("stop", "", 0o644)
		p.wait()
	})
}
