package consul

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"auto-consul/lib/exit"
)

// script writes a program and returns its path.
func script(t *testing.T, name, text string, mode os.FileMode) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestFind sets the environment, which all tests share: it is not parallel.
func TestFind(t *testing.T) {
	good := script(t, "consul", "#!/bin/sh\n", 0o755)
	plain := script(t, "unmarked", "#!/bin/sh\n", 0o644)
	t.Setenv("PATH", strings.Join([]string{filepath.Dir(plain), filepath.Dir(good)}, string(filepath.ListSeparator)))
	for name, want := range map[string]struct {
		path string
		code exit.Code
	}{
		"consul":          {good, exit.OK},
		good:              {good, exit.OK},
		"unmarked":        {"", exit.NotExecutable},
		plain:             {"", exit.NotExecutable},
		"none":            {"", exit.NotFound},
		"/no/such/consul": {"", exit.NotFound},
		os.TempDir():      {"", exit.NotExecutable},
	} {
		if path, err := Find(name); path != want.path || exit.Of(err) != want.code {
			t.Errorf("%s: got %q, %v, code %d; want %q, %d", name, path, err, exit.Of(err), want.path, want.code)
		}
	}
}

func TestRelease(t *testing.T) {
	other, err := exec.LookPath("go") // a Go program of another module
	if err != nil {
		t.Fatal(err)
	}
	// The files are written while no other test runs: a process that one forks would
	// hold a file open for writing, and it could not be executed.
	tests := map[string]struct {
		path, want string
		code       exit.Code
	}{
		"Consul":           {path: script(t, "consul", "#!/bin/sh\n[ \"$*\" = version ] || exit 1\necho Consul v1.22.3\necho Build Date\n", 0o755), want: "1.22.3"},
		"with a suffix":    {path: script(t, "consul", "#!/bin/sh\necho Consul v1.23.0-rc1+ent\n", 0o755), want: "1.23.0"},
		"something else":   {path: script(t, "consul", "#!/bin/sh\necho Vault v1.22.3\n", 0o755)},
		"not at the start": {path: script(t, "consul", "#!/bin/sh\necho starting\necho Consul v1.22.3\n", 0o755)},
		"silent":           {path: script(t, "consul", "#!/bin/sh\n", 0o755)},
		"failing":          {path: script(t, "consul", "#!/bin/sh\necho Consul v1.22.3\nexit 1\n", 0o755)},
		"other Go program": {path: other},
		"no program":       {path: script(t, "consul", "no program", 0o755), code: exit.NotExecutable},
		"no interpreter":   {path: script(t, "consul", "#!/no/such/interpreter\n", 0o755), code: exit.NotExecutable},
	}
	t.Parallel()
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := Release(t.Context(), tt.path)
			if got != tt.want || exit.Of(err) != tt.code {
				t.Errorf("got %q, %v, code %d; want %q, %d", got, err, exit.Of(err), tt.want, tt.code)
			}
		})
	}
}

// A program that hangs, and one that leaves something behind which does, are given up.
func TestReleaseHangs(t *testing.T) {
	paths := map[string]string{
		"it hangs":     script(t, "consul", "#!/bin/sh\nexec sleep 10\n", 0o755),
		"a child does": script(t, "consul", "#!/bin/sh\nsleep 10 &\necho Consul v1.22.3\n", 0o755),
	}
	t.Parallel()
	for name, path := range paths {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
			defer cancel()
			begin := time.Now()
			if got, err := Release(ctx, path); got != "" && got != "1.22.3" || err != nil {
				t.Errorf("got %q, %v, want no error", got, err)
			}
			if took := time.Since(begin); took > 8*time.Second {
				t.Errorf("took %v, want it given up", took)
			}
		})
	}
}

func TestCheckRelease(t *testing.T) {
	t.Parallel()
	for text, good := range map[string]bool{
		"1.22.0": true, "1.22.3": true, "1.23.0": true, "2.0.0": true, "1.100.0": true, "": true, "soon": true,
		"1.21.9": false, "1.9.30": false, "0.30.0": false,
	} {
		if err := CheckRelease(text); (err == nil) != good {
			t.Errorf("%q: got %v, want good: %t", text, err, good)
		}
	}
	want := "release 1.21.9 of Consul is too old: want 1.22.0 or newer"
	if err := CheckRelease("1.21.9"); err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

// What is built into a program counts only if it is Consul, in a release, for this
// machine; anything else is asked.
func TestReleaseIn(t *testing.T) {
	t.Parallel()
	const consul = "github.com/hashicorp/consul"
	for _, tt := range []struct {
		path, module, version, goos, want string
	}{
		{consul, consul, "v1.22.3", runtime.GOOS, "1.22.3"},
		{consul, consul, "v1.22.3+dirty", runtime.GOOS, ""},
		{consul, consul, "v1.22.4-0.20260102030405-0123456789ab", runtime.GOOS, ""},
		{consul, consul, "(devel)", runtime.GOOS, ""},
		{consul, consul, "v1.22.3", "plan9", ""},
		{consul + "/cmd/other", consul, "v1.22.3", runtime.GOOS, ""},
		{"example.com/consul", "example.com/consul", "v1.22.3", runtime.GOOS, ""},
	} {
		info := &debug.BuildInfo{
			Path: tt.path, Main: debug.Module{Path: tt.module, Version: tt.version},
			Settings: []debug.BuildSetting{{Key: "GOARCH", Value: runtime.GOARCH}, {Key: "GOOS", Value: tt.goos}},
		}
		if got := releaseIn(info); got != tt.want {
			t.Errorf("%+v: got %q, want %q", tt, got, tt.want)
		}
	}
}
