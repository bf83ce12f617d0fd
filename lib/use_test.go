package lib

import (
	"go/ast"
	"path"
	"slices"
	"strings"
)

func uses(p string, file *ast.File, say report) {
	names := map[string]string{} // of imported packages, as the file calls them
	for _, spec := range file.Imports {
		what := unquote(spec.Path.Value)
		name := path.Base(what)
		if spec.Name != nil {
			name = spec.Name.Name
		}
		names[name] = path.Base(what)
	}
	ast.Inspect(file, func(n ast.Node) bool {
		sel, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		x, ok := sel.X.(*ast.Ident)
		if !ok || names[x.Name] == "" {
			return true
		}
		used := names[x.Name] + "." + sel.Sel.Name
		for _, u := range calls {
			if u.in(p) && slices.Contains(u.names, used) {
				say("may not use %s: %s", used, u.why)
			}
		}
		return true
	})
}

// riddles reports doc comments like "name: …", which are notes to oneself: a doc
// comment is a sentence that says of the name what it is or does.
func riddles(file *ast.File, say report) {
	check := func(names []*ast.Ident, docs ...*ast.CommentGroup) {
		for _, doc := range docs {
			before, _, found := strings.Cut(doc.Text(), ":")
			for _, name := range names {
				if found && slices.Contains(strings.Split(before, ", "), name.Name) {
					say("the comment of %s begins with its name and a colon, want a sentence", name.Name)
				}
			}
		}
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch d := n.(type) {
		case *ast.FuncDecl:
			check([]*ast.Ident{d.Name}, d.Doc)
		case *ast.Field:
			check(d.Names, d.Doc, d.Comment)
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				switch s := spec.(type) {
				case *ast.TypeSpec:
					check([]*ast.Ident{s.Name}, d.Doc, s.Doc, s.Comment)
				case *ast.ValueSpec:
					check(s.Names, d.Doc, s.Doc, s.Comment)
				}
			}
		}
		return true
	})
}

// ages reports where else than in slot.go the age of a slot is judged, and that of a mark
// than in stepdown.go. What lies in the future has no age yet: ahead.go mends it. A field
// called Since may be handed on and set, and compared with another field, which is a
// question of order; whatever else is done with it makes an age of it.
func ages(p string, file *ast.File, say report) {
	if p == "lib/rule/slot.go" || p == "lib/rule/stepdown.go" || p == "lib/rule/ahead.go" || testRoom(p) {
		return
	}
	allowed := map[*ast.SelectorExpr]bool{}
	ast.Inspect(file, func(n ast.Node) bool {
		switch e := n.(type) {
		case *ast.KeyValueExpr:
			if key, ok := e.Key.(*ast.Ident); ok && key.Name == "Since" {
				allow(allowed, e.Value)
			}
		case *ast.AssignStmt:
			for _, left := range e.Lhs {
				allow(allowed, left)
			}
		case *ast.CallExpr:
			if fun, ok := e.Fun.(*ast.SelectorExpr); ok && inOrder(fun.Sel.Name, fun.X, e.Args) {
				allow(allowed, append(e.Args, fun.X)...)
			}
		case *ast.SelectorExpr:
			x, isName := e.X.(*ast.Ident)
			if e.Sel.Name == "Since" && !allowed[e] && !(isName && x.Name == "time") {
				say("the age of a slot is judged by its methods in lib/rule/slot.go alone: what is Since used for?")
			}
		}
		return true
	})
}

// allow marks those of the expressions that are a field.
func allow(allowed map[*ast.SelectorExpr]bool, exprs ...ast.Expr) {
	for _, e := range exprs {
		if field, ok := e.(*ast.SelectorExpr); ok {
			allowed[field] = true
		}
	}
}

// inOrder reports whether a call asks which of two fields is the later one.
func inOrder(method string, x ast.Expr, args []ast.Expr) bool {
	_, field := x.(*ast.SelectorExpr)
	for _, arg := range args {
		_, also := arg.(*ast.SelectorExpr)
		field = field && also
	}
	return field && slices.Contains([]string{"After", "Before", "Compare", "Equal", "IsZero"}, method)
}
