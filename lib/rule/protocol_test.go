package rule_test

import (
	"cmp"
	"fmt"
	"go/scanner"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// Every rule that a comment cites exists, and every rule of PROTOCOL.md is cited by code
// and by a test, so that a reader of either finds the others. The scripts by which the
// programs are tested are tests, too.
func TestProtocolIsCited(t *testing.T) {
	t.Parallel()
	protocol, err := os.ReadFile("PROTOCOL.md")
	if err != nil {
		t.Fatal(err)
	}
	files := citingFiles(t, filepath.Join("..", ".."), "lib", "cmd", "scripts")
	for _, problem := range checkCitations(string(protocol), files) {
		t.Error(problem)
	}
}

// The control: the check finds each of these, and nothing where all is right.
func TestCitationCheckFails(t *testing.T) {
	t.Parallel()
	const protocol = "# Rules\n\n**R1 One.** As R2 says.\n\n**R2 Two.** As before.\n"
	good := map[string]string{
		"lib/a/a.go":      "// Package a has all of it (R1).\npackage a\n\nvar b = 1 // R2\n",
		"lib/a/a_test.go": "package a_test\n\n/* Rule R1. */\n",

		"cmd/a/testdata/script/a.txtar": "# as before (R2)\nexits 0 a\n-- file --\n# R9\n",
	}
	for _, tt := range []struct {
		name, protocol, file, text string
		want                       []string
	}{
		{name: "nothing is wrong"},
		{
			name: "an unknown rule in the code", file: "lib/a/b.go", text: "package a\n\n// As R3 asks.\n",
			want: []string{"lib/a/b.go:3 cites R3, which PROTOCOL.md does not have"},
		},
		{
			name: "an unknown rule in a script", file: "cmd/b/testdata/script/b.txtar", text: "exits 0 b\n  # (R10)\n",
			want: []string{"cmd/b/testdata/script/b.txtar:2 cites R10, which PROTOCOL.md does not have"},
		},
		{
			name: "a command of a script cites no rule", file: "cmd/a/testdata/script/a.txtar", text: "exits 0 a # R1\nstdout R2\n",
			want: []string{"R2 is cited by no test"},
		},
		{
			name: "an unknown rule in a test", file: "cmd/b/b_test.go", text: "package b\n\n// (R10)\n",
			want: []string{"cmd/b/b_test.go:3 cites R10, which PROTOCOL.md does not have"},
		},
		{
			name: "a rule that no code cites", file: "lib/a/a.go", text: "package a // R1\n",
			want: []string{"R2 is cited by no code"},
		},
		{
			name: "a rule that no test cites", file: "lib/a/a_test.go", text: "package a_test // R2\n",
			want: []string{"R1 is cited by no test"},
		},
		{
			name: "neither a string nor a longer word cites a rule", file: "lib/a/a.go",
			text: "package a // R1, R2D2, xR2, R2x\n\nconst R2 = `// R2`\n",
			want: []string{"R2 is cited by no code"},
		},
		{
			name: "a rule that nobody cites", protocol: protocol + "\n**R3 Three.** New.\n",
			want: []string{"R3 is cited by no code", "R3 is cited by no test"},
		},
		{
			name: "a number that is given twice", protocol: protocol + "\n**R1 Again.** Two of them.\n",
			want: []string{"PROTOCOL.md has R1 twice"},
		},
		{
			name: "a text that mentions a rule it does not have", protocol: protocol + "\nSee R7.\n",
			want: []string{"PROTOCOL.md mentions R7, which it does not have"},
		},
		{
			name: "a text without rules", protocol: "# Rules\n\nR1 and R2.\n",
			want: []string{"PROTOCOL.md has no rules"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			files := maps.Clone(good)
			if tt.file != "" {
				files[tt.file] = tt.text
			}
			if got := checkCitations(cmp.Or(tt.protocol, protocol), files); !slices.Equal(got, tt.want) {
				t.Errorf("got  %q\nwant %q", got, tt.want)
			}
		})
	}
}

var (
	// A rule begins a paragraph with its number and its name, in bold.
	ruleStart = regexp.MustCompile(`(?m)^\*\*(R[0-9]+) `)
	ruleName  = regexp.MustCompile(`\bR[0-9]+\b`)
)

// checkCitations says what is wrong between the text of the rules and the comments of Go
// files and scripts, by path.
func checkCitations(protocol string, files map[string]string) (problems []string) {
	rules := map[string]bool{}
	for _, m := range ruleStart.FindAllStringSubmatch(protocol, -1) {
		if rules[m[1]] {
			problems = append(problems, fmt.Sprintf("PROTOCOL.md has %s twice", m[1]))
		}
		rules[m[1]] = true
	}
	if len(rules) == 0 {
		return []string{"PROTOCOL.md has no rules"}
	}
	for _, name := range ruleName.FindAllString(protocol, -1) {
		if !rules[name] {
			problems = append(problems, fmt.Sprintf("PROTOCOL.md mentions %s, which it does not have", name))
		}
	}
	byCode, byTest := map[string]bool{}, map[string]bool{}
	for _, path := range slices.Sorted(maps.Keys(files)) {
		by, cites := byCode, citations
		if strings.HasSuffix(path, "_test.go") {
			by = byTest
		} else if strings.HasSuffix(path, ".txtar") {
			by, cites = byTest, scriptCitations
		}
		for _, c := range cites(files[path]) {
			by[c.rule] = true
			if !rules[c.rule] {
				problems = append(problems, fmt.Sprintf("%s:%d cites %s, which PROTOCOL.md does not have", path, c.line, c.rule))
			}
		}
	}
	for _, rule := range slices.SortedFunc(maps.Keys(rules), byNumber) {
		if !byCode[rule] {
			problems = append(problems, rule+" is cited by no code")
		}
		if !byTest[rule] {
			problems = append(problems, rule+" is cited by no test")
		}
	}
	return problems
}

func byNumber(a, b string) int { return cmp.Compare(ruleNumber(a), ruleNumber(b)) }

// ruleNumber is what comes after the R of a rule's name.
func ruleNumber(rule string) int {
	n, _ := strconv.Atoi(rule[1:])
	return n
}

// citation is a rule's name in a comment.
type citation struct {
	rule string
	line int // on which the comment begins
}

// citations finds the rules that a Go file's comments name.
func citations(source string) (out []citation) {
	fset := token.NewFileSet()
	var s scanner.Scanner
	file := fset.AddFile("", fset.Base(), len(source))
	s.Init(file, []byte(source), nil, scanner.ScanComments)
	for {
		pos, tok, text := s.Scan()
		switch tok {
		case token.EOF:
			return out
		case token.COMMENT:
			for _, rule := range ruleName.FindAllString(text, -1) {
				out = append(out, citation{rule, file.Line(pos)})
			}
		}
	}
}

// scriptCitations finds the rules that the comment lines of a script name. The files
// that follow the script have none.
func scriptCitations(source string) (out []citation) {
	for i, text := range strings.Split(source, "\n") {
		switch {
		case strings.HasPrefix(text, "-- "):
			return out
		case strings.HasPrefix(strings.TrimSpace(text), "#"):
			for _, rule := range ruleName.FindAllString(text, -1) {
				out = append(out, citation{rule, i + 1})
			}
		}
	}
	return out
}

// citingFiles reads all Go files and scripts below some folders, by path.
func citingFiles(t *testing.T, root string, dirs ...string) map[string]string {
	t.Helper()
	files := map[string]string{}
	for _, dir := range dirs {
		err := filepath.WalkDir(filepath.Join(root, dir), func(path string, e fs.DirEntry, err error) error {
			if err != nil || e.IsDir() || !strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, ".txtar") {
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
