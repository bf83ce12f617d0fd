package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"auto-consul/lib/cli"
)

// asks is the program that asks once whether a server could be started here.
type asks struct{ *program }

func (a asks) Run(ctx context.Context, _ cli.Streams) error { return a.mayServe(ctx) }

// Whoever asks for a server asks with all settings, those of a file included.
func TestMayServeHasAllSettings(t *testing.T) {
	bin := t.TempDir()
	t.Setenv("PATH", bin+":"+os.Getenv("PATH"))
	settings := filepath.Join(bin, "settings")
	for path, text := range map[string]string{
		filepath.Join(bin, "ac-exec"): "#!/bin/sh\necho \"$*\" >" + bin + "/asked\n",
		settings:                      "config-dir /etc/consul.d\n",
	} {
		if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	var said bytes.Buffer
	args := []string{"-r", "s3://b", "-d", "d", "-a", "192.0.2.1", "-config-file", settings}
	s := cli.Streams{Name: "ac-heartbeat", In: strings.NewReader(""), Out: &said, Err: &said}
	if code := cli.Run(t.Context(), asks{&program{args: args}}, doc, args, s); code != 0 {
		t.Fatalf("got %d: %s", code, said.String())
	}
	asked, err := os.ReadFile(bin + "/asked")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"-check -mode server", "-data-dir d", "-address 192.0.2.1", "-config-file " + settings} {
		if !strings.Contains(string(asked), want) {
			t.Errorf("asked with %q, want %q in it", asked, want)
		}
	}
}
