package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

// TestSBOM wants the programs, Go itself, and each module with a version and a sum.
func TestSBOM(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join(dist(t), modules))
	if err != nil {
		t.Fatal(err)
	}
	var bom sbom
	if err := json.Unmarshal(text, &bom); err != nil {
		t.Fatal(err)
	}
	if bom.BOMFormat != "CycloneDX" || bom.SpecVersion != "1.5" || bom.Metadata.Component.Version != version {
		t.Errorf("got %+v", bom.Metadata)
	}
	sum := regexp.MustCompile(`^[0-9a-f]{64}$`)
	seen := map[string]bool{}
	for _, c := range bom.Components {
		seen[c.Name] = true
		if c.Version == "" || seen[c.Ref] && c.Ref != c.Name {
			t.Errorf("got %+v, want a version, and each once", c)
		}
		if c.Name != "stdlib" && (len(c.Hashes) != 1 || !sum.MatchString(c.Hashes[0].Content)) {
			t.Errorf("got %+v, want a sum", c)
		}
	}
	for _, want := range append([]string{
		"stdlib", "github.com/aws/aws-sdk-go-v2/service/s3", "github.com/hashicorp/consul/api", "github.com/peterbourgon/ff/v3",
	}, programs...) {
		if !seen[want] {
			t.Errorf("%s is missing", want)
		}
	}
	if len(bom.Components) < 20 {
		t.Errorf("got %d components, want all modules", len(bom.Components))
	}
}
