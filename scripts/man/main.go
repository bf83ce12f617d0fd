// Man writes the manual pages of the programs, and the completions of three shells, from
// what the programs print with -h. The help is made from the program's package comment and
// flag set, so neither pages nor completions can say anything else.
//
//	go run ./scripts/man OUT
//
// Pages go to OUT/man, also the hand-written ones of docs/man, and completions to
// OUT/completion. It is run in the project's folder, and builds the programs for itself:
// those in bin may be for another machine.
package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// programs are those whose page is made from their help alone.
var programs = []string{"ac-members", "ac-decide", "ac-exec", "ac-heartbeat"}

// runner is the script that composes them. Its page has hand-written prose.
const runner = "auto-consul"

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "man: error: usage: man OUT")
		os.Exit(2)
	}
	if err := run(".", os.Args[1]); err != nil {
		fmt.Fprintf(os.Stderr, "man: error: %v\n", err)
		os.Exit(1)
	}
}

func run(root, out string) error {
	bin, err := build(root)
	if err != nil {
		return err
	}
	defer os.RemoveAll(bin)
	files, err := generate(root, bin)
	if err != nil {
		return err
	}
	return write(out, files)
}

// build builds the programs, and puts the script beside them, in a new folder. They are
// built as make does it, so that little is left to be built.
func build(root string) (bin string, err error) {
	dir, err := os.MkdirTemp("", "auto-consul-man-")
	if err != nil {
		return "", err
	}
	defer func() {
		if err != nil {
			os.RemoveAll(dir)
		}
	}()
	cmd := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", dir, "./cmd/...")
	cmd.Dir, cmd.Env = root, append(os.Environ(), "CGO_ENABLED=0", "GOOS=", "GOARCH=")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%v: %w: %s", cmd.Args, err, out)
	}
	script, err := os.ReadFile(filepath.Join(root, "scripts", runner))
	if err != nil {
		return "", err
	}
	return dir, os.WriteFile(filepath.Join(dir, runner), script, 0o755)
}

// generate returns the text of all files by their path below OUT.
func generate(root, bin string) (map[string]string, error) {
	date, err := builtAt(filepath.Join(bin, programs[0]))
	if err != nil {
		return nil, err
	}
	files := map[string]string{}
	var all []command
	for _, name := range programs {
		text, err := help(bin, name)
		if err != nil {
			return nil, err
		}
		m, err := readHelp(name, text)
		if err != nil {
			return nil, err
		}
		files["man/man1/"+name+".1"] = page(m, date)
		all = append(all, m.command)
	}
	text, err := help(bin, runner)
	if err != nil {
		return nil, err
	}
	parts, err := readParts(text)
	if err != nil {
		return nil, err
	}
	script, err := runnerCommand(parts, all)
	if err != nil {
		return nil, err
	}
	for _, c := range append(all, script) {
		files["completion/bash/"+c.name] = bash(c)
		files["completion/zsh/_"+c.name] = zsh(c)
		files["completion/fish/"+c.name+".fish"] = fish(c)
	}
	return files, handWritten(filepath.Join(root, "docs", "man"), parts, files)
}

// handWritten adds the pages of a folder to the files. What the runner's help lists takes
// the place of the comments that ask for it.
func handWritten(dir string, parts []part, files map[string]string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		text, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			return err
		}
		filled, err := fill(string(text), parts)
		if err != nil {
			return fmt.Errorf("%s: %w", e.Name(), err)
		}
		section := strings.TrimPrefix(filepath.Ext(e.Name()), ".")
		files["man/man"+section+"/"+e.Name()] = filled
	}
	return nil
}

// help returns what a program prints with -h.
func help(bin, name string) (string, error) {
	path, err := filepath.Abs(filepath.Join(bin, name))
	if err != nil {
		return "", err
	}
	out, err := exec.Command(path, "-h").Output()
	if err != nil {
		return "", fmt.Errorf("%s -h: %w", name, err)
	}
	return string(out), nil
}

// write replaces the folders of pages and completions by these files.
func write(out string, files map[string]string) error {
	err := errors.Join(os.RemoveAll(filepath.Join(out, "man")), os.RemoveAll(filepath.Join(out, "completion")))
	for path, text := range files {
		if err != nil {
			return err
		}
		path = filepath.Join(out, path)
		err = errors.Join(os.MkdirAll(filepath.Dir(path), fs.FileMode(0o755)), os.WriteFile(path, []byte(text), 0o644))
	}
	return err
}
