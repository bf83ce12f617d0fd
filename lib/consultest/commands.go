package consultest

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// Commands returns the commands of scripts that have a Consul agent each, at the
// socket agent.sock of the script's folder:
//
//	agent [folder]         the agent runs and answers from the folder, see [Agent].
//	                       Without a folder it does not run
//	asked count request    wait until it was sent so many such requests in all
//	! asked request        want it sent none
//	snapshot file index    write what it answers when it is asked for a snapshot
func Commands() map[string]func(ts *testscript.TestScript, neg bool, args []string) {
	all := &agents{of: map[string]*Agent{}}
	return map[string]func(ts *testscript.TestScript, neg bool, args []string){"agent": all.run, "asked": all.asked, "snapshot": snapshot}
}

// agents are those of all scripts, by the script's folder.
type agents struct {
	mu sync.Mutex
	of map[string]*Agent
}

func (a *agents) find(ts *testscript.TestScript) *Agent {
	a.mu.Lock()
	defer a.mu.Unlock()
	work := ts.Getenv("WORK")
	if a.of[work] == nil {
		a.of[work] = New(nil)
		ts.Defer(a.of[work].Stop)
	}
	return a.of[work]
}

func (a *agents) run(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 1 {
		ts.Fatalf("usage: agent [folder]")
	}
	one := a.find(ts)
	if len(args) == 0 {
		one.Stop()
		return
	}
	folder := ts.MkAbs(args[0])
	if _, err := os.Stat(folder); err != nil {
		ts.Fatalf("%v", err)
	}
	one.Answer(os.DirFS(folder))
	if one.runs() {
		return
	}
	l, err := net.Listen("unix", filepath.Join(ts.Getenv("WORK"), "agent.sock"))
	ts.Check(err)
	one.serve(l)
}

func snapshot(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: snapshot file index")
	}
	index, err := strconv.ParseUint(args[1], 10, 64)
	ts.Check(err)
	f, err := os.Create(ts.MkAbs(args[0]))
	ts.Check(err)
	ts.Check(errors.Join(WriteSnapshot(f, index, strings.NewReader("state"), 5), f.Close()))
}

// patience is when asked gives a broken program up. Nothing is judged by it.
const patience = time.Minute

func (a *agents) asked(ts *testscript.TestScript, neg bool, args []string) {
	one := a.find(ts)
	if neg && len(args) == 1 {
		if n := one.Count(args[0]); n > 0 {
			ts.Fatalf("got %d requests %s, want none", n, args[0])
		}
		return
	}
	if neg || len(args) != 2 {
		ts.Fatalf("usage: asked count request, or ! asked request")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	for end := time.Now().Add(patience); one.Count(args[1]) < want; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			ts.Fatalf("got %d requests %s, want %d", one.Count(args[1]), args[1], want)
		}
	}
}
