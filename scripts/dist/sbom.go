package main

import (
	"cmp"
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// sbom is a bill of materials in the form CycloneDX 1.5, https://cyclonedx.org. It lists
// what the linker put into the programs, which they tell themselves.
type sbom struct {
	BOMFormat   string      `json:"bomFormat"`
	SpecVersion string      `json:"specVersion"`
	Version     int         `json:"version"`
	Metadata    metadata    `json:"metadata"`
	Components  []component `json:"components"`
}

type metadata struct {
	Timestamp string    `json:"timestamp"`
	Component component `json:"component"`
}

type component struct {
	Ref      string    `json:"bom-ref"`
	Type     string    `json:"type"`
	Name     string    `json:"name"`
	Version  string    `json:"version,omitempty"`
	Hashes   []hash    `json:"hashes,omitempty"`
	Licenses []license `json:"licenses,omitempty"`
	PURL     string    `json:"purl,omitempty"`
}

type hash struct {
	Alg     string `json:"alg"`
	Content string `json:"content"`
}

type license struct {
	License struct {
		ID string `json:"id"`
	} `json:"license"`
}

// writeSBOM lists the programs in a folder, and the modules and the Go that they have in
// them.
func (m maker) writeSBOM(path, arch, dir string) error {
	bom := sbom{BOMFormat: "CycloneDX", SpecVersion: "1.5", Version: 1}
	bom.Metadata.Timestamp = m.date.Format(time.RFC3339)
	var mit license
	mit.License.ID = "MIT"
	bom.Metadata.Component = component{
		Ref: name, Type: "application", Name: name, Version: m.version, Licenses: []license{mit},
		PURL: fmt.Sprintf("pkg:generic/%s@%s?arch=%s", name, escape(m.version), arch),
	}
	seen := map[string]component{}
	for _, program := range programs {
		data, err := os.ReadFile(filepath.Join(dir, program))
		if err != nil {
			return err
		}
		sum := sha256.Sum256(data)
		seen[program] = component{
			Ref: program, Type: "application", Name: program, Version: m.version,
			Hashes: []hash{{"SHA-256", hex.EncodeToString(sum[:])}},
		}
		info, err := buildinfo.ReadFile(filepath.Join(dir, program))
		if err != nil {
			return err
		}
		std := module("stdlib", strings.TrimPrefix(info.GoVersion, "go"))
		seen[std.Ref] = std
		for _, dep := range info.Deps {
			if dep.Replace != nil {
				dep = dep.Replace
			}
			c := module(dep.Path, dep.Version)
			// Go's sum is a SHA-256 of a list of files and their sums.
			sum, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(dep.Sum, "h1:"))
			if err != nil {
				return fmt.Errorf("%s: %w", dep.Path, err)
			}
			c.Hashes = []hash{{"SHA-256", hex.EncodeToString(sum)}}
			seen[c.Ref] = c
		}
	}
	for _, c := range seen {
		bom.Components = append(bom.Components, c)
	}
	slices.SortFunc(bom.Components, func(a, b component) int { return cmp.Compare(a.Ref, b.Ref) })
	text, err := json.MarshalIndent(bom, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(text, '\n'), 0o644)
}

// module returns the component of a Go module.
func module(path, version string) component {
	purl := "pkg:golang/" + path + "@" + escape(version)
	return component{Ref: purl, Type: "library", Name: path, Version: version, PURL: purl}
}

// escape escapes what versions may have and package URLs may not.
func escape(version string) string { return strings.ReplaceAll(version, "+", "%2B") }
