package main

import (
	"path/filepath"
	"testing"
	"time"
)

func TestBuiltAt(t *testing.T) {
	path := filepath.Join(bin, programs[0])
	t.Setenv("SOURCE_DATE_EPOCH", "")
	if got, err := builtAt(path); err != nil || got.Year() < 2014 {
		t.Errorf("got %v, %v, want the date of the commit or of the file", got, err)
	}
	t.Setenv("SOURCE_DATE_EPOCH", "86400")
	if got, err := builtAt(path); err != nil || !got.Equal(time.Date(1970, 1, 2, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("got %v, %v, want the second day of 1970", got, err)
	}
	t.Setenv("SOURCE_DATE_EPOCH", "yesterday")
	if got, err := builtAt(path); err == nil {
		t.Errorf("got %v, want an error", got)
	}
}
