package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"debug/elf"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"auto-consul/lib/wire"
)

const root = "../.."

// version is what the tests give the packages.
const version = "1.2.0"

// base is the folder of what is made, once it is.
var base string

// made is what two runs have made, by people with other habits, in folders of theirs.
var made = sync.OnceValues(func() ([2]string, error) {
	var dirs [2]string
	var err error
	if base, err = os.MkdirTemp("", "auto-consul-dist-test-"); err != nil {
		return dirs, err
	}
	for n, habits := range []string{"umask 022; export TZ=UTC", "umask 077; export TZ=Asia/Tokyo LANG=tr_TR.UTF-8 GOARCH=arm64"} {
		dirs[n] = filepath.Join(base, fmt.Sprint(n))
		script := habits + `; cd ../..; exec "$0" "$1" amd64`
		cmd := exec.Command("sh", "-ec", script, filepath.Join(base, "dist"), dirs[n])
		cmd.Env = append(os.Environ(), "DIST_VERSION=v"+version)
		if n == 0 {
			if out, err := exec.Command("go", "build", "-o", filepath.Join(base, "dist"), ".").CombinedOutput(); err != nil {
				return dirs, fmt.Errorf("%w: %s", err, out)
			}
		}
		if out, err := cmd.CombinedOutput(); err != nil {
			return dirs, fmt.Errorf("%w: %s", err, out)
		}
	}
	return dirs, nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	if base != "" {
		os.RemoveAll(base)
	}
	os.Exit(code)
}

// dist returns the folder with what the first run has made.
func dist(t *testing.T) string {
	t.Helper()
	if testing.Short() {
		t.Skip("left out because of -short: it builds all packages")
	}
	if _, err := os.Stat(filepath.Join(root, "bin/tools/nfpm")); err != nil {
		t.Fatalf("%v: make bin/tools/nfpm builds it", err)
	}
	dirs, err := made()
	if err != nil {
		t.Fatal(err)
	}
	return dirs[0]
}

// files are what is made for one architecture.
const (
	archive = "auto-consul_1.2.0_linux_amd64.tar.gz"
	deb     = "auto-consul_1.2.0-1_amd64.deb"
	rpm     = "auto-consul-1.2.0-1.x86_64.rpm"
	modules = "auto-consul_1.2.0_linux_amd64.cdx.json"
)

// TestReproducible wants the same bytes from both runs.
func TestReproducible(t *testing.T) {
	t.Parallel()
	first := dist(t)
	second := filepath.Join(filepath.Dir(first), "1")
	var names []string
	entries, err := os.ReadDir(first)
	for _, e := range entries {
		names = append(names, e.Name())
		a, errA := os.ReadFile(filepath.Join(first, e.Name()))
		b, errB := os.ReadFile(filepath.Join(second, e.Name()))
		if errors.Join(errA, errB) != nil || !bytes.Equal(a, b) {
			t.Errorf("%s differs: %v", e.Name(), errors.Join(errA, errB))
		}
	}
	want := []string{"SHA256SUMS", rpm, deb, modules, archive}
	slices.Sort(want)
	if err != nil || !slices.Equal(names, want) {
		t.Errorf("got %v, %v, want %v", names, err, want)
	}
	check := exec.Command("sha256sum", "--check", "--strict", "SHA256SUMS")
	check.Dir = first
	if out, err := check.CombinedOutput(); err != nil || strings.Count(string(out), ": OK\n") != len(want)-1 {
		t.Errorf("got %s, %v", out, err)
	}
}

// listed has for each path its mode and owner, as ls shows them.
type listed map[string]string

// common is in all packages, below /usr.
func common() listed {
	files := listed{}
	for _, p := range append(slices.Clone(programs), scripts...) {
		files["bin/"+p] = "-rwxr-xr-x root/root"
	}
	for _, p := range append(slices.Clone(programs), "auto-consul") {
		for _, path := range []string{"man/man1/" + p + ".1.gz", "bash-completion/completions/" + p, "fish/vendor_completions.d/" + p + ".fish", "zsh/_" + p} {
			files["share/"+path] = "-rw-r--r-- root/root"
		}
	}
	for _, path := range []string{
		"lib/systemd/system/auto-consul.service", "lib/systemd/system/auto-consul-heartbeat.service",
		"share/man/man5/auto-consul.registry.5.gz", "share/man/man7/auto-consul.protocol.7.gz", "share/man/man7/auto-consul.recipes.7.gz",
		"share/doc/auto-consul/README.md", "share/doc/auto-consul/CHANGELOG.md", "share/doc/auto-consul/SECURITY.md", "share/doc/auto-consul/OUTAGES.md",
		"share/doc/auto-consul/third-party-licenses.txt.gz",
	} {
		files[path] = "-rw-r--r-- root/root"
	}
	return files
}

// expect compares a listing with what is common, at its places, and what is special.
func expect(t *testing.T, got listed, prefix, zsh string, special listed) {
	t.Helper()
	want := maps.Clone(special)
	for path, mode := range common() {
		want[prefix+strings.Replace(path, "share/zsh/", "share/zsh/"+zsh+"/", 1)] = mode
	}
	for path, mode := range want {
		if got[path] != mode {
			t.Errorf("%s: got %q, want %q", path, got[path], mode)
		}
	}
	for path, mode := range got {
		if _, ok := want[path]; !ok {
			t.Errorf("%s (%s) is too much", path, mode)
		}
	}
}

func TestArchive(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile(filepath.Join(dist(t), archive))
	if err != nil {
		t.Fatal(err)
	}
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	got := listed{}
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if h.Typeflag == tar.TypeReg {
			got[h.Name] = fmt.Sprintf("%v %s/%s", fs.FileMode(h.Mode), h.Uname, h.Gname)
		}
	}
	expect(t, got, "auto-consul-1.2.0/", "site-functions", listed{
		"auto-consul-1.2.0/share/doc/auto-consul/LICENSE":         "-rw-r--r-- root/root",
		"auto-consul-1.2.0/share/doc/auto-consul/auto-consul.env": "-rw-r--r-- root/root",
		"auto-consul-1.2.0/share/doc/auto-consul/user-data":       "-rw-r--r-- root/root",
	})
}

