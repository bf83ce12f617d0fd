// Figures draws the pictures of the documentation, as SVG in which text is text.
//
//	go run ./scripts/figures OUT [BENCH]
//
// It writes OUT/birth.svg: how blank machines become a cluster, and OUT/birth-times.svg:
// how long that takes, beside plain Consul. The second is made of OUT/birth-times.txt.
// BENCH is a file with what "make bench" has printed, or "-" for standard input: its lines
// about births become that file. Both pictures follow the reader's choice of light or dark.
package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
)

func main() {
	if len(os.Args) != 2 && len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "figures: error: usage: figures OUT [BENCH]")
		os.Exit(2)
	}
	if err := run(os.Stdin, os.Args[1], os.Args[2:]...); err != nil {
		fmt.Fprintf(os.Stderr, "figures: error: %v\n", err)
		os.Exit(1)
	}
}

// run writes the pictures into a folder, and the lines that the second is made of. Nothing
// is written if these do not hold what the picture needs.
func run(stdin io.Reader, out string, bench ...string) error {
	name := filepath.Join(out, kept)
	if len(bench) > 0 {
		name = bench[0]
	}
	text, err := read(stdin, name)
	if err != nil {
		return err
	}
	found, err := parse(text)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	for name, text := range map[string]string{"birth.svg": birth(), "birth-times.svg": times(found), kept: keep(text)} {
		if err := os.WriteFile(filepath.Join(out, name), []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// kept is the file with the lines of the benchmark that its picture is made of.
const kept = "birth-times.txt"

func read(stdin io.Reader, name string) (string, error) {
	if name == "-" {
		text, err := io.ReadAll(stdin)
		return string(text), err
	}
	text, err := os.ReadFile(name)
	return string(text), err
}
