package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"auto-consul/lib/rule"
	"auto-consul/lib/wire"
)

// helpOf returns the lines of a program's help.
func helpOf(t *testing.T, name string) []string {
	t.Helper()
	text, err := help(bin, name)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(text, "\n")
}

// TestPages looks for each flag and each exit code of the help in the page.
func TestPages(t *testing.T) {
	t.Parallel()
	for _, name := range programs {
		got := made["man/man1/"+name+".1"]
		flags, codes, inCodes := 0, 0, false
		for _, line := range helpOf(t, name) {
			if strings.HasPrefix(line, "# ") {
				inCodes = line == "# Exit codes"
			}
			fields := strings.Fields(line)
			switch {
			case strings.HasPrefix(line, "  -"):
				flags++
				entry := "\n.It Fl " + strings.TrimSuffix(fields[0][1:], ",")
				if strings.HasSuffix(fields[0], ",") {
					entry += " , Fl " + fields[1][1:]
				}
				if !regexp.MustCompile(regexp.QuoteMeta(entry) + `( |\n)`).MatchString(got) {
					t.Errorf("%s: no entry %q", name, entry)
				}
				for _, field := range fields {
					if strings.HasPrefix(field, "AC_") && !strings.Contains(got, "\n.It Ev "+field+"\n") {
						t.Errorf("%s: no variable %s", name, field)
					}
				}
			case inCodes && strings.HasPrefix(line, "\t"):
				codes++
				if _, list, _ := strings.Cut(got, ".Sh EXIT STATUS\n"); !strings.Contains(list, "\n.It "+fields[0]+"\n") {
					t.Errorf("%s: no exit code %s", name, fields[0])
				}
			}
		}
		if flags < 10 || codes < 5 {
			t.Errorf("%s: got %d flags and %d exit codes, want the whole help", name, flags, codes)
		}
	}
}

// TestRunnerPage looks for all commands and options of the script in its page.
func TestRunnerPage(t *testing.T) {
	t.Parallel()
	got := made["man/man1/auto-consul.1"]
	var names []string
	for _, line := range helpOf(t, runner) {
		if m := regexp.MustCompile(`^  (\S.*?)  `).FindStringSubmatch(line); m != nil {
			names = append(names, regexp.MustCompile(`(^|, )-?[a-z_-]+`).FindAllString(m[1], -1)...)
		}
	}
	if len(names) < 35 {
		t.Fatalf("got %q, want all that the help lists", names)
	}
	for _, name := range names {
		name = strings.Trim(name, " ,")
		want := regexp.MustCompile(`\.It (.* )?(Cm |Fl )` + regexp.QuoteMeta(strings.TrimPrefix(name, "-")) + `( |\n)`)
		if !want.MatchString(got) {
			t.Errorf("no entry for %s", name)
		}
	}
}

var missing = regexp.MustCompile(`STYLE: referenced manual not found: Xr (\S+) (\d)`)

// TestPagesLint has mandoc judge all pages. It looks for other pages where the system has
// its own; here they must be among those that are made.
func TestPagesLint(t *testing.T) {
	t.Parallel()
	need(t, "mandoc")
	for path := range made {
		if !strings.HasPrefix(path, "man/") {
			continue
		}
		for line := range strings.Lines(output(t, bin, "mandoc", "-T", "lint", "-W", "style", path)) {
			m := missing.FindStringSubmatch(line)
			if m == nil || made["man/man"+m[2]+"/"+m[1]+"."+m[2]] == "" {
				t.Errorf("%s", line)
			}
		}
	}
}

