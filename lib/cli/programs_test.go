package cli

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"auto-consul/lib/exit"
)

const programs = "../../cmd"

// One file of settings serves all programs, so each must know all the names.
func TestSettings(t *testing.T) {
	t.Parallel()
	defined := map[string]bool{"config-file": true}
	shared := flagsOf(t, ".", nil)
	for _, dir := range programDirs(t) {
		for method := range flagsOf(t, dir, shared) {
			for _, name := range shared[method] {
				defined[name] = true
			}
		}
		for _, names := range flagsOf(t, dir, nil) {
			for _, name := range names {
				defined[name] = true
			}
		}
	}
	defined["version"] = true // of every program
	got := slices.Sorted(maps.Keys(defined))
	if want := slices.Sorted(slices.Values(slices.Concat(settings, verbs))); !slices.Equal(got, want) {
		t.Errorf("programs define %q, settings and verbs are %q", got, want)
	}
	for name := range aliases {
		if !defined[name] {
			t.Errorf("-%s has an alias and is defined nowhere", name)
		}
	}
}

func programDirs(t *testing.T) []string {
	t.Helper()
	dirs, err := filepath.Glob(programs + "/ac-*")
	if err != nil || len(dirs) == 0 {
		t.Fatalf("got %q, %v, want the programs", dirs, err)
	}
	return dirs
}

// flagsOf finds, in a folder's functions, the flags that each defines by name.
// With known methods it finds the calls of those instead, by method.
func flagsOf(t *testing.T, dir string, methods map[string][]string) map[string][]string {
	t.Helper()
	found := map[string][]string{}
	for _, file := range sources(t, dir) {
		for _, decl := range file.Decls {
			fn, ok := decl.(*ast.FuncDecl)
			if !ok || fn.Body == nil {
				continue
			}
			ast.Inspect(fn.Body, func(n ast.Node) bool {
				method, name := flagCall(n)
				_, known := methods[method]
				switch {
				case known:
					found[method] = methods[method]
				case methods == nil && name != "":
					found[fn.Name.Name] = append(found[fn.Name.Name], name)
				}
				return true
			})
		}
	}
	return found
}

func sources(t *testing.T, dir string) []*ast.File {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	var out []*ast.File
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, file)
	}
	return out
}

// flagCall takes a method call on the flag set apart: f.Method(&p, "name", …).
func flagCall(n ast.Node) (method, name string) {
	call, ok := n.(*ast.CallExpr)
	if !ok {
		return "", ""
	}
	sel, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return "", ""
	}
	if x, ok := sel.X.(*ast.Ident); !ok || x.Name != "f" || len(call.Args) == 0 {
		return "", ""
	}
	if defines := strings.HasSuffix(sel.Sel.Name, "Var") || slices.Contains([]string{"Duration", "OptionalDuration", "Verb", "VerbString", "VerbList"}, sel.Sel.Name); defines && len(call.Args) > 2 {
		if lit, ok := call.Args[1].(*ast.BasicLit); ok {
			name, _ = strconv.Unquote(lit.Value) // the parser has read it
		}
	}
	return sel.Sel.Name, name
}

var exitLine = regexp.MustCompile(`(?m)^\t(\d+)\s+(.*)$`)

func TestExitCodesInHelp(t *testing.T) {
	t.Parallel()
	for _, dir := range programDirs(t) {
		source, err := os.ReadFile(filepath.Join(dir, "doc.go"))
		if err != nil {
			t.Errorf("every program has its help: %v", err)
			continue
		}
		got := exitCodes(comment(string(source)))
		for _, must := range []exit.Code{exit.OK, exit.Failure, exit.Misuse} {
			if _, ok := got[must]; !ok {
				t.Errorf("%s: no line for code %d", dir, must)
			}
		}
		for code, text := range got {
			// A program may add what is particular to it.
			if want := code.Meaning(); text != want && (want == "" || !strings.HasPrefix(text, want+" (")) {
				t.Errorf("%s: %d is %q, want %q", dir, code, text, want)
			}
		}
	}
}

// exitCodes reads the section of a help text that lists them.
func exitCodes(help string) map[exit.Code]string {
	_, section, _ := strings.Cut(help, "# Exit codes\n")
	section, _, _ = strings.Cut(section, "\n# ")
	out := map[exit.Code]string{}
	for _, m := range exitLine.FindAllStringSubmatch(section, -1) {
		n, err := strconv.Atoi(m[1])
		if err != nil {
			continue // the expression has seen digits; too many are no code
		}
		out[exit.Code(n)] = m[2]
	}
	return out
}

func TestExitCodesReader(t *testing.T) {
	t.Parallel()
	help := "# Output\n\n\t9  not here\n\n# Exit codes\n\n\t0   done\n\t69  away\n\n# Examples\n\n\t8  nor here\n"
	want := map[exit.Code]string{0: "done", 69: "away"}
	if got := exitCodes(help); !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
