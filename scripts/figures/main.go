// Figures draws the pictures of the documentation, as SVG in which text is text.
//
//	go run ./scripts/figures OUT [BENCH]
//
// It writes OUT/birth.svg: how blank machines become a cluster. BENCH is a file with what
// "make bench" has printed, or "-" for standard input: from it comes OUT/birth-times.svg,
// how long a birth takes, beside plain Consul's. Both pictures follow the reader's choice
// of light or dark.
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

// run writes the pictures into a folder. Nothing is written if a benchmark's output does
// not hold what its picture needs.
func run(stdin io.Reader, out string, benches ...string) error {
	pictures := map[string]string{"birth.svg": birth()}
	for _, name := range benches {
		text, err := read(stdin, name)
		if err != nil {
			return err
		}
		found, err := parse(text)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		pictures["birth-times.svg"] = times(found)
	}
	for name, picture := range pictures {
		if err := os.WriteFile(filepath.Join(out, name), []byte(picture), 0o644); err != nil {
			return err
		}
	}
	return nil
}

func read(stdin io.Reader, name string) (string, error) {
	if name == "-" {
		text, err := io.ReadAll(stdin)
		return string(text), err
	}
	text, err := os.ReadFile(name)
	return string(text), err
}
