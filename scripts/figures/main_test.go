package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const madeUp = "testdata/made-up.txt"

// The picture in the repository is the one that is drawn, byte for byte.
func TestBirthIsCheckedIn(t *testing.T) {
	t.Parallel()
	got, err := os.ReadFile("../../docs/birth.svg")
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != birth() {
		t.Error("docs/birth.svg is not what is drawn: make figures draws it again")
	}
}

// The README shows the picture, and says in words what is in it.
func TestReadme(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "![")
	if words, _, found := strings.Cut(rest, "](docs/birth.svg)"); !found || len(strings.Fields(words)) < 5 {
		t.Errorf("got %q, want docs/birth.svg with words for those who do not see it", words)
	}
}

func TestRun(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(madeUp)
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		stdin   string
		benches []string
		times   bool
	}{
		"one picture":    {},
		"a file":         {"", []string{madeUp}, true},
		"standard input": {string(text), []string{"-"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out := t.TempDir()
			if err := run(strings.NewReader(tt.stdin), out, tt.benches...); err != nil {
				t.Fatal(err)
			}
			if _, err := os.Stat(filepath.Join(out, "birth.svg")); err != nil {
				t.Error(err)
			}
			if _, err := os.Stat(filepath.Join(out, "birth-times.svg")); (err == nil) != tt.times {
				t.Errorf("birth-times.svg: got %v, want it to be there: %v", err, tt.times)
			}
		})
	}
}

// A file that cannot be read, or that has no figures, leaves the pictures as they are.
func TestRunFails(t *testing.T) {
	t.Parallel()
	out := t.TempDir()
	if err := run(strings.NewReader("PASS\n"), out, "-"); err == nil || !strings.Contains(err.Error(), "-: no line of BenchmarkBirth") {
		t.Errorf("got %v, want it named what is missing", err)
	}
	if err := run(nil, out, filepath.Join(out, "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v, want no such file", err)
	}
	if left, err := os.ReadDir(out); err != nil || len(left) > 0 {
		t.Errorf("got %v and %v, want nothing written", left, err)
	}
}
