package main

import (
	"fmt"
	"os"
	"os/exec"
	"testing"
)

const root = "../.."

var (
	bin  string            // where the programs are built for the tests
	made map[string]string // what is made from them, written to bin, too
)

// TestMain builds the programs, so that the tests see them as the sources are.
func TestMain(m *testing.M) {
	code, err := prepareAndRun(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func prepareAndRun(m *testing.M) (int, error) {
	var err error
	if bin, err = build(root); err != nil {
		return 0, err
	}
	defer os.RemoveAll(bin)
	if made, err = generate(root, bin); err == nil {
		err = write(bin, made)
	}
	if err != nil {
		return 0, err
	}
	return m.Run(), nil
}

// need ends a test that needs a program which is not there. With -short such tests are
// left out, for they want more than Go.
func need(t *testing.T, program string) {
	t.Helper()
	if testing.Short() {
		t.Skip("left out because of -short")
	}
	if _, err := exec.LookPath(program); err != nil {
		t.Fatalf("%v: make setup installs it", err)
	}
}

// output runs a command and returns what it prints on either stream.
func output(t *testing.T, dir, name string, args ...string) string {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil && len(out) == 0 {
		t.Fatalf("%v: %v", cmd.Args, err)
	}
	return string(out)
}
