package main

import (
	"os/exec"
	"strings"
	"testing"
	"time"
)

func TestVersionOf(t *testing.T) {
	t.Parallel()
	const commit = "0123456789abcdef0123456789abcdef01234567"
	date := time.Date(2026, 11, 28, 10, 45, 4, 0, time.UTC)
	tests := []struct {
		described string
		changed   bool
		want      string
	}{
		{"v1.2.0-0-g0123456789ab", false, "1.2.0"},
		{"v1.2.0-0-g0123456789ab", true, "1.2.0+dirty"},
		{"v1.2.0-3-g0123456789ab", false, "1.2.0+3.g0123456789ab"},
		{"v1.2.0-rc1-3-g0123456789ab", true, "1.2.0-rc1+3.g0123456789ab.dirty"},
		{"", false, "0.0.0+20261128104504.g0123456789ab"},
		{"", true, "0.0.0+20261128104504.g0123456789ab.dirty"},
	}
	for _, tt := range tests {
		got := versionOf(tt.described, commit, date, tt.changed)
		if got != tt.want || !versionForm.MatchString(got) {
			t.Errorf("%q, changed %t: got %q, want %q", tt.described, tt.changed, got, tt.want)
		}
	}
}

// TestVersionsAreInOrder asks dpkg whether each is an upgrade of the one before.
func TestVersionsAreInOrder(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("left out because of -short: it needs dpkg")
	}
	if _, err := exec.LookPath("dpkg"); err != nil {
		t.Fatal(err)
	}
	versions := []string{
		"0.0.0+20261128104504.gfff", "0.0.0+20261129104504.g000", "1.2.0-rc1", "1.2.0-rc1+2.gabc",
		"1.2.0", "1.2.0+3.gabc", "1.2.0+10.g123", "1.2.1",
	}
	for n := range versions[1:] {
		older, newer := debVersion(versions[n]), debVersion(versions[n+1])
		if err := exec.Command("dpkg", "--compare-versions", older, "lt", newer).Run(); err != nil {
			t.Errorf("%s is not older than %s: %v", older, newer, err)
		}
	}
}

func debVersion(version string) string { return strings.ReplaceAll(version, "-", "~") + "-1" }

func TestReadRelease(t *testing.T) {
	t.Setenv("SOURCE_DATE_EPOCH", "86400")
	for version, want := range map[string]string{"": "0.0.0", "v1.2.0": "1.2.0", "1.2.0-rc1": "1.2.0-rc1", "1.2 0": "", "../1": ""} {
		t.Setenv("DIST_VERSION", version)
		got, err := readRelease(t.TempDir()) // no repository
		if (err == nil) != (want != "") || err == nil && (got.version != want || got.commit != "" || got.date.Unix() != 86400) {
			t.Errorf("%q: got %+v, %v, want %q", version, got, err, want)
		}
	}
	for _, epoch := range []string{"", "yesterday"} {
		t.Setenv("SOURCE_DATE_EPOCH", epoch)
		if got, err := readRelease(t.TempDir()); err == nil {
			t.Errorf("SOURCE_DATE_EPOCH=%s: got %+v, want an error", epoch, got)
		}
	}
}
