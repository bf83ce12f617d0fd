package scripttest

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"auto-consul/lib/storetest"
)

// usage ends a script that says a command wrong.
func usage(ts *testscript.TestScript, ok bool, text string) {
	if !ok {
		ts.Fatalf("usage: %s", text)
	}
}

func number(ts *testscript.TestScript, text string) int {
	n, err := strconv.Atoi(text)
	ts.Check(err)
	return n
}

func exits(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) > 1, "exits code program [args...]")
	w := worldOf(ts)
	w.mark = w.srv.Count(nil)
	want, got := number(ts, args[0]), 0
	var exit *exec.ExitError
	err := ts.Exec(args[1], args[2:]...)
	w.end = w.srv.Count(nil)
	switch {
	case errors.As(err, &exit):
		got = exit.ExitCode()
	case err != nil:
		ts.Fatalf("%v", err)
	}
	if got != want {
		ts.Fatalf("got exit code %d, want %d", got, want)
	}
}

// randomID is a random name as the programs make them, or an entity tag.
var randomID = regexp.MustCompile(`[0-9a-f]{32}`)

func answer(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) == 1, "answer file")
	got, want := randomID.ReplaceAllString(ts.ReadFile("stdout"), "ID"), ts.ReadFile(args[0])
	if got != want {
		ts.Fatalf("got  %s\nwant %s", got, want)
	}
}

func term(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) == 0, "term")
	running := ts.BackgroundCmds()
	usage(ts, len(running) > 0, "term, while something runs")
	for _, cmd := range running {
		ts.Check(cmd.Process.Signal(syscall.SIGTERM))
	}
}

func put(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) == 2, "put key body")
	ts.Check(worldOf(ts).store.Put(context.Background(), args[0], []byte(args[1])))
}

func upload(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) == 2, "upload key file")
	ts.Check(worldOf(ts).store.Put(context.Background(), args[0], []byte(ts.ReadFile(args[1]))))
}

func remove(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) == 1, "remove key")
	ts.Check(worldOf(ts).store.Delete(context.Background(), args[0]))
}

func object(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg && len(args) == 1 || !neg && len(args) == 2, "[!] object key [file]")
	o, err := worldOf(ts).store.Get(context.Background(), args[0])
	if neg {
		if !errors.Is(err, fs.ErrNotExist) {
			ts.Fatalf("got %s, %v, want no such object", o.Body, err)
		}
		return
	}
	ts.Check(err)
	// A file of a script ends with a line end.
	got, want := randomID.ReplaceAllString(string(o.Body), "ID"), ts.ReadFile(args[1])
	if strings.TrimSuffix(got, "\n") != strings.TrimSuffix(want, "\n") {
		ts.Fatalf("got  %s\nwant %s", got, want)
	}
}

func holds(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg, "holds [key...]")
	w := worldOf(ts)
	var got []string
	for _, dir := range []string{"agents", "servers"} {
		l, err := w.store.List(context.Background(), dir)
		ts.Check(err)
		got = append(got, l.Keys...)
	}
	slices.Sort(args)
	if !slices.Equal(got, args) {
		ts.Fatalf("got %q in the registry, want %q", got, args)
	}
}

func sent(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg, "sent [op=count...] [or op=count...]")
	w := worldOf(ts)
	counts := map[string]int{}
	for _, r := range w.srv.Requests()[w.mark:w.end] {
		counts[r.Op]++
	}
	var got []string
	for op, n := range counts {
		got = append(got, fmt.Sprintf("%s=%d", op, n))
	}
	slices.Sort(got)
	for _, want := range strings.Split(strings.Join(args, " "), " or ") {
		fields := strings.Fields(want)
		slices.Sort(fields)
		if slices.Equal(got, fields) {
			return
		}
	}
	ts.Fatalf("got requests %q, want %q", got, args)
}

// patience is when await gives a broken program up. Nothing is judged by it.
const patience = time.Minute

func await(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) == 2, "await count op")
	srv, match := worldOf(ts).srv, storetest.Op(args[1])
	want := srv.Count(match) + number(ts, args[0])
	for end := time.Now().Add(patience); srv.Count(match) < want; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			ts.Fatalf("got %d requests to %s, want %d", srv.Count(match), args[1], want)
		}
	}
}

func deny(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) < 3, "deny [op [part of the key]]")
	if len(args) == 0 {
		worldOf(ts).srv.Deny(nil)
		return
	}
	part := strings.Join(args[1:], "")
	match := storetest.Op(args[0])
	worldOf(ts).srv.Deny(func(r storetest.Request) bool { return match(r) && strings.Contains(r.Key+r.Query.Get("prefix"), part) })
}

func hang(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) < 2, "hang [op]")
	match := storetest.Op(args...)
	worldOf(ts).srv.SetFault(func(r storetest.Request) storetest.Fault {
		if match(r) {
			return storetest.Fault{Delay: 24 * time.Hour}
		}
		return storetest.Fault{}
	})
}

func untag(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) < 2, "untag [part of the key]")
	worldOf(ts).srv.SetFault(func(r storetest.Request) storetest.Fault {
		return storetest.Fault{Untagged: len(args) == 1 && strings.Contains(r.Key, args[0])}
	})
}

func setClock(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) == 1, "clock seconds")
	w, seconds := worldOf(ts), number(ts, args[0])
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(time.Duration(seconds) * time.Second)
}
