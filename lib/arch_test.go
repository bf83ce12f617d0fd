// Package lib holds what is checked across all packages.
package lib

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// bans is the import table: what may not be imported where. Test files are
// bound only by bans that say so.
var bans = []ban{
	{
		in: everywhere, tests: true, of: below(module + "/cmd"),
		why: "a program is composed of packages, not of programs",
	},
	{
		in: under("lib/cli/"), of: below(module),
		why: "flags and streams serve any program: they know no members, no S3, no Consul",
	},
	{
		in: under("lib/wire/"), of: not(standard),
		why: "the documents are a specification that anyone can read without the rest",
	},
	{
		in: not(under("lib/s3store/")), of: below("github.com/aws"),
		why: "one place knows the SDK: a store is chosen by its URL alone",
	},
	{
		in: under("lib/registry/", "lib/claim/"), of: input,
		why: "rules work on what they are given, so that every case of theirs can be tested",
	},
	{
		in:  under("lib/registry/", "lib/claim/"),
		of:  below(module+"/lib/s3store", module+"/lib/dirstore", module+"/lib/store", module+"/lib/consul", module+"/lib/cli"),
		why: "rules do not know which store or which program they serve",
	},
	{
		in: under("lib/registry/"), of: below(module+"/lib/claim", module+"/lib/wire"),
		why: "heartbeats are there without claims and without documents",
	},
	{
		in:  under("lib/s3store/", "lib/dirstore/"),
		of:  func(path string) bool { return below(module)(path) && path != module+"/lib/registry" },
		why: "a store holds no rules: it knows what a store is, and nothing else",
	},
	{
		in: under("lib/route/route.go", "lib/route/table.go"), of: input,
		why: "which address is chosen can be tested on any machine: only local.go looks at one",
	},
	{
		in: not(under("lib/consul/")), of: below("github.com/hashicorp"),
		why: "one place knows Consul's client",
	},
	{
		in: not(under("lib/storetest/", "lib/scripttest/")), of: below(module+"/lib/storetest", module+"/lib/scripttest", "github.com/rclone", "github.com/rogpeppe", "net/http/httptest", "testing"),
		why: "what a test needs has no place in a program",
	},
	{
		in: everywhere, of: func(path string) bool { return path == "log" || path == "io/ioutil" || path == "math/rand" },
		why: "no global logger; the others have successors",
	},
}

// calls is the table of what may not be used where, beside imports.
var calls = []use{
	{
		in: not(programMain), names: []string{"os.Exit", "os.Args", "log.Fatal", "log.Fatalf", "log.Fatalln"},
		why: "the exit code and the arguments are main's: all else returns an error",
	},
	{
		in: not(under("lib/cli/cli.go")), names: []string{"os.Stdin", "os.Stdout", "os.Stderr"},
		why: "the streams are given, so that a test can give others",
	},
	{
		in:    under("lib/registry/", "lib/claim/"),
		but:   under("lib/claim/decider.go", "lib/claim/relook.go"), // the loop waits, on the machine's monotonic clock
		names: []string{"time.Now", "time.Since", "time.Until"},
		why:   "rules judge by store time alone",
	},
	{
		in: everywhere, names: []string{"flag.Parse", "flag.CommandLine", "http.DefaultClient", "http.DefaultServeMux"},
		why: "global state",
	},
}

func TestArchitecture(t *testing.T) {
	t.Parallel()
	files := tree(t, "..", "lib", "cmd")
	if len(files) < 20 {
		t.Fatalf("got %d files, want the whole tree", len(files))
	}
	for _, problem := range examine(files) {
		t.Error(problem)
	}
}

