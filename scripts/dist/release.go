package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// release is what is made, and of what.
type release struct {
	version string    // "1.2.0", or with what has come since: "1.2.0+3.g0123456789ab"
	commit  string    // empty if the sources are not in a repository
	changed bool      // the tree differs from the commit
	date    time.Time // of all that is made
}

// description matches what git describe --long says: tag, commits since, commit.
var description = regexp.MustCompile(`^v(\d.*)-(\d+)-(g[0-9a-f]+)$`)

// versionForm is what both kinds of packages can say.
var versionForm = regexp.MustCompile(`^\d+(\.\d+)*(-[a-z0-9.]+)?(\+[a-z0-9.]+)?$`)

// readRelease asks git, and lets the environment overrule it.
func readRelease(root string) (release, error) {
	r := release{version: "0.0.0"}
	commit, err := git(root, "rev-parse", "HEAD")
	if err == nil {
		r.commit = commit
		if err := r.ask(root); err != nil {
			return r, err
		}
	}
	if epoch := os.Getenv("SOURCE_DATE_EPOCH"); epoch != "" {
		seconds, err := strconv.ParseInt(epoch, 10, 64)
		if err != nil {
			return r, fmt.Errorf("SOURCE_DATE_EPOCH: %w", err)
		}
		r.date = time.Unix(seconds, 0).UTC()
	} else if err != nil {
		return r, fmt.Errorf("no commit has a date for what is made, and SOURCE_DATE_EPOCH is not set: %w", err)
	}
	if version := os.Getenv("DIST_VERSION"); version != "" {
		r.version = strings.TrimPrefix(version, "v")
	}
	if !versionForm.MatchString(r.version) {
		return r, fmt.Errorf("version %q: want a form like 1.2.0, 1.2.0-rc1 or 1.2.0+3", r.version)
	}
	return r, nil
}

// ask reads the version and the date of the commit.
func (r *release) ask(root string) error {
	seconds, err := git(root, "log", "-1", "--format=%ct")
	if err != nil {
		return err
	}
	epoch, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil {
		return err
	}
	r.date = time.Unix(epoch, 0).UTC()
	changed, err := git(root, "status", "--porcelain")
	if err != nil {
		return err
	}
	described, err := git(root, "describe", "--tags", "--long", "--abbrev=12", "--match=v[0-9]*")
	if err != nil {
		described = "" // there is no tag
	}
	r.changed = changed != ""
	r.version = versionOf(described, r.commit, r.date, r.changed)
	return nil
}

// versionOf returns the version of a commit. Without a tag its date comes first, so that
// a later one is an upgrade, whatever part of the history is there.
func versionOf(described, commit string, date time.Time, changed bool) string {
	version, since := "0.0.0", []string{date.Format("20060102150405"), "g" + commit[:12]}
	if parts := description.FindStringSubmatch(described); parts != nil {
		version, since = parts[1], parts[2:]
		if parts[2] == "0" {
			since = nil
		}
	}
	if changed {
		since = append(since, "dirty")
	}
	if since == nil {
		return version
	}
	return version + "+" + strings.Join(since, ".")
}

// git returns the one line that git prints.
func git(root string, args ...string) (string, error) {
	cmd := exec.Command("git", append([]string{"-C", root}, args...)...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", errors.Join(fmt.Errorf("git %s: %w", args[0], err), errors.New(strings.TrimSpace(stderr.String())))
	}
	return strings.TrimSpace(string(out)), nil
}
