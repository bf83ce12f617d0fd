package main

import (
	"reflect"
	"strings"
	"testing"
)

func TestReadFlags(t *testing.T) {
	t.Parallel()
	got, err := readFlags("  -data-dir, -d folder  AC_DATA_DIR  local state; more (default /tmp/x)\n  -dry-run  print (all), and stop\n")
	want := []option{
		{name: "data-dir", short: "d", value: "folder", env: "AC_DATA_DIR", usage: "local state; more", preset: "/tmp/x"},
		{name: "dry-run", usage: "print (all), and stop"},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
	for _, bad := range []string{"  -x\n", "-x  AC_X  text\n", "  x  text\n", "\n"} {
		if got, err := readFlags(bad); err == nil {
			t.Errorf("%q: got %+v, want an error", bad, got)
		}
	}
}

func TestReadHelpFails(t *testing.T) {
	t.Parallel()
	const table = flagTable + "  -a  AC_A  text\n" + verbTable + "  -b  text\n"
	if _, err := readHelp("p", "p does.\n\n# Usage\n\n\tp -a\n"+table); err != nil {
		t.Errorf("a whole help: %v", err)
	}
	for name, text := range map[string]string{
		"no tables":   "p does.\n\n# Usage\n\n\tp -a\n",
		"a bad table": "p does.\n\n# Usage\n\n\tp -a\n" + strings.Replace(table, "-b  ", "b ", 1),
		"no summary":  "# Usage\n\n\tp -a\n" + table,
		"no usage":    "p does.\n\n# Input\n\n\tp -a\n" + table,
	} {
		if m, err := readHelp("p", text); err == nil {
			t.Errorf("%s: got %+v, want an error", name, m)
		}
	}
}

func TestReadParts(t *testing.T) {
	t.Parallel()
	got, err := readParts("usage\n\nCommands:\n  run  start,\n       and go on\n  stop it  end\n\nOptions (all):\n  -x, -y Z  text\n\nMore text.\n")
	want := []part{
		{"Commands", []item{{"run", "start, and go on"}, {"stop it", "end"}}},
		{"Options (all)", []item{{"-x, -y Z", "text"}}},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
}

func TestRunnerFails(t *testing.T) {
	t.Parallel()
	if _, err := readParts("usage\n\nCommands:\n  run  start\n  narrow\n"); err == nil {
		t.Error("a line without a meaning: got no error")
	}
	if _, err := readParts("usage\n"); err == nil {
		t.Error("no commands: got no error")
	}
	parts := []part{{"Commands", nil}, {"Options", []item{{"-xyz", "text"}}}}
	if _, err := runnerCommand(parts, nil); err == nil {
		t.Error("an option of no program: got no error")
	}
	if _, err := fill(".\\\" help: Nothing\n", parts); err == nil {
		t.Error("a list that is not there: got no error")
	}
}

func TestProse(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"With -until, it (-t 60) ends. Next":  "With\n.Fl until ,\nit\n.No \\&( Ns Fl t\n60) ends.\nNext\n",
		"as ac-exec does, p is":               "as\n.Xr ac-exec 1\ndoes, p is\n",
		"auto-consul: AC_NODE and -purge=off": ".Nm :\n.Ev AC_NODE\nand\n.Fl purge Ns = Ns Cm off\n",
		".hidden 'x \\ … -- end":              "\\&.hidden 'x \\e \\[u2026]\n.Fl -\nend\n",
		"'quoted'":                            "\\&'quoted'\n",
	} {
		var b strings.Builder
		prose(&b, text, runner)
		if got := b.String(); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}
