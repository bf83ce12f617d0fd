package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// writeArchive packs a tree below one folder, which carries the version.
func (m maker) writeArchive(path, tree string) error {
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	top := name + "-" + m.version
	err := filepath.WalkDir(tree, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(tree, path)
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		h := &tar.Header{
			Name: filepath.ToSlash(filepath.Join(top, rel)), Mode: int64(info.Mode().Perm()), ModTime: m.date,
			Uname: "root", Gname: "root", Typeflag: tar.TypeReg, Format: tar.FormatPAX,
		}
		if e.IsDir() {
			h.Name, h.Typeflag = h.Name+"/", tar.TypeDir
			return w.WriteHeader(h)
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		h.Size = int64(len(data))
		if err := w.WriteHeader(h); err != nil {
			return err
		}
		_, err = w.Write(data)
		return err
	})
	if err := errors.Join(err, w.Close()); err != nil {
		return err
	}
	return os.WriteFile(path, compress(out.Bytes(), gzip.DefaultCompression), 0o644)
}
