package main

import (
	"os"
	"strings"
	"testing"
)

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
