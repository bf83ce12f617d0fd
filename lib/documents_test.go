package lib

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	// shownBy matches a package and those of its tests that show a claim.
	shownBy = regexp.MustCompile("`((?:lib|cmd|scripts)/[a-z0-9-]+)`\\s+(Test\\w+(?:/[a-z]+)?)")
	// testName matches tests wherever they are named.
	testName = regexp.MustCompile(`\bTest[A-Z]\w*(?:/[a-z]+)?`)
	// makeTarget matches a target, alone or before others, in code.
	makeTarget = regexp.MustCompile("(?:`|\n {4}|- run: )(?:SOAK\\w*=\\w+ )?make ([a-z0-9]+)")
)

// TestSecurityIsShown wants a test that exists behind every claim on what somebody can and
// cannot do.
func TestSecurityIsShown(t *testing.T) {
	t.Parallel()
	text := readFile(t, "SECURITY.md")
	for _, claim := range claims(text) {
		if !shownBy.MatchString(claim) {
			t.Errorf("no test shows that\n%s", claim)
		}
	}
	cited := shownBy.FindAllStringSubmatch(text, -1)
	if len(cited) < 10 {
		t.Errorf("got %q, want a test for each claim", cited)
	}
	for _, c := range cited {
		if !hasTest(t, c[1], c[2]) {
			t.Errorf("%s has no test %s", c[1], c[2])
		}
	}
}

// claims returns the items that begin with "It can" or "It cannot".
func claims(text string) []string {
	var out []string
	for _, item := range strings.Split(text, "\n- ")[1:] {
		item, _, _ = strings.Cut(item, "\n\n")
		if strings.HasPrefix(item, "It can") {
			out = append(out, item)
		}
	}
	return out
}

// hasTest reports whether a package has a test, or a script of that name.
func hasTest(t *testing.T, dir, name string) bool {
	t.Helper()
	if script, ok := strings.CutPrefix(name, "TestScripts/"); ok {
		_, err := os.Stat(filepath.Join("..", dir, "testdata/script", script+".txtar"))
		return err == nil
	}
	paths, err := filepath.Glob(filepath.Join("..", dir, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), "\nfunc "+name+"(t *testing.T) {") {
			return true
		}
	}
	return false
}

// TestContributing wants the tests and targets that are named to be there.
func TestContributing(t *testing.T) {
	t.Parallel()
	tests := map[string]string{
		"TestDeciderWatch": "lib/claim", "TestScripts/claim": "cmd/ac-decide", "TestLeave": "scripts/e2e",
		"TestProve": "lib/sim", "TestProveBirth": "scripts/e2e",
		"TestSoakLosesQuorum": "scripts/e2e", "TestSoakLosesDisks": "scripts/e2e",
	}
	for _, name := range testName.FindAllString(readFile(t, "CONTRIBUTING.md"), -1) {
		if dir := tests[name]; dir == "" || !hasTest(t, dir, name) {
			t.Errorf("%q has no test %s", dir, name)
		}
	}
	makefile := readFile(t, "Makefile")
	for _, path := range []string{"CONTRIBUTING.md", "README.md", ".github/workflows/nightly.yml"} {
		for _, m := range makeTarget.FindAllStringSubmatch(readFile(t, path), -1) {
			if !strings.Contains(makefile, "\n"+m[1]+":") {
				t.Errorf("%s: there is no target %s", path, m[1])
			}
		}
	}
}

func TestDocumentsFail(t *testing.T) {
	t.Parallel()
	if got := claims("# x\n\n- It can burn\n  (`lib/x` TestX).\n- It cannot fly.\n- Other\n\nText\n"); len(got) != 2 ||
		!shownBy.MatchString(got[0]) || shownBy.MatchString(got[1]) {
		t.Errorf("got %q, want the first claim shown and the second not", got)
	}
	if hasTest(t, "lib", "TestNothing") || hasTest(t, "cmd/ac-exec", "TestScripts/nothing") || !hasTest(t, "lib", "TestDocumentsFail") {
		t.Error("a test that is there, or one that is not, was mistaken")
	}
	if got := makeTarget.FindAllStringSubmatch("`make a`, make b\n    make c\n`SOAK_SEED=n make d`", -1); len(got) != 3 {
		t.Errorf("got %q, want three targets", got)
	}
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", path))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// What a user meets first stays short (README), and so does the script that others read
// before they trust it.
func TestFirstPagesAreShort(t *testing.T) {
	t.Parallel()
	for path, most := range map[string]int{"README.md": 199, "scripts/auto-consul": 120, "scripts/ac-run": 40} {
		if got := strings.Count(readFile(t, path), "\n"); got > most || got == 0 {
			t.Errorf("%s: got %d lines, want at most %d", path, got, most)
		}
	}
}