// tree reads all Go files below some folders, by path.
func tree(t *testing.T, root string, dirs ...string) map[string]string {
	t.Helper()
	files := map[string]string{}
	for _, dir := range dirs {
		err := filepath.WalkDir(filepath.Join(root, dir), func(path string, e fs.DirEntry, err error) error {
			if err != nil || e.IsDir() || !strings.HasSuffix(path, ".go") {
				return err
			}
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			rel, err := filepath.Rel(root, path)
			files[filepath.ToSlash(rel)] = string(text)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return files
}

// A check that cannot fail shows nothing: each of these is a violation.
func TestArchitectureFails(t *testing.T) {
	t.Parallel()
	const head = "// Package p is for the test.\npackage p\n"
	long := "\n" + strings.Repeat("// x\n", maxLines)
	tests := []struct{ path, text, want string }{
		{"lib/x/x.go", head + `import _ "auto-consul/cmd/ac-exec"`, "may not import auto-consul/cmd/ac-exec"},
		{"lib/x/x_test.go", head + `import _ "auto-consul/cmd/ac-exec"`, "may not import auto-consul/cmd/ac-exec"},
		{"lib/cli/x.go", head + `import _ "auto-consul/lib/wire"`, "may not import auto-consul/lib/wire"},
		{"lib/wire/x.go", head + `import _ "golang.org/x/sync/errgroup"`, "may not import golang.org/x/sync/errgroup"},
		{"lib/wire/x.go", head + `import _ "auto-consul/lib/registry"`, "may not import auto-consul/lib/registry"},
		{"lib/store/x.go", head + `import _ "github.com/aws/smithy-go"`, "may not import github.com/aws/smithy-go"},
		{"cmd/ac-exec/x.go", head + `import _ "github.com/hashicorp/consul/api"`, "may not import github.com/hashicorp/consul/api"},
		{"lib/registry/x.go", head + `import _ "os"`, "may not import os"},
		{"lib/claim/x.go", head + `import _ "net"`, "may not import net"},
		{"lib/claim/x.go", head + `import _ "net/http"`, "may not import net/http"},
		{"lib/claim/x.go", head + `import _ "auto-consul/lib/store"`, "may not import auto-consul/lib/store"},
		{"lib/route/route.go", head + `import _ "net"`, "may not import net"},
		{"lib/registry/x.go", head + `import _ "auto-consul/lib/claim"`, "may not import auto-consul/lib/claim"},
		{"lib/dirstore/x.go", head + `import _ "auto-consul/lib/claim"`, "may not import auto-consul/lib/claim"},
		{"cmd/ac-exec/x.go", head + `import _ "auto-consul/lib/storetest"`, "may not import auto-consul/lib/storetest"},
		{"lib/x/x.go", head + `import _ "log"`, "may not import log"},
		{"lib/claim/x.go", head + "import \"time\"\nvar _ = time.Now", "may not use time.Now"},
		{"lib/registry/x.go", head + "import clock \"time\"\nvar _ = clock.Now()", "may not use time.Now"},
		{"lib/x/x.go", head + "import \"os\"\nfunc f() { os.Exit(1) }", "may not use os.Exit"},
		{"cmd/ac-exec/other.go", head + "import \"os\"\nfunc f() { os.Exit(1) }", "may not use os.Exit"},
		{"cmd/ac-exec/main.go", head + "import \"os\"\nvar _ = os.Stdout", "may not use os.Stdout"},
		{"lib/x/x.go", head + long, "lines"},
		{"lib/x/x_test.go", head + long, "lines"},
		{"lib/x/x.go", head + "func f() {" + strings.Repeat("\n", maxFunc) + "}", "f has 61 lines"},
		{"lib/x/x.go", "package x", "package x has no comment"},
		{"lib/util/x.go", "// Package util is vague.\npackage util", "says nothing"},
		{"lib/x/x.go", head + "func F() {}", "F has no comment"},
		{"lib/x/x.go", head + "type t struct{}\n// T is.\ntype T struct{}\nfunc (*T) F() {}", "T.F has no comment"},
		{"lib/x/x.go", head + "type T[K any] struct{}", "T has no comment"},
		{"lib/x/x.go", head + "var V = 1", "V has no comment"},
		{"lib/x/x.go", head + "const (\n\ta = 1\n\tC = 2\n)", "C has no comment"},
		{"lib/x/x.go", head + "// T is.\ntype T struct {\n\tE error\n}\nfunc (t T) G() {}", "T.G has no comment"},
		{"lib/x/x.go", "no go", "expected 'package'"},
	}
	for _, tt := range tests {
		got := examine(map[string]string{tt.path: tt.text})
		if !slices.ContainsFunc(got, func(p string) bool {
			return strings.HasPrefix(p, tt.path) && strings.Contains(p, tt.want)
		}) {
			t.Errorf("%s: got %q, want %q reported of\n%.200s", tt.path, got, tt.want, tt.text)
		}
	}
}

// And none of these is.
func TestArchitecturePasses(t *testing.T) {
	t.Parallel()
	const head = "// Package p is for the test.\npackage p\n"
	for path, text := range map[string]string{
		"cmd/ac-exec/main.go":      head + "import (\n\"os\"\n_ \"auto-consul/lib/cli\"\n)\nfunc main() { os.Exit(len(os.Args)) }",
		"lib/s3store/x.go":         head + `import _ "github.com/aws/smithy-go"`,
		"lib/store/x_test.go":      head + `import _ "auto-consul/lib/storetest"`,
		"lib/registry/x.go":        head + "import (\n_ \"net/netip\"\n_ \"net/url\"\n_ \"io/fs\"\n)",
		"lib/registry/x_test.go":   head + "import (\n_ \"net/http\"\n\"time\"\n)\nvar _ = time.Now",
		"lib/claim/decider.go":     head + "import \"time\"\nvar _ = time.Now",
		"lib/route/local.go":       head + "import (\n_ \"net\"\n_ \"os\"\n)",
		"lib/consul/x.go":          head + `import _ "github.com/hashicorp/consul/api"`,
		"lib/wire/x.go":            head + `import _ "encoding/json"`,
		"lib/x/docs.go":            head + "// F does.\nfunc F() {}\n\n// All of them.\nconst (\n\tA = 1\n\tB = 2 // the other\n)\n\n// E is.\ntype E struct{}\n\nfunc (*E) Error() string { return \"\" }",
		"lib/x/short.go":           head + "type t int\nfunc (t) F() {}\nfunc f() {" + strings.Repeat("\n", maxFunc-1) + "}",
		"lib/storetest/through.go": head + `import _ "testing"`,
	} {
		if got := examine(map[string]string{path: text}); got != nil {
			t.Errorf("%s: got %q, want nothing reported", path, got)
		}
	}
}
