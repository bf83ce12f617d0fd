package e2e

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// docs/OUTAGES.md has a section for each outage. Each names the test that produces the
// outage, and shows the lines that an operator sees then, in blocks of text. The test
// takes the lines from the page, so that the two cannot drift apart.

// outage is one section of the page.
type outage struct {
	name  string
	tests []string
	lines []string // an ellipsis stands for anything
	parts string   // the section's text
}

// outageParts must be in each section.
var outageParts = []string{"**By itself:** ", "**You type:** ", "**Can be lost:** "}

var shownBy = regexp.MustCompile("`(Test[A-Za-z]+)`")

// readOutages returns the sections of a page.
func readOutages(page string) (out []outage) {
	for _, section := range strings.Split(page, "\n## ")[1:] {
		name, text, _ := strings.Cut(section, "\n")
		o := outage{name: name, parts: text}
		for i, block := range strings.Split(text, "\n```") {
			if block, ok := strings.CutPrefix(block, "text\n"); ok && i%2 == 1 {
				o.lines = append(o.lines, strings.Split(block, "\n")...)
			}
		}
		for _, found := range shownBy.FindAllStringSubmatch(text, -1) {
			o.tests = append(o.tests, found[1])
		}
		out = append(out, o)
	}
	return out
}

// outagesPage returns the page.
func outagesPage(t *testing.T) string {
	t.Helper()
	page, err := os.ReadFile(filepath.Join(root(), "docs", "OUTAGES.md"))
	if err != nil {
		t.Fatal(err)
	}
	return string(page)
}

// wantOutage waits until all lines that the page shows for an outage are in what was said.
func wantOutage(t *testing.T, name string, said func() string) {
	t.Helper()
	rows := readOutages(outagesPage(t))
	i := slices.IndexFunc(rows, func(o outage) bool { return o.name == name })
	if i < 0 {
		t.Fatalf("docs/OUTAGES.md has no section %q", name)
	}
	eventually(t, "the lines of the page", func() (err error) {
		text := said()
		for _, line := range rows[i].lines {
			if !slices.ContainsFunc(strings.Split(text, "\n"), func(got string) bool { return isLine(line, got) }) {
				err = errors.Join(err, fmt.Errorf("nobody has said %q", line))
			}
		}
		return err
	})
}

// isLine reports whether a line is the one that the page shows.
func isLine(shown, got string) bool {
	for i, part := range strings.Split(shown, "…") {
		at := strings.Index(got, part)
		if at < 0 || i == 0 && at > 0 {
			return false
		}
		got = got[at+len(part):]
	}
	return got == "" || strings.HasSuffix(shown, "…")
}

// outageProblems says what is wrong between the page and the tests' sources.
func outageProblems(page, sources string) (problems []string) {
	rows := readOutages(page)
	if len(rows) == 0 {
		return []string{"the page has no section"}
	}
	for _, o := range rows {
		bad := func(format string, args ...any) {
			problems = append(problems, o.name+": "+fmt.Sprintf(format, args...))
		}
		if len(o.lines) == 0 {
			bad("no line is shown")
		}
		for _, part := range outageParts {
			if !strings.Contains(o.parts, "\n"+part) {
				bad("%q is missing", part)
			}
		}
		if len(o.tests) == 0 {
			bad("no test is named")
		}
		for _, test := range o.tests {
			_, body, found := strings.Cut(sources, "\nfunc "+test+"(")
			body, _, _ = strings.Cut(body, "\n}\n")
			if !found || !strings.Contains(body, fmt.Sprintf("wantOutage(t, %q,", o.name)) {
				bad("%s does not look for its lines", test)
			}
		}
	}
	for _, asked := range regexp.MustCompile(`\twantOutage\(t, "([^"]*)"`).FindAllStringSubmatch(sources, -1) {
		if !slices.ContainsFunc(rows, func(o outage) bool { return o.name == asked[1] }) {
			problems = append(problems, "a test looks for "+asked[1]+", which the page does not have")
		}
	}
	return problems
}

// Each outage of the page has a test that looks for its lines.
func TestOutagesPage(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	var sources strings.Builder
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		sources.Write(text)
	}
	for _, problem := range outageProblems(outagesPage(t), sources.String()) {
		t.Error(problem)
	}
}

// The control: the check finds each of these, and nothing where all is right.
func TestOutagesPageFails(t *testing.T) {
	t.Parallel()
	const page = "# Outages\n\n## Rain\n\nShown by `TestRain`.\n\n```text\nit … wet\n```\n\n**By itself:** a\n\n**You type:** b\n\n**Can be lost:** c\n"
	const source = "\nfunc TestRain(t) {\n\twantOutage(t, \"Rain\", said)\n}\n"
	for _, tt := range []struct{ name, page, source, want string }{
		{"nothing is wrong", page, source, ""},
		{"no section", "# Outages\n", source, "the page has no section"},
		{"no line", strings.Replace(page, "```text\nit … wet\n```\n", "", 1), source, "Rain: no line is shown"},
		{"a part is missing", strings.Replace(page, "**You type:** b", "", 1), source, `Rain: "**You type:** " is missing`},
		{"no test", strings.Replace(page, "Shown by `TestRain`.", "", 1), source, "Rain: no test is named"},
		{"a test that there is not", strings.Replace(page, "TestRain", "TestSnow", 1), source, "Rain: TestSnow does not look for its lines"},
		{"a test that does not look", page, strings.Replace(source, "wantOutage", "want", 1), "Rain: TestRain does not look for its lines"},
		{"a test of no section", page, source + "\nfunc TestSnow(t) {\n\twantOutage(t, \"Snow\", said)\n}\n", "a test looks for Snow, which the page does not have"},
	} {
		if got := strings.Join(outageProblems(tt.page, tt.source), "; "); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
	for got, want := range map[string]bool{"it is wet": true, "it  wet": true, "so it is wet": false, "it is wetter": false, "it is dry": false} {
		if isLine("it … wet", got) != want {
			t.Errorf("got %q taken for the line %v, want %v", got, !want, want)
		}
	}
}