var debLine = regexp.MustCompile(`(?m)^(-\S+) (\S+) .* \./(\S+)$`)

func TestDebian(t *testing.T) {
	t.Parallel()
	path := filepath.Join(dist(t), deb)
	got := listed{}
	for _, m := range debLine.FindAllStringSubmatch(output(t, "dpkg-deb", "--contents", path), -1) {
		got["/"+m[3]] = m[1] + " " + m[2]
	}
	expect(t, got, "/usr/", "vendor-completions", listed{
		"/etc/auto-consul.env":                          "-rw-r--r-- root/root",
		"/usr/share/doc/auto-consul/copyright":          "-rw-r--r-- root/root",
		"/usr/share/doc/auto-consul/examples/user-data": "-rw-r--r-- root/root",
	})
	if got := output(t, "dpkg-deb", "--info", path, "conffiles"); got != "/etc/auto-consul.env\n" {
		t.Errorf("got conffiles %q", got)
	}
	if got := output(t, "dpkg-deb", "--field", path, "Version"); got != "1.2.0-1\n" {
		t.Errorf("got version %q", got)
	}
}

// TestInstalled looks at the programs as they come out of a package.
func TestInstalled(t *testing.T) {
	t.Parallel()
	path, dir := filepath.Join(dist(t), deb), t.TempDir()
	output(t, "dpkg-deb", "--extract", path, dir)
	commit, _ := git(root, "rev-parse", "HEAD") // where there is none, none is told
	changes, _ := git(root, "status", "--porcelain")
	for _, p := range programs {
		program := filepath.Join(dir, "usr/bin", p)
		var got wire.Build
		if err := json.Unmarshal([]byte(output(t, program, "-version")), &got); err != nil {
			t.Fatal(err)
		}
		if got.Program != p || got.Release != "v"+version || got.Revision != commit || got.Modified != (changes != "") {
			t.Errorf("got %+v, want release v%s of commit %q with changes %q", got, version, commit, changes)
		}
		file, err := elf.Open(program)
		if err != nil {
			t.Fatal(err)
		}
		for _, part := range file.Progs {
			if part.Type == elf.PT_INTERP {
				t.Errorf("%s wants a dynamic linker", p)
			}
		}
		file.Close()
	}
}

func output(t *testing.T, argv ...string) string {
	t.Helper()
	out, err := exec.Command(argv[0], argv[1:]...).Output()
	if err != nil {
		t.Fatalf("%v: %v", argv, err)
	}
	return string(out)
}
