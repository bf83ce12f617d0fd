package e2e

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"auto-consul/lib/consultest"
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
		{"bad eligible", []string{auto, "-r", m.store.url, "-a", m.address, "-t", "60", "-eligible=perhaps", "run"}, 2, "", "bad AC_ELIGIBLE"},
		{"bad grace", []string{auto, "-r", m.store.url, "-a", m.address, "-t", "60", "-grace", "-5", "run"}, 2, "", "bad AC_GRACE"},
		{"bad zone", []string{auto, "-r", m.store.url, "-a", m.address, "-zone", "a b", "run"}, 2, "", `bad zone "a b"`},
		{"a zone", []string{auto, "run", "-dry-run", "-config-file", file, "-n=x1", "-zone", "eu-1a"}, 0, `"-node-meta=auto-consul-zone:eu-1a"`, ""},
		{"no value for eligible", []string{auto, "-eligible=", "run"}, 2, "", "option -eligible wants a value"},
		{"no registry", []string{auto, "-a", m.address, "run"}, 2, "", "ac-decide"},
		{"options after the command", []string{auto, "run", "-dry-run", "--config-file=" + file, "-n=x1", "--", "-ui"}, 0, `"-node=x1"`, ""},
		{"options before the command", []string{auto, "-dry-run", "-config-file", file, "-node", "x1", "run"}, 0, `"-node=x1"`, ""},
		{"status", []string{auto, "-r", m.store.url, "status"}, 0, "No cluster record: ", ""},
		{"status of no registry", []string{auto, "-r", m.store.url + "/a/b", "status"}, 69, "", "the parent of the registry"},
		{"status that would leave", []string{auto, "-r", m.store.url, "-force", "status"}, 2, "", "unknown flag -force"},
		{"dry run of a status", []string{auto, "-r", m.store.url, "-dry-run", "status"}, 2, "", "-dry-run is not for status"},
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

// Only run has something that decides again, and so a node that may change its role,
// unless the operator says otherwise.
func TestRunnerEligible(t *testing.T) {
	t.Parallel()
	m := newMachine(t, "node", newDirectory(t))
	fake := m.fakeConsul("echo \"$AC_ELIGIBLE $AC_GRACE\" >eligible\n")
	for _, test := range []struct {
		env  string // of AC_ELIGIBLE
		args []string
		want string
	}{
		{"", []string{"run"}, "true "},
		{"true", []string{"run"}, "true "},
		{"false", []string{"run"}, "false "},
		{"", []string{"-eligible=false", "run"}, "false "},
		{"true", []string{"run", "-eligible=false"}, "false "},
		{"false", []string{"-eligible", "-grace", "10m", "run"}, "true 10m"},
		{"", []string{"direct_run"}, "false "},
		{"true", []string{"direct_run"}, "false "},
	} {
		environ := append(m.environ(), "AC_ELIGIBLE="+test.env)
		got := startProcess(t, environ, "", m.runner(append([]string{"-consul", fake}, test.args...)...)...).wait()
		if err := errors.Join(want("exit code", got.code, 0), want("what the agent sees", m.read("eligible"), test.want+"\n")); err != nil {
			t.Errorf("AC_ELIGIBLE=%s, %q: %v\nstderr: %s", test.env, test.args, err, got.stderr)
		}
	}
}

// The registry comes first, then what this node would beat; the settings that the programs
// share neither change the form nor make it write.
func TestRunnerStatus(t *testing.T) {
	t.Parallel()
	m := newMachine(t, "node", newDirectory(t))
	const old = "servers/20000101000000-gone"
	if err := m.store.put(old, m.address); err != nil {
		t.Fatal(err)
	}
	status := func(want string, env ...string) {
		t.Helper()
		environ := append(m.environ(), append(env, "AC_ROLE=servers", "AC_FORMAT=tsv", "AC_WATCH=1", "AC_TICKS=60", "AC_PURGE=true")...)
		got := startProcess(t, environ, "", m.runner("status")...).wait()
		table, beat, ok := strings.Cut(got.stdout, "-lost-cluster says.\n\n")
		if got.code != 0 || got.stderr != "" || !ok || !strings.HasPrefix(table, "registry  "+m.store.url+"\n") || !regexp.MustCompile(want).MatchString(beat) {
			t.Errorf("got code %d, stderr %q, stdout\n%swant the end %q", got.code, got.stderr, got.stdout, want)
		}
		if keys, err := m.store.keys(); err != nil || !slices.Equal(keys, []string{old}) {
			t.Errorf("got %q, %v in the registry, want it as before", keys, err)
		}
	}
	const absent = `^no Consul agent answers on this machine\n$`
	status(absent)
	agent := consultest.New(map[string]string{
		"self":   `{"Config":{"NodeName":"node","Server":false},"Member":{"Addr":"192.0.2.1"},"Stats":{"consul":{"known_servers":"1"},"serf_lan":{"members":"2"}}}`,
		"leader": `"192.0.2.2:8300"`,
	})
	url := agent.Start(t)
	status(`^\{"version":1,"node":"node",.*"role":"agent",.*"keys":\["agents/[0-9]+-node"\]\}\n$`, "CONSUL_HTTP_ADDR="+url)
	agent.Answer(os.DirFS(t.TempDir()))
	status(`^ac-heartbeat: error: .*\n$`, "CONSUL_HTTP_ADDR="+url)
}
