// Dist makes what users install, for Linux on amd64 and arm64: an archive, a Debian
// package, an RPM package and a list of the modules in them for each, and SHA256SUMS.
//
//	go run ./scripts/dist OUT [ARCHITECTURE...]
//
// It is run in the project's folder, and needs bin/tools/nfpm. The same commit and the
// same Go make the same bytes: all dates are that of the commit, or SOURCE_DATE_EPOCH.
// The version is that of the newest tag, as git describe finds it, or 0.0.0 with the
// commit, or DIST_VERSION. OUT is replaced once all is made.
package main

import (
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// name is that of the packages.
const name = "auto-consul"

// programs are built; scripts are copied.
var (
	programs = []string{"ac-decide", "ac-exec", "ac-heartbeat", "ac-members"}
	scripts  = []string{"ac-run", "auto-consul"}
)

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "dist: error: usage: dist OUT [ARCHITECTURE...]")
		os.Exit(2)
	}
	architectures := os.Args[2:]
	if len(architectures) == 0 {
		architectures = []string{"amd64", "arm64"}
	}
	if err := run(".", os.Args[1], architectures); err != nil {
		fmt.Fprintf(os.Stderr, "dist: error: %v\n", err)
		os.Exit(1)
	}
}

// maker is what one run knows.
type maker struct {
	release
	root string // the project's folder
	work string // a folder for what is made on the way
	out  string // where the results go
}

func run(root, out string, architectures []string) error {
	root, err := filepath.Abs(root)
	if err != nil {
		return err
	}
	r, err := readRelease(root)
	if err != nil {
		return err
	}
	work, err := os.MkdirTemp("", "auto-consul-dist-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	m := maker{release: r, root: root, work: work, out: filepath.Join(work, "out")}
	if err := m.makeAll(architectures); err != nil {
		return err
	}
	return replace(out, m.out)
}

func (m maker) makeAll(architectures []string) error {
	if err := os.Mkdir(m.out, 0o755); err != nil {
		return err
	}
	if err := m.command(nil, "go", "run", "./scripts/man", filepath.Join(m.work, "made")); err != nil {
		return err
	}
	for _, arch := range architectures {
		if err := m.makeFor(arch); err != nil {
			return fmt.Errorf("%s: %w", arch, err)
		}
	}
	return writeSums(m.out)
}

// makeFor makes all files of an architecture.
func (m maker) makeFor(arch string) error {
	tree := filepath.Join(m.work, arch)
	if err := m.build(arch, filepath.Join(tree, "bin")); err != nil {
		return err
	}
	if err := m.stage(tree, arch); err != nil {
		return err
	}
	base := fmt.Sprintf("%s_%s_linux_%s", name, m.version, arch)
	if err := m.writeSBOM(filepath.Join(m.out, base+".cdx.json"), arch, filepath.Join(tree, "bin")); err != nil {
		return err
	}
	if err := m.writeArchive(filepath.Join(m.out, base+".tar.gz"), tree); err != nil {
		return err
	}
	return m.pack(arch, tree)
}

// build builds the programs as make does it, but for another machine, and with the
// release in them. Go's own stamp of the commit is not there in every kind of checkout.
func (m maker) build(arch, dir string) error {
	env := []string{"CGO_ENABLED=0", "GOOS=linux", "GOARCH=" + arch, "GOAMD64=v1", "GOARM64=v8.0", "GOEXPERIMENT="}
	flags := fmt.Sprintf("-ldflags=-s -w -X %[1]s.release=v%[2]s -X %[1]s.revision=%[3]s -X %[1]s.modified=%[4]t",
		"auto-consul/lib/cli", m.version, m.commit, m.changed)
	return m.command(env, "go", "build", "-trimpath", "-buildvcs=false", flags, "-o", dir+"/", "./cmd/...")
}

// pack has nfpm make the packages of an architecture from the tree.
func (m maker) pack(arch, tree string) error {
	config := filepath.Join(m.root, "scripts", "dist", "package")
	if err := os.CopyFS(filepath.Join(tree, "package"), os.DirFS(config)); err != nil {
		return err
	}
	// Before a release stands a tilde, which sorts before everything.
	env := []string{"ARCH=" + arch, "VERSION=" + strings.ReplaceAll(m.version, "-", "~")}
	for _, format := range []string{"deb", "rpm"} {
		cmd := m.prepare(env, filepath.Join(m.root, "bin", "tools", "nfpm"),
			"package", "--config", "package/nfpm.yaml", "--packager", format, "--target", m.out+"/")
		cmd.Dir = tree
		if err := execute(cmd); err != nil {
			return err
		}
	}
	return nil
}

// command runs a program in the project's folder.
func (m maker) command(env []string, argv ...string) error {
	return execute(m.prepare(env, argv...))
}

func (m maker) prepare(env []string, argv ...string) *exec.Cmd {
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Dir = m.root
	cmd.Env = append(os.Environ(), "GOOS=", "GOARCH=", fmt.Sprintf("SOURCE_DATE_EPOCH=%d", m.date.Unix()))
	cmd.Env = append(cmd.Env, env...)
	return cmd
}

func execute(cmd *exec.Cmd) error {
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%v: %w: %s", cmd.Args, err, out)
	}
	return nil
}

// writeSums lists the files of a folder as sha256sum does.
func writeSums(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	var sums strings.Builder
	for _, e := range entries {
		data, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			return err
		}
		fmt.Fprintf(&sums, "%x  %s\n", sha256.Sum256(data), e.Name())
	}
	return os.WriteFile(filepath.Join(dir, "SHA256SUMS"), []byte(sums.String()), 0o644)
}

// replace has a folder hold the files of another one, and nothing else.
func replace(dir, from string) error {
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	return os.CopyFS(dir, os.DirFS(from))
}
