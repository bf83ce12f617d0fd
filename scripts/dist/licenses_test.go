package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestLicenses wants the licence of each module that is in the programs, and of Go.
func TestLicenses(t *testing.T) {
	t.Parallel()
	dir := dist(t)
	m := maker{root: root, release: release{date: time.Unix(0, 0)}}
	got, err := m.licenses("amd64")
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(dir, modules))
	if err != nil {
		t.Fatal(err)
	}
	var bom sbom
	if err := json.Unmarshal(text, &bom); err != nil {
		t.Fatal(err)
	}
	for _, c := range bom.Components {
		title := "==== " + c.Name + " " + c.Version + ": "
		if c.Name == "stdlib" {
			title = "==== Go: "
		}
		if c.Type == "library" && !bytes.Contains(got, []byte(title)) {
			t.Errorf("there is no licence of %s", c.Ref)
		}
	}
}

func TestAppendLicenses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, name := range []string{"main.go", "licenses.go", "README"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	var text bytes.Buffer
	if err := appendLicenses(&text, "m v1", dir); err == nil {
		t.Errorf("got %q, want an error where no licence is", text.String())
	}
	for _, name := range []string{"LICENSE", "LICENCE.md", "license-MIT", "COPYING", "NOTICE.txt"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("text of "+name), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := appendLicenses(&text, "m v1", dir); err != nil || strings.Count(text.String(), "==== m v1: ") != 5 ||
		!strings.Contains(text.String(), "text of NOTICE.txt") {
		t.Errorf("got %q, %v, want all five", text.String(), err)
	}
}
