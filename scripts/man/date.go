package main

import (
	"debug/buildinfo"
	"fmt"
	"os"
	"strconv"
	"time"
)

// builtAt returns the date of a program: that of the commit which it was built from, so
// that the same commit makes the same pages, or else that of the file. SOURCE_DATE_EPOCH,
// in seconds since 1970, overrules both; https://reproducible-builds.org says why.
func builtAt(path string) (time.Time, error) {
	if epoch := os.Getenv("SOURCE_DATE_EPOCH"); epoch != "" {
		seconds, err := strconv.ParseInt(epoch, 10, 64)
		if err != nil {
			return time.Time{}, fmt.Errorf("SOURCE_DATE_EPOCH: %w", err)
		}
		return time.Unix(seconds, 0).UTC(), nil
	}
	info, err := buildinfo.ReadFile(path)
	if err != nil {
		return time.Time{}, err
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.time" {
			return time.Parse(time.RFC3339, s.Value)
		}
	}
	file, err := os.Stat(path)
	if err != nil {
		return time.Time{}, err
	}
	return file.ModTime().UTC(), nil
}
