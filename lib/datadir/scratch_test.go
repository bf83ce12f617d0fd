package datadir_test

import (
	"errors"
	"io"
	"os"
	"slices"
	"testing"
)

// A snapshot holds secrets: nothing of it stays, and nobody else finds it (R54).
func TestScratch(t *testing.T) {
	t.Parallel()
	d := newDir(t)
	f, err := d.Scratch()
	if err != nil {
		t.Fatal(err)
	}
	other, err := d.Scratch() // of a second program
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(f, "secret"); err != nil {
		t.Fatal(err)
	}
	if got := files(t, d); len(got) > 0 {
		t.Errorf("got files %q, want none with a name", got)
	}
	info, err := f.(*os.File).Stat()
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("got mode %v, %v", info.Mode(), err)
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(f); string(got) != "secret" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
	if got, err := io.ReadAll(other); len(got) > 0 || err != nil {
		t.Errorf("got %q, %v in the other file, want nothing", got, err)
	}
	if err := errors.Join(f.Close(), other.Close()); err != nil {
		t.Error(err)
	}
}

// What a program left that was killed goes with the next file.
func TestScratchIsLeft(t *testing.T) {
	t.Parallel()
	d := holding(t, ".snapshot", "secret")
	f, err := d.Scratch()
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(f); len(got) > 0 || err != nil {
		t.Errorf("got %q, %v, want an empty file", got, err)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	if got := files(t, d); slices.Contains(got, ".snapshot") {
		t.Errorf("got files %q", got)
	}
}
