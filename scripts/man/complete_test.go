package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// completions are what each shell must offer for a command line. A line that ends with a
// space asks for the next word.
var completions = []struct {
	line string
	want string
	not  string // what must not be offered; all else if it is "else"
}{
	{"ac-decide -bir", "-birth -birth-wait", "else"},
	{"ac-decide -birth ", "auto first quorum", "else"},
	{"ac-decide -s 3 -lost-cluster b", "bootstrap", "else"},
	{"ac-decide -r ", "", "else"},
	{"ac-decide -", "-registry -r -dry-run -version", "-until run"},
	{"ac-members -format ", "json tsv table prometheus", "else"},
	{"ac-members -role s", "servers", "else"},
	{"ac-heartbeat -until ", "joined leader voter", "else"},
	{"ac-heartbeat -t 60 -- catkin-", "catkin-command", "folder file"},
	{"ac-exec -data-dir f", "folder", "else"},
	{"ac-exec -d f", "folder", "else"},
	{"ac-exec -config-file f", "file folder", "else"},
	{"ac-exec -consul catkin-", "catkin-command", "else"},
	{"ac-exec -- f", "file folder", "else"},
	{"auto-consul le", "leave", "else"},
	{"auto-consul set_", "set_mode set_server set_agent", "else"},
	{"auto-consul -birth q", "quorum", "else"},
	{"auto-consul -c f", "folder", "else"},
	{"auto-consul -s 3 ", "run direct_run heartbeat set_mode", "-servers"},
	{"auto-consul -f", "-force", "else"},
}

func TestCompletion(t *testing.T) {
	t.Parallel()
	shells := map[string]func(t *testing.T, dir, line string) string{"bash": askBash, "zsh": askZsh, "fish": askFish}
	for shell, ask := range shells {
		t.Run(shell, func(t *testing.T) {
			t.Parallel()
			need(t, shell)
			dir := t.TempDir()
			for path, mode := range map[string]os.FileMode{"file": 0o644, "path/catkin-command": 0o755} {
				path = filepath.Join(dir, path)
				if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, []byte("#!/bin/sh\n"), mode); err != nil {
					t.Fatal(err)
				}
			}
			if err := os.Mkdir(filepath.Join(dir, "folder"), 0o755); err != nil {
				t.Fatal(err)
			}
			for _, tt := range completions {
				check(t, tt.line, offered(ask(t, dir, tt.line)), strings.Fields(tt.want), tt.not)
			}
		})
	}
}

// check compares what is offered for a line with what must be and what must not.
func check(t *testing.T, line string, got, want []string, not string) {
	t.Helper()
	slices.Sort(want)
	if not == "else" {
		if !slices.Equal(got, want) {
			t.Errorf("%q: got %q, want %q", line, got, want)
		}
		return
	}
	for _, w := range want {
		if !slices.Contains(got, w) {
			t.Errorf("%q: got %q, want %q too", line, got, w)
		}
	}
	for _, w := range strings.Fields(not) {
		if slices.Contains(got, w) {
			t.Errorf("%q: got %q, want no %q", line, got, w)
		}
	}
}

// offered returns the matches that a shell prints, each once: without what explains them,
// and without the slash after a folder.
func offered(printed string) []string {
	var out []string
	for line := range strings.Lines(printed) {
		match, _, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		if match = strings.TrimSuffix(match, "/"); match != "" {
			out = append(out, match)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// environ runs a shell with the command that is made for the test in its PATH.
func environ(dir string, argv ...string) []string {
	return append([]string{"-i", "HOME=" + dir, "PATH=" + dir + "/path:/usr/bin:/bin", "TERM=dumb", "LC_ALL=C.UTF-8"}, argv...)
}

func script(t *testing.T, name string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func askBash(t *testing.T, dir, line string) string {
	t.Helper()
	words := strings.Split(line, " ")
	return output(t, dir, "env", environ(dir, append([]string{"bash", "--norc", script(t, "complete-bash"), bin + "/completion/bash"}, words...)...)...)
}

func askZsh(t *testing.T, dir, line string) string {
	t.Helper()
	return output(t, dir, "env", environ(dir, "timeout", "60", "zsh", "-f", script(t, "complete-zsh"), bin+"/completion/zsh", line)...)
}

func askFish(t *testing.T, dir, line string) string {
	t.Helper()
	name, _, _ := strings.Cut(line, " ")
	return output(t, dir, "env", environ(dir, "fish", "--no-config", "-c",
		"source $argv[1]; complete -C $argv[2]", bin+"/completion/fish/"+name+".fish", line)...)
}

// TestBashCompletionLint has shellcheck read what bash is given.
func TestBashCompletionLint(t *testing.T) {
	t.Parallel()
	need(t, "shellcheck")
	for path := range made {
		if strings.HasPrefix(path, "completion/bash/") {
			if said := output(t, bin, "sh", "-c", "shellcheck "+path+" && echo well"); said != "well\n" {
				t.Errorf("%s", said)
			}
		}
	}
}
