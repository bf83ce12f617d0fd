package main

import (
	"debug/buildinfo"
	"os"
	"time"
)

// builtAt returns the date of a program: that of the commit which it was built from, so
// that the same commit makes the same pages, or else that of the file.
func builtAt(path string) (time.Time, error) {
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
