package lib

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestArchitecture(t *testing.T) {
	t.Parallel()
	files := tree(t, "..", "lib", "cmd", "scripts")
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
		{"lib/rule/x.go", head + `import _ "os"`, "may not import os"},
		{"lib/rule/x.go", head + `import _ "context"`, "may not import context"},
		{"lib/rule/x.go", head + `import _ "auto-consul/lib/claim"`, "may not import auto-consul/lib/claim"},
		{"lib/rule/x.go", head + `import _ "golang.org/x/sync/errgroup"`, "may not import golang.org/x/sync/errgroup"},
		{"lib/claim/x.go", head + `import _ "auto-consul/lib/node"`, "may not import auto-consul/lib/node"},
		{"lib/claim/x.go", head + `import _ "auto-consul/lib/wire"`, "may not import auto-consul/lib/wire"},
		{"lib/claim/x.go", head + `import _ "golang.org/x/sys/unix"`, "may not import golang.org/x/sys/unix"},
		{"lib/node/x.go", head + `import _ "auto-consul/lib/consul"`, "may not import auto-consul/lib/consul"},
		{"lib/node/x.go", head + `import _ "auto-consul/lib/datadir"`, "may not import auto-consul/lib/datadir"},
		{"lib/node/x.go", head + `import _ "auto-consul/lib/cli"`, "may not import auto-consul/lib/cli"},
		{"lib/node/x.go", head + `import _ "os"`, "may not import os"},
		{"lib/node/x.go", head + `import _ "os/signal"`, "may not import os/signal"},
		{"lib/node/x.go", head + `import _ "net/http"`, "may not import net/http"},
		{"lib/node/x.go", head + `import _ "golang.org/x/sync/errgroup"`, "may not import golang.org/x/sync/errgroup"},
		{"lib/status/x.go", head + `import _ "auto-consul/lib/wire"`, "may not import auto-consul/lib/wire"},
		{"lib/status/x.go", head + `import _ "os"`, "may not import os"},
		{"lib/members/x.go", head + `import _ "auto-consul/lib/status"`, "may not import auto-consul/lib/status"},
		{"lib/members/x.go", head + `import _ "os"`, "may not import os"},
		{"lib/start/x.go", head + `import _ "auto-consul/lib/store"`, "may not import auto-consul/lib/store"},
		{"lib/exit/x.go", head + `import _ "auto-consul/lib/cli"`, "may not import auto-consul/lib/cli"},
		{"lib/exit/x.go", head + `import _ "os"`, "may not import os"},
		{"lib/cli/x.go", head + `import _ "auto-consul/lib/registry"`, "may not import auto-consul/lib/registry"},
		{"lib/cli/x.go", head + `import _ "auto-consul/lib/rule"`, "may not import auto-consul/lib/rule"},
		{"lib/supervise/x.go", head + `import _ "auto-consul/lib/exit"`, "may not import auto-consul/lib/exit"},
		{"lib/supervise/x.go", head + `import _ "net"`, "may not import net"},
		{"lib/consul/x.go", head + `import _ "auto-consul/lib/datadir"`, "may not import auto-consul/lib/datadir"},
		{"lib/datadir/x.go", head + `import _ "auto-consul/lib/consul"`, "may not import auto-consul/lib/consul"},
		{"lib/store/x.go", head + `import _ "auto-consul/lib/claim"`, "may not import auto-consul/lib/claim"},
		{"lib/route/x.go", head + `import _ "auto-consul/lib/registry"`, "may not import auto-consul/lib/registry"},
		{"lib/x/x.go", head + `import _ "auto-consul/lib/sim"`, "may not import auto-consul/lib/sim"},
		{"lib/x/x.go", head + `import _ "auto-consul/lib/ruletest"`, "may not import auto-consul/lib/ruletest"},
		{"lib/x/x.go", head + `import _ "auto-consul/lib/consultest"`, "may not import auto-consul/lib/consultest"},
		{"lib/x/x.go", head + `import _ "auto-consul/lib/scripttest"`, "may not import auto-consul/lib/scripttest"},
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
		{"lib/x/x_test.go", head + `import _ "gonum.org/v1/plot"`, "may not import gonum.org/v1/plot"},
		{"lib/x/x.go", head + `import _ "log"`, "may not import log"},
		{"lib/rule/x.go", head + "import \"time\"\nvar _ = time.Now", "may not use time.Now"},
		{"lib/rule/x.go", head + "import \"time\"\nfunc f() { time.Sleep(1) }", "may not use time.Sleep"},
		{"lib/x/x.go", head + "import \"fmt\"\nfunc f() { fmt.Println() }", "may not use fmt.Println"},
		{"lib/registry/x.go", head + "import clock \"time\"\nvar _ = clock.Now()", "may not use time.Now"},
		{"lib/x/x.go", head + "import \"os\"\nfunc f() { os.Exit(1) }", "may not use os.Exit"},
		{"cmd/ac-exec/other.go", head + "import \"os\"\nfunc f() { os.Exit(1) }", "may not use os.Exit"},
		{"cmd/ac-exec/main.go", head + "import \"os\"\nvar _ = os.Stdout", "may not use os.Stdout"},
		{"lib/x/x.go", head + long, "lines"},
		{"lib/x/x_test.go", head + long, "lines"},
		{"lib/x/x.go", head + "func f() {" + strings.Repeat("\n", maxFunc) + "}", "f has 61 lines"},
		{"scripts/e2e/x_test.go", head + long, "lines"},
		{"scripts/man/x.go", head + "func f() {" + strings.Repeat("\n", maxFunc) + "}", "f has 61 lines"},
		{"scripts/man/other.go", head + "import \"os\"\nfunc f() { os.Exit(1) }", "may not use os.Exit"},
		{"scripts/man/other.go", head + "import \"os\"\nvar _ = os.Stdout", "may not use os.Stdout"},
		{"cmd/ac-exec/doc.go", "/*\nAc-exec is.\n\n" + strings.Repeat("é", maxWidth+1) + "\n*/\npackage main", "line 4 is a comment of 101 characters"},
		{"lib/x/x.go", head + "\n//" + strings.Repeat("x", maxWidth-1), "line 4 is a comment of 101 characters"},
		{"lib/x/x.go", "package x", "package x has no comment"},
		{"lib/util/x.go", "// Package util is vague.\npackage util", "says nothing"},
		{"lib/x/x.go", head + "func F() {}", "F has no comment"},
		{"lib/x/x.go", head + "type t struct{}\n// T is.\ntype T struct{}\nfunc (*T) F() {}", "T.F has no comment"},
		{"lib/x/x.go", head + "type T[K any] struct{}", "T has no comment"},
		{"lib/x/x.go", head + "var V = 1", "V has no comment"},
		{"lib/x/x.go", head + "const (\n\ta = 1\n\tC = 2\n)", "C has no comment"},
		{"lib/x/x.go", head + "// T is.\ntype T struct {\n\tE error\n}\nfunc (t T) G() {}", "T.G has no comment"},
		{"lib/x/x.go", "no go", "expected 'package'"},
		{"lib/x/x.go", head + "// f: it does.\nfunc f() {}", "the comment of f begins"},
		{"lib/x/x.go", head + "// F: it does.\nfunc (t) F() {}", "the comment of F begins"},
		{"lib/x/x.go", head + "// t: a thing.\ntype t int", "the comment of t begins"},
		{"lib/x/x.go", head + "type t struct {\n\t// a, b: two.\n\ta, b int\n}", "the comment of b begins"},
		{"lib/x/x.go", head + "type t struct {\n\ta int // a: one\n}", "the comment of a begins"},
		{"lib/x/x.go", head + "type t interface {\n\t// f: it does.\n\tf()\n}", "the comment of f begins"},
		{"lib/x/x.go", head + "const (\n\t// a: one\n\ta = 1\n)", "the comment of a begins"},
		{"lib/x/x.go", head + "var a = 1 // a: one", "the comment of a begins"},
	}
	for _, expression := range []string{
		"now.Sub(s.Since)", "s.Since.Sub(now)", "time.Since(s.Since)", "now.After(s.Since)", "s.Since.Add(expiry)",
		"s.Since.Before(in.Time.Add(-expiry))", "age(in.Time, s.Since)", "s.Since.Unix()",
	} {
		tests = append(tests, struct{ path, text, want string }{"lib/x/x.go", head + "var _ = " + expression, "the age of a slot"})
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
		"lib/rule/x.go":            head + "import (\n_ \"encoding/json\"\n\"time\"\n_ \"auto-consul/lib/registry\"\n)\nvar _ time.Time",
		"lib/rule/x_test.go":       head + `import _ "auto-consul/lib/ruletest"`,
		"lib/claim/x.go":           head + "import (\n\"time\"\n_ \"auto-consul/lib/rule\"\n_ \"golang.org/x/sync/errgroup\"\n)\nvar _ = time.Now",
		"lib/node/x.go":            head + "import (\n\"time\"\n_ \"auto-consul/lib/claim\"\n_ \"auto-consul/lib/wire\"\n)\nvar _ = time.Now",
		"lib/members/x.go":         head + "import (\n_ \"auto-consul/lib/wire\"\n_ \"golang.org/x/sync/errgroup\"\n)",
		"lib/start/x.go":           head + "import (\n_ \"auto-consul/lib/consul\"\n_ \"auto-consul/lib/datadir\"\n)",
		"lib/exit/x.go":            head + `import _ "auto-consul/lib/node"`,
		"lib/cli/x.go":             head + "import (\n_ \"auto-consul/lib/exit\"\n_ \"auto-consul/lib/wire\"\n)",
		"lib/supervise/x.go":       head + "import (\n_ \"os/exec\"\n_ \"golang.org/x/sys/unix\"\n)",
		"lib/datadir/x.go":         head + `import _ "auto-consul/lib/rule"`,
		"lib/sim/x.go":             head + `import _ "testing/synctest"`,
		"lib/consultest/x.go":      head + "import (\n_ \"net/http/httptest\"\n_ \"testing\"\n)",
		"lib/route/local.go":       head + "import (\n_ \"net\"\n_ \"os\"\n)",
		"lib/consul/x.go":          head + `import _ "github.com/hashicorp/consul/api"`,
		"lib/wire/x.go":            head + `import _ "encoding/json"`,
		"scripts/figures/x.go":     head + `import _ "gonum.org/v1/plot"`,
		"scripts/man/main.go":      head + "import \"os\"\nfunc main() { os.Exit(len(os.Args) + len(os.Stdout.Name())) }",
		"scripts/e2e/x_test.go":    head + "func f() {" + strings.Repeat("\n", maxFunc) + "}",
		"lib/x/wide.go":            head + "/*\n" + strings.Repeat("é", maxWidth) + "\n*/\nvar _ = \"" + strings.Repeat("x", 2*maxWidth) + "\" // one",
		"lib/x/docs.go":            head + "// F does.\nfunc F() {}\n\n// All of them.\nconst (\n\tA = 1\n\tB = 2 // the other\n)\n\n// E is.\ntype E struct{}\n\nfunc (*E) Error() string { return \"\" }",
		"lib/x/short.go":           head + "type t int\nfunc (t) F() {}\nfunc f() {" + strings.Repeat("\n", maxFunc-1) + "}",
		"lib/x/comments.go":        head + "// f says: it does.\nfunc f() {}\n\n// rule f: of others.\ntype t struct {\n\ta int // one: the first\n}",
		"lib/x/order.go":           head + "var _ = s.Since.After(o.Since) || m.Heartbeat.After(s.Since) || s.Since.IsZero()\nvar _ = slot{Since: s.Since}\nvar _ = time.Since(begin)\nfunc f() { s.Since = now }",
		"lib/rule/slot.go":         head + "var _ = now.Sub(s.Since)",
		"lib/storetest/through.go": head + `import _ "testing"`,
	} {
		if got := examine(map[string]string{path: text}); got != nil {
			t.Errorf("%s: got %q, want nothing reported", path, got)
		}
	}
}
