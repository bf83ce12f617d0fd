package e2e

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestRunnerKeepsModes(t *testing.T) {
	t.Parallel()
	m := newMachine(t, "node", newDirectory(t))
	kept := func(want string) {
		t.Helper()
		if got := m.read("data/mode"); got != want {
			t.Errorf("kept mode: got %q, want %q", got, want)
		}
	}
	auto := func(code int, args ...string) {
		t.Helper()
		got := m.run("", m.runner(args...)...)
		if got.code != code || got.stdout != "" {
			t.Errorf("%v: got code %d, stdout %q, want %d and nothing\nstderr: %s", args, got.code, got.stdout, code, got.stderr)
		}
	}
	fake := m.fakeConsul("exit 42\n")
	auto(2, "-consul", fake, "direct_run")
	kept("")
	auto(0, "set_mode")
	kept("server")
	auto(0, "set_agent")
	kept("agent")
	auto(42, "-consul", fake, "direct_run")
	auto(42, "-consul", fake, "run")
	kept("agent")
	auto(0, "set_server")
	kept("server")
}

func TestRunnerCommandLine(t *testing.T) {
	t.Parallel()
	m := newMachine(t, "node", newDirectory(t))
	file := m.write("settings", "registry "+m.store.url+"\naddress "+m.address+"\n")
	auto := filepath.Join(bin(), "auto-consul")
	link := m.path("link")
	if err := os.Symlink(auto, link); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name           string
		argv           []string
		code           int
		stdout, stderr string // parts
	}{
		{"help", []string{auto, "-h"}, 0, "direct_run", ""},
		{"help after the command", []string{auto, "run", "--help"}, 0, "direct_run", ""},
		{"no command", []string{auto, "-r", m.store.url}, 2, "", "no command"},
		{"unknown command", []string{auto, "walk"}, 2, "", "unknown command walk"},
		{"two commands", []string{auto, "run", "run"}, 2, "", "unexpected argument run"},
		{"unknown option", []string{auto, "run", "-x", "1"}, 2, "", "unknown option -x"},
		{"no value", []string{auto, "run", "-r"}, 2, "", "option -r wants a value"},
		{"empty value", []string{auto, "-n", "", "run"}, 2, "", "option -n wants a value"},
		{"arguments for nobody", []string{auto, "set_agent", "--", "-ui"}, 2, "", "only run"},
		{"bad URL", []string{auto, "-r", "ftp://x", "-a", m.address, "run"}, 2, "", "ftp://x"},
		{"bad sample", []string{auto, "-r", m.store.url, "-a", m.address, "-t", "60", "-sample", "-1", "run"}, 2, "", "bad -sample -1"},
		{"no registry", []string{auto, "-a", m.address, "run"}, 2, "", "ac-decide"},
		{"options after the command", []string{auto, "run", "-dry-run", "--config-file=" + file, "-n=x1", "--", "-ui"}, 0, `"-node=x1"`, ""},
		{"options before the command", []string{auto, "-dry-run", "-config-file", file, "-node", "x1", "run"}, 0, `"-node=x1"`, ""},
		{"through a link", []string{link, "-dry-run", "-config-file", file, "-node", "x1", "run"}, 0, `"-node=x1"`, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := startProcess(t, append(m.environ(), "AC_DATA_DIR="+m.path("data")), "", test.argv...).wait()
			if err := errors.Join(want("exit code", got.code, test.code),
				contains("stdout", got.stdout, test.stdout), contains("stderr", got.stderr, test.stderr)); err != nil {
				t.Errorf("%v\nstderr: %s", err, got.stderr)
			}
			if test.code != 0 && (got.stdout != "" || strings.Count(got.stderr, "\n") != 1) {
				t.Errorf("got stdout %q, stderr %q, want nothing and one line", got.stdout, got.stderr)
			}
		})
	}
}
