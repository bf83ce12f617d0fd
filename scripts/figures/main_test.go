package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const madeUp = "testdata/made-up.txt"

// The pictures in the repository are those that are drawn, byte for byte, and what is kept
// of the benchmark is no more than the lines that its picture is made of.
func TestPicturesAreCheckedIn(t *testing.T) {
	t.Parallel()
	text := readFile(t, "../../docs/"+kept)
	for name, want := range map[string]string{
		"birth.svg": birth(), "birth-times.svg": times(measurements(t, text)), kept: keep(text),
	} {
		if readFile(t, "../../docs/"+name) != want {
			t.Errorf("docs/%s is not what is drawn: make figures draws it again", name)
		}
	}
}

// The README shows the pictures, each with words for those who do not see it, and its figure
// is the benchmark's.
func TestReadme(t *testing.T) {
	t.Parallel()
	text := readFile(t, "../../README.md")
	for _, name := range []string{"birth.svg", "birth-times.svg"} {
		before, _, found := strings.Cut(text, "](docs/"+name+")")
		if words := before[strings.LastIndex(before, "![")+1:]; !found || len(strings.Fields(words)) < 5 {
			t.Errorf("got %q, want docs/%s with words for those who do not see it", words, name)
		}
	}
	all := measurements(t, readFile(t, "../../docs/"+kept))
	i := slices.IndexFunc(all, func(m measurement) bool { return m.setting == setting{"1", "voters"} && m.way == "auto" })
	if i < 0 {
		t.Fatal("nothing is kept of what the README tells")
	}
	want := fmt.Sprintf("in the median %.2f times as long after the start as plain Consul", all[i].ratio)
	if !strings.Contains(strings.Join(strings.Fields(text), " "), want) {
		t.Errorf("the README does not say %q", want)
	}
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// measurements reads what a benchmark has printed.
func measurements(t *testing.T, text string) []measurement {
	t.Helper()
	found, err := parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// A run draws what a benchmark has printed, and keeps what it needs to draw it again.
func TestRun(t *testing.T) {
	t.Parallel()
	text := readFile(t, madeUp)
	for name, bench := range map[string]string{"a file": madeUp, "standard input": "-"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out := t.TempDir()
			if err := run(strings.NewReader(text), out, bench); err != nil {
				t.Fatal(err)
			}
			drawn := readFile(t, out+"/birth-times.svg")
			for _, gone := range []string{"birth.svg", "birth-times.svg"} {
				if err := os.Remove(filepath.Join(out, gone)); err != nil {
					t.Error(err)
				}
			}
			if err := run(nil, out); err != nil {
				t.Fatal(err)
			}
			if drawn != times(measurements(t, text)) || readFile(t, out+"/birth-times.svg") != drawn || readFile(t, out+"/birth.svg") != birth() {
				t.Error("what was kept makes other pictures")
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
	for _, bench := range [][]string{{filepath.Join(out, "none")}, nil} {
		if err := run(nil, out, bench...); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%q: got %v, want no such file", bench, err)
		}
	}
	if left, err := os.ReadDir(out); err != nil || len(left) > 0 {
		t.Errorf("got %v and %v, want nothing written", left, err)
	}
}
