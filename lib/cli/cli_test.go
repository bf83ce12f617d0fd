package cli

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"auto-consul/lib/exit"
)

func TestRunOrder(t *testing.T) {
	t.Parallel()
	bad := errors.New("bad")
	tests := []struct {
		name  string
		args  []string
		p     testProgram
		code  exit.Code
		calls []string
	}{
		{name: "good", calls: []string{"flags", "check", "run"}},
		{name: "unknown flag", args: []string{"-x"}, code: exit.Misuse, calls: []string{"flags"}},
		{name: "check", p: testProgram{check: bad}, code: exit.Misuse, calls: []string{"flags", "check"}},
		{name: "check with a code", p: testProgram{check: exit.With(exit.Denied, bad)}, code: exit.Misuse, calls: []string{"flags", "check"}},
		{name: "run", p: testProgram{run: bad}, code: exit.Failure, calls: []string{"flags", "check", "run"}},
		{name: "run with a code", p: testProgram{run: exit.With(exit.Denied, bad)}, code: exit.Denied, calls: []string{"flags", "check", "run"}},
		{name: "help", args: []string{"-x", "-h"}, code: exit.Misuse, calls: []string{"flags"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := runTest(t, &tt.p, tt.args...)
			if r.code != int(tt.code) || !slices.Equal(tt.p.calls, tt.calls) {
				t.Errorf("got code %d after %q, want %d after %q", r.code, tt.p.calls, tt.code, tt.calls)
			}
			if said := len(r.err); (tt.code != exit.OK) != (said == 1) {
				t.Errorf("got %q on standard error", r.err)
			}
		})
	}
}

func TestHelp(t *testing.T) {
	t.Parallel()
	for _, arg := range []string{"-h", "-help", "--help"} {
		p := &testProgram{check: errors.New("checked")}
		r := runTest(t, p, arg)
		if r.code != 0 || len(r.out) != 1 || r.err != nil || !slices.Equal(p.calls, []string{"flags"}) {
			t.Fatalf("%s: got code %d, %d writes, %q, calls %q", arg, r.code, len(r.out), r.err, p.calls)
		}
		text := r.out[0]
		if want := "ac-test does nothing.\n\n# Usage\n"; !strings.HasPrefix(text, want) {
			t.Errorf("%s: got %q, want the package comment", arg, text)
		}
		for _, bad := range []string{"/*", "*/", "package main"} {
			if strings.Contains(text, bad) {
				t.Errorf("%s: got %q in the text", arg, bad)
			}
		}
	}
}

func TestHelpNamesEveryFlag(t *testing.T) {
	t.Parallel()
	text := runTest(t, &testProgram{}, "-h").out[0]
	for _, want := range [][]string{
		{"-registry, -r URL", "AC_REGISTRY"},
		{"-node, -n name", "AC_NODE"},
		{"-address, -a address", "AC_ADDRESS"},
		{"-bind, -b IP", "AC_BIND"},
		{"-advertise IP", "AC_ADVERTISE"},
		{"-data-dir, -d folder", "AC_DATA_DIR", "(default /tmp/consul/state)"},
		{"-config-dir, -c folder", "AC_CONFIG_DIR"},
		{"-config-file file", "AC_CONFIG_FILE"},
		{"-expiry, -e seconds", "AC_EXPIRY", "(default 2m0s)"},
		{"-ticks, -t seconds", "AC_TICKS"},
		{"-servers, -s number", "AC_SERVERS", "(default 1)"},
		{"-timeout seconds", "AC_TIMEOUT", "(default 30s)"},
		{"-purge", "AC_PURGE", "(default true)"},
	} {
		if !hasLine(text, want) {
			t.Errorf("no line has %q; got\n%s", want, text)
		}
	}
}

func hasLine(text string, parts []string) bool {
	for line := range strings.Lines(text) {
		missing := slices.ContainsFunc(parts, func(p string) bool { return !strings.Contains(line, p) })
		if !missing && strings.HasPrefix(line, "  "+parts[0]+" ") {
			return true
		}
	}
	return false
}

func TestPrint(t *testing.T) {
	t.Parallel()
	p := &testProgram{print: map[string]any{"reason": "a < b & c\n", "list": []string{}}}
	r := runTest(t, p)
	if want := `{"list":[],"reason":"a < b & c\n"}` + "\n"; !slices.Equal(r.out, writes{want}) {
		t.Errorf("got %q, want %q in one write", r.out, want)
	}
}

func TestPrintNothingHalf(t *testing.T) {
	t.Parallel()
	p := &testProgram{print: []any{1, func() {}}}
	if r := runTest(t, p); r.code != int(exit.Failure) || r.out != nil {
		t.Errorf("got code %d, output %q, want %d and none", r.code, r.out, exit.Failure)
	}
}

// full is a disk without space.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left") }

func TestOutputFails(t *testing.T) {
	t.Parallel()
	var said strings.Builder
	s := Streams{Name: "ac-test", In: strings.NewReader(""), Out: full{}, Err: &said}
	if got := Run(t.Context(), &testProgram{print: 1}, testDoc, nil, s); got != int(exit.Failure) {
		t.Errorf("got code %d, want %d", got, exit.Failure)
	}
	if want := "ac-test: error: write standard output: no space left\n"; said.String() != want {
		t.Errorf("got %q, want %q", said.String(), want)
	}
	if got := Run(t.Context(), &testProgram{}, testDoc, []string{"-h"}, s); got != int(exit.Failure) {
		t.Errorf("-h: got code %d, want %d", got, exit.Failure)
	}
}

func TestSay(t *testing.T) {
	t.Parallel()
	tests := []struct{ text, want string }{
		{"plain", "plain"},
		{"  ends\n", "ends"},
		{"one\ntwo", "one; two"},
		{"a\r\x1b[31mb\x00\tc\u0085d", "a  [31mb  c d"},
		{"bytes \x9b\xff", "bytes \uFFFD\uFFFD"},
		{"100%d", "100%d"},
	}
	for _, tt := range tests {
		var w writes
		s := Streams{Name: "ac-test", Err: &w}
		s.Notef("%s", tt.text)
		s.Warnf("%s", tt.text)
		want := writes{"ac-test: " + tt.want + "\n", "ac-test: warning: " + tt.want + "\n"}
		if !slices.Equal(w, want) {
			t.Errorf("got %q, want %q", w, want)
		}
		r := runTest(t, &testProgram{run: errors.New(tt.text)})
		if want := (writes{"ac-test: error: " + tt.want + "\n"}); !slices.Equal(r.err, want) {
			t.Errorf("got %q, want %q", r.err, want)
		}
	}
}

func TestProblems(t *testing.T) {
	t.Parallel()
	if got := Problems(); got != nil {
		t.Errorf("got %v of nothing", got)
	}
	if got := Problems(nil, nil); got != nil {
		t.Errorf("got %v of nils", got)
	}
	got := Problems(errors.New("bad -a"), nil, errors.New("bad -b"))
	if got == nil || got.Error() != "bad -a; bad -b" {
		t.Errorf("got %v, want both in one line", got)
	}
}
