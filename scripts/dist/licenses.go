package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// licenseName matches the files at the root of a module that must go with what it is in.
var licenseName = regexp.MustCompile(`(?i)^(licen[sc]e|copying|notice)(\.|-|$)`)

// licenses returns the licences of all that the linker puts into the programs: of each
// module but this one, and of Go itself.
func (m maker) licenses(arch string) ([]byte, error) {
	const form = `{{if .Standard}}Go	{{else}}{{with .Module}}{{if not .Main}}{{.Path}} {{.Version}}	{{.Dir}}{{end}}{{end}}{{end}}`
	cmd := m.prepare([]string{"GOOS=linux", "GOARCH=" + arch, "CGO_ENABLED=0"}, "go", "list", "-deps", "-f", form, "./cmd/...")
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%v: %w", cmd.Args, err)
	}
	goroot, err := m.prepare(nil, "go", "env", "GOROOT").Output()
	if err != nil {
		return nil, err
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	slices.Sort(lines)
	var text bytes.Buffer
	for _, line := range slices.Compact(lines) {
		module, dir, found := strings.Cut(line, "\t")
		if !found {
			continue // a package of this module
		}
		if dir == "" {
			dir = strings.TrimSpace(string(goroot))
		}
		if err := appendLicenses(&text, module, dir); err != nil {
			return nil, err
		}
	}
	return text.Bytes(), nil
}

// appendLicenses appends the licences in a folder, one at least.
func appendLicenses(text *bytes.Buffer, module, dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	found := false
	for _, e := range entries {
		if e.IsDir() || !licenseName.MatchString(e.Name()) {
			continue
		}
		license, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			return err
		}
		found = true
		fmt.Fprintf(text, "==== %s: %s\n\n%s\n", module, e.Name(), license)
	}
	if !found {
		return fmt.Errorf("%s has no licence in %s", module, dir)
	}
	return nil
}