// TestPageText reads a page as a user sees it.
func TestPageText(t *testing.T) {
	t.Parallel()
	need(t, "mandoc")
	got := output(t, bin, "mandoc", "-T", "ascii", "-O", "width=200", "man/man1/ac-heartbeat.1")
	got = regexp.MustCompile(`.\x08`).ReplaceAllString(got, "")
	for _, want := range []string{
		"ac-heartbeat -r URL -t 60 [FLAGS] -- command [argument ...]",
		"ac-heartbeat -r URL -until joined | leader | voter [-wait 5m]",
		"     -registry, -r URL\n             Registry URL: s3://bucket[/prefix] or file:///absolute/path.",
		"     -until joined | leader | voter\n",
		"     255     The agent is not running, so nothing was written (or does not answer).",
		"\n     AC_TICKS        -ticks\n",
		"The loop removes its own heartbeats once they have expired.",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
}

// TestRegistryPage looks for every key of every document, of the record and of what the
// data directory keeps.
func TestRegistryPage(t *testing.T) {
	t.Parallel()
	got := made["man/man5/auto-consul.registry.5"]
	keys := map[string]bool{}
	for _, doc := range []any{
		wire.Members{},
		wire.Decision{},
		wire.Beat{},
		wire.Command{},
		wire.Kept{},
		wire.Left{},
		wire.Recovered{},
		wire.Build{},
		wire.Check{},
		rule.Record{},
		rule.Membership{},
	} {
		jsonKeys(reflect.TypeOf(doc), keys)
	}
	if len(keys) < 55 {
		t.Errorf("got %d keys, want those of all documents", len(keys))
	}
	for key := range keys {
		if !regexp.MustCompile(`(Va|,) ` + key + `( |\n)`).MatchString(got) {
			t.Errorf("no %s", key)
		}
	}
}

// jsonKeys collects the keys of a document and of those in it.
func jsonKeys(t reflect.Type, into map[string]bool) {
	for slices.Contains([]reflect.Kind{reflect.Slice, reflect.Pointer}, t.Kind()) {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct || t.Implements(reflect.TypeFor[json.Marshaler]()) {
		return
	}
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		into[name] = true
		jsonKeys(t.Field(i).Type, into)
	}
}

// TestProtocolPage finds each rule that the page cites in the protocol.
func TestProtocolPage(t *testing.T) {
	t.Parallel()
	protocol, err := os.ReadFile(filepath.Join(root, "lib/rule/PROTOCOL.md"))
	if err != nil {
		t.Fatal(err)
	}
	cited := regexp.MustCompile(`\bR\d+\b`).FindAllString(made["man/man7/auto-consul.protocol.7"], -1)
	if len(cited) < 20 {
		t.Errorf("got %q, want more rules", cited)
	}
	for _, rule := range cited {
		if !strings.Contains(string(protocol), "\n**"+rule+" ") {
			t.Errorf("there is no rule %s", rule)
		}
	}
}

// TestWords compares the words that a flag is shown with to those that the program names
// when it refuses another.
func TestWords(t *testing.T) {
	t.Parallel()
	found := 0
	for _, name := range programs {
		text, err := help(bin, name)
		if err != nil {
			t.Fatal(err)
		}
		m, err := readHelp(name, text)
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range m.all() {
			refusal, err := exec.Command(filepath.Join(bin, name), "-"+o.name, "no-such-word").CombinedOutput()
			if err == nil {
				continue // -version
			}
			said := regexp.MustCompile(`bad -` + o.name + ` "no-such-word": want ([a-z, ]+)`).FindStringSubmatch(string(refusal))
			var want []string
			if said != nil && !strings.HasPrefix(said[1], "a ") && !strings.HasPrefix(said[1], "seconds") {
				want = regexp.MustCompile(`, | or `).Split(strings.TrimSpace(said[1]), -1)
			}
			found += len(want)
			slices.Sort(want)
			if got := slices.Sorted(slices.Values(o.words)); !slices.Equal(got, want) {
				t.Errorf("%s -%s: the usage shows %q, the program takes %q", name, o.name, got, want)
			}
		}
	}
	if found < 20 {
		t.Errorf("got %d words, want those of all flags", found)
	}
}
