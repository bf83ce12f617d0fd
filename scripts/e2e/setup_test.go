package e2e

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Somebody who is not root, or has no apt-get, is told what to install. The control is root
// with apt-get, for whom the same packages are installed.
func TestSetupNamesPackages(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		user, apt, said string
		code            int
	}{
		"not root":   {"1000", ":", "setup: error: missing: shellcheck ", 1},
		"no apt-get": {"0", "", "; there is no apt-get; on Debian that is in the packages shellcheck ", 1},
		"control":    {"0", `echo "$@" >>"$0.log"`, "", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bin := t.TempDir()
			for program, text := range map[string]string{"id": "echo " + tt.user, "apt-get": tt.apt} {
				if text == "" {
					continue
				}
				if err := os.WriteFile(filepath.Join(bin, program), []byte("#!/bin/sh\n"+text+"\n"), 0o755); err != nil {
					t.Fatal(err)
				}
			}
			cmd := exec.Command("/bin/sh", filepath.Join(root(), "scripts/setup"))
			cmd.Env = []string{"PATH=" + bin}
			out, _ := cmd.CombinedOutput() // its code says how it has ended
			log, _ := os.ReadFile(filepath.Join(bin, "apt-get.log"))
			if err := errors.Join(want("code", cmd.ProcessState.ExitCode(), tt.code), contains("what was said", string(out), tt.said),
				want("what was installed", strings.Contains(string(log), "install -y -qq --no-install-recommends shellcheck "), tt.code == 0),
			); err != nil {
				t.Error(err)
			}
		})
	}
}

// A target that make does not have is answered with those that it has.
func TestMakeNamesTargets(t *testing.T) {
	t.Parallel()
	cmd := exec.Command("make", "nonsense")
	cmd.Dir = root()
	out, _ := cmd.CombinedOutput() // its code says how it has ended
	if err := errors.Join(want("code", cmd.ProcessState.ExitCode(), 2),
		contains("what was said", string(out), "there is no target nonsense; these are:\n"),
		contains("what was said", string(out), "\ntest    all of the following four\n"),
	); err != nil {
		t.Error(err)
	}
}
