package lib

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

const (
	module   = "auto-consul"
	maxLines = 250 // of a file
	maxFunc  = 60  // of a function, in code that is no test
	maxWidth = 100 // of a line of a comment there, in characters
)

// examine returns what is wrong with files, given as their text by path.
func examine(files map[string]string) []string {
	var out []string
	commented := map[string]bool{} // folders whose package has a comment
	packages := map[string]string{}
	for _, p := range slices.Sorted(maps.Keys(files)) {
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, p, files[p], parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			out = append(out, err.Error())
			continue
		}
		say := func(format string, args ...any) { out = append(out, p+": "+fmt.Sprintf(format, args...)) }
		if n := strings.Count(files[p], "\n"); n > maxLines {
			say("%d lines, want at most %d", n, maxLines)
		}
		imports(p, file, say)
		if isTest(p) {
			continue
		}
		widths(set, file, say)
		packages[path.Dir(p)] = p
		commented[path.Dir(p)] = commented[path.Dir(p)] || file.Doc != nil
		uses(p, file, say)
		declarations(set, file, say)
		riddles(file, say)
		ages(p, file, say)
	}
	for _, dir := range slices.Sorted(maps.Keys(packages)) {
		out = append(out, naming(packages[dir], path.Base(dir), commented[dir])...)
	}
	return out
}

func naming(file, name string, commented bool) []string {
	var out []string
	if !commented {
		out = append(out, fmt.Sprintf("%s: package %s has no comment", file, name))
	}
	if slices.Contains([]string{"util", "utils", "common", "helpers", "types"}, name) {
		out = append(out, fmt.Sprintf("%s: package name %s says nothing", file, name))
	}
	return out
}

type report func(format string, args ...any)

func imports(p string, file *ast.File, say report) {
	for _, spec := range file.Imports {
		what := unquote(spec.Path.Value)
		for _, b := range bans {
			if (b.tests || !isTest(p)) && b.in(p) && b.of(what) {
				say("may not import %s: %s", what, b.why)
			}
		}
	}
}

// unquote returns what a literal that the parser has read stands for.
func unquote(literal string) string {
	text, _ := strconv.Unquote(literal)
	return text
}

// widths reports lines of comments that are too long for a terminal, where the help of a
// program shows them, and for a page beside another.
func widths(set *token.FileSet, file *ast.File, say report) {
	for _, group := range file.Comments {
		for _, comment := range group.List {
			for i, line := range strings.Split(comment.Text, "\n") {
				if n := utf8.RuneCountInString(line); n > maxWidth {
					say("line %d is a comment of %d characters, want at most %d", set.Position(comment.Pos()).Line+i, n, maxWidth)
				}
			}
		}
	}
}

func declarations(set *token.FileSet, file *ast.File, say report) {
	for _, decl := range file.Decls {
		switch d := decl.(type) {
		case *ast.FuncDecl:
			function(set, d, say)
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				for _, name := range undocumented(d, spec) {
					say("%s has no comment", name)
				}
			}
		}
	}
}

// wellKnown are methods whose meaning is that of the interface they are for.
var wellKnown = []string{"Error", "String"}

func function(set *token.FileSet, d *ast.FuncDecl, say report) {
	name, exported := d.Name.Name, d.Name.IsExported()
	if d.Recv != nil {
		recv := receiver(d.Recv.List[0].Type)
		exported = exported && ast.IsExported(recv) && !slices.Contains(wellKnown, name)
		name = recv + "." + name
	}
	if exported && d.Doc == nil {
		say("%s has no comment", name)
	}
	if n := set.Position(d.End()).Line - set.Position(d.Pos()).Line + 1; n > maxFunc {
		say("%s has %d lines, want at most %d", name, n, maxFunc)
	}
}

// receiver returns the name of a method's type.
func receiver(e ast.Expr) string {
	switch t := e.(type) {
	case *ast.StarExpr:
		return receiver(t.X)
	case *ast.IndexExpr:
		return receiver(t.X)
	case *ast.IndexListExpr:
		return receiver(t.X)
	case *ast.Ident:
		return t.Name
	}
	return ""
}

// undocumented returns the exported names of one specification without a comment of
// its own or of its group.
func undocumented(d *ast.GenDecl, spec ast.Spec) []string {
	var names []*ast.Ident
	documented := d.Doc != nil
	switch s := spec.(type) {
	case *ast.TypeSpec:
		names, documented = []*ast.Ident{s.Name}, documented || s.Doc != nil || s.Comment != nil
	case *ast.ValueSpec:
		names, documented = s.Names, documented || s.Doc != nil || s.Comment != nil
	}
	var out []string
	for _, name := range names {
		if name.IsExported() && !documented {
			out = append(out, name.Name)
		}
	}
	return out
}
