package e2e

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// unitSettings is a file of the units that systemd can read. A shell that read it would run
// commands, or end.
const unitSettings = `# comment
; another
AC_REGISTRY=s3://my-bucket/consul
AC_ZONE=rack 7; touch /tmp/never
AC_NODE=units
AC_ADVERTISE="192.0.2.9"
CONSUL_HTTP_AUTH=u:p$$w
no setting
AC_EXPIRY='44'
AC_TICKS=7`

// Commands that are typed beside the units take their settings as systemd does, and those
// that are given come first.
func TestSettingsOfTheUnits(t *testing.T) {
	t.Parallel()
	etc, bin := t.TempDir(), t.TempDir()
	script, err := os.ReadFile(filepath.Join(root(), "scripts/auto-consul"))
	for path, text := range map[string]string{
		filepath.Join(etc, "auto-consul.env"): unitSettings,
		filepath.Join(bin, "auto-consul"):     string(script),
		filepath.Join(bin, "ac-heartbeat"):    "#!/bin/sh\n/usr/bin/env | /usr/bin/grep -E '^(AC|CONSUL)_'\n",
	} {
		err = errors.Join(err, os.WriteFile(path, []byte(text), 0o755))
	}
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		env, args []string
		want      string
	}{
		"a node": {
			nil,
			[]string{"leave", "-n", "typed"},
			"AC_ADVERTISE=192.0.2.9\nAC_EXPIRY=44\nAC_NODE=typed\nAC_REGISTRY=s3://my-bucket/consul\nAC_TICKS=7\nAC_ZONE=rack 7; touch /tmp/never\nCONSUL_HTTP_AUTH=u:p$$w\n",
		},
		"an address and a token": {
			[]string{"CONSUL_HTTP_TOKEN=t"},
			[]string{"-a", "192.0.2.1", "leave"},
			"AC_ADDRESS=192.0.2.1\nAC_ADVERTISE=\nAC_BIND=\nAC_EXPIRY=44\nAC_NODE=units\nAC_REGISTRY=s3://my-bucket/consul\nAC_TICKS=7\nAC_ZONE=rack 7; touch /tmp/never\nCONSUL_HTTP_AUTH=u:p$$w\nCONSUL_HTTP_TOKEN=t\nCONSUL_HTTP_TOKEN_FILE=\n",
		},
		"a registry, which is another node's": {nil, []string{"leave", "-r", "s3://other/consul"}, "AC_REGISTRY=s3://other/consul\n"},
	} {
		for _, shell := range []string{"/bin/sh", "/bin/bash"} {
			cmd := exec.Command("unshare", append([]string{"--mount", "/bin/sh", "-ec", `mount --bind "$0" /etc; exec "$@"`, etc, shell, filepath.Join(bin, "auto-consul")}, tt.args...)...)
			cmd.Env = append([]string{"PATH=/usr/bin:/bin"}, tt.env...)
			out, err := cmd.CombinedOutput()
			if err := errors.Join(err, want("settings", strings.Join(slices.Sorted(strings.Lines(string(out))), ""), tt.want)); err != nil {
				t.Errorf("%s in %s: %v", name, shell, err)
			}
		}
	}
}
