package main

import (
	"bytes"
	"compress/gzip"
	"io/fs"
	"os"
	"path/filepath"
)

// stage completes a tree that has the programs in bin, so that it can be unpacked below
// /usr or /usr/local. Modes and dates in it do not depend on who makes it, and when.
func (m maker) stage(tree, arch string) error {
	for _, script := range scripts {
		if err := m.copy(filepath.Join(tree, "bin", script), filepath.Join("scripts", script)); err != nil {
			return err
		}
	}
	units, err := filepath.Glob(filepath.Join(m.root, "scripts", "systemd", "*.service"))
	if err != nil {
		return err
	}
	for _, path := range units {
		unit := filepath.Base(path)
		if err := m.copy(filepath.Join(tree, "lib", "systemd", "system", unit), filepath.Join("scripts", "systemd", unit)); err != nil {
			return err
		}
	}
	doc := filepath.Join(tree, "share", "doc", name)
	for _, path := range []string{"LICENSE", "README.md", "CHANGELOG.md", "SECURITY.md", "docs/OUTAGES.md", "scripts/systemd/auto-consul.env", "scripts/cloud-init/user-data"} {
		if err := m.copy(filepath.Join(doc, filepath.Base(path)), path); err != nil {
			return err
		}
	}
	others, err := m.licenses(arch)
	if err != nil {
		return err
	}
	if err := writeFile(filepath.Join(doc, "third-party-licenses.txt.gz"), compress(others, gzip.BestCompression)); err != nil {
		return err
	}
	if err := m.stageMade(filepath.Join(tree, "share")); err != nil {
		return err
	}
	return m.settle(tree)
}

// stageMade puts pages and completions to their places.
func (m maker) stageMade(share string) error {
	made := filepath.Join(m.work, "made")
	for from, to := range map[string]string{
		"completion/bash": "bash-completion/completions",
		"completion/zsh":  "zsh/site-functions",
		"completion/fish": "fish/vendor_completions.d",
	} {
		if err := os.CopyFS(filepath.Join(share, to), os.DirFS(filepath.Join(made, from))); err != nil {
			return err
		}
	}
	pages := os.DirFS(filepath.Join(made, "man"))
	return fs.WalkDir(pages, ".", func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		text, err := fs.ReadFile(pages, path)
		if err != nil {
			return err
		}
		return writeFile(filepath.Join(share, "man", path+".gz"), compress(text, gzip.BestCompression))
	})
}

// copy copies a file of the project.
func (m maker) copy(to, from string) error {
	from = filepath.Join(m.root, from)
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return writeFile(to, data)
}

func writeFile(path string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, data, 0o644)
}

// compress has no date and no name in its header.
func compress(data []byte, level int) []byte {
	var out bytes.Buffer
	w, err := gzip.NewWriterLevel(&out, level)
	if err != nil {
		panic(err) // the levels are constants
	}
	// A buffer takes all that is written.
	_, _ = w.Write(data)
	_ = w.Close()
	return out.Bytes()
}

// settle gives all files below a folder their modes and the one date.
func (m maker) settle(tree string) error {
	return filepath.WalkDir(tree, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		mode := fs.FileMode(0o644)
		if e.IsDir() || filepath.Base(filepath.Dir(path)) == "bin" {
			mode = 0o755
		}
		if err := os.Chmod(path, mode); err != nil {
			return err
		}
		return os.Chtimes(path, m.date, m.date)
	})
}
