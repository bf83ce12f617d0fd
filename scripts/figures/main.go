// Figures draws the pictures of the documentation, as SVG in which text is text.
//
//	go run ./scripts/figures OUT
//
// It writes OUT/birth.svg: how blank machines become a cluster. The picture follows the
// reader's choice of light or dark.
package main

import (
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "figures: error: usage: figures OUT")
		os.Exit(2)
	}
	if err := os.WriteFile(filepath.Join(os.Args[1], "birth.svg"), []byte(birth()), 0o644); err != nil {
		fmt.Fprintf(os.Stderr, "figures: error: %v\n", err)
		os.Exit(1)
	}
}
