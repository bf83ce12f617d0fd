package lib

import (
	"path"
	"slices"
	"strings"
)

// match chooses files by their path, or imports by theirs.
type match func(path string) bool

// ban forbids imports in some files.
type ban struct {
	in    match
	tests bool // it binds test files too
	of    match
	why   string
}

// use forbids names of imported packages in some files.
type use struct {
	in    match
	names []string
	why   string
}

func everywhere(string) bool { return true }

func not(m match) match { return func(p string) bool { return !m(p) } }

func either(a, b match) match { return func(p string) bool { return a(p) || b(p) } }

func oneOf(paths ...string) match { return func(p string) bool { return slices.Contains(paths, p) } }

// under matches files whose path begins so.
func under(begins ...string) match {
	return func(p string) bool {
		return slices.ContainsFunc(begins, func(b string) bool { return strings.HasPrefix(p, b) })
	}
}

// below matches import paths, and those below them.
func below(roots ...string) match {
	return func(p string) bool {
		return slices.ContainsFunc(roots, func(r string) bool { return p == r || strings.HasPrefix(p, r+"/") })
	}
}

func standard(p string) bool {
	first, _, _ := strings.Cut(p, "/")
	return !strings.Contains(first, ".") && first != module
}

// project matches packages of this project by their names.
func project(names ...string) match {
	return func(p string) bool {
		return slices.ContainsFunc(names, func(n string) bool { return below(module + "/lib/" + n)(p) })
	}
}

// outside matches the project's packages but those named.
func outside(names ...string) match {
	return func(p string) bool { return below(module)(p) && !project(names...)(p) }
}

// computing matches packages of the standard library that only compute.
var computing = oneOf("bytes", "cmp", "encoding/hex", "encoding/json", "errors", "fmt", "iter", "maps", "math",
	"net/netip", "regexp", "slices", "sort", "strconv", "strings", "time", "unicode", "unicode/utf8")

// input matches packages that reach outside the program.
func input(p string) bool {
	if p == "net/netip" || p == "net/url" {
		return false
	}
	return below("os", "net", "syscall", "io/ioutil", "golang.org/x/sys", "github.com/aws", "github.com/hashicorp")(p)
}

// testRoom matches the files of the packages that only tests import.
func testRoom(p string) bool {
	return under("lib/ruletest/", "lib/consultest/", "lib/storetest/", "lib/scripttest/", "lib/sim/")(p)
}

func programMain(p string) bool { return under("cmd/", "scripts/")(p) && path.Base(p) == "main.go" }

// toolMain matches the main files of the tools that make manual pages, pictures and
// packages. They are no programs of a node, and have no lib/cli.
func toolMain(p string) bool { return under("scripts/")(p) && path.Base(p) == "main.go" }

func isTest(p string) bool { return strings.HasSuffix(p, "_test.go") }
