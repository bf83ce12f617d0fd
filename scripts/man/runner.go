package main

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// part is a list in the runner's help.
type part struct {
	heading string
	items   []item
}

var (
	headLine = regexp.MustCompile(`^([A-Z].*):$`)
	itemLine = regexp.MustCompile(`^  (\S.*?) {2,}(\S.*)$`)
)

// readParts reads the lists of the runner's help.
func readParts(text string) ([]part, error) {
	var out []part
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if m := headLine.FindStringSubmatch(line); m != nil {
			out = append(out, part{heading: m[1]})
			continue
		}
		if !strings.HasPrefix(line, " ") {
			continue
		}
		m := itemLine.FindStringSubmatch(line)
		if len(out) == 0 {
			return nil, fmt.Errorf("%s -h: %q belongs to no list", runner, line)
		}
		last := &out[len(out)-1]
		switch {
		case m != nil:
			last.items = append(last.items, item{m[1], m[2]})
		case strings.HasPrefix(line, "   ") && len(last.items) > 0: // the text goes on
			last.items[len(last.items)-1].text += " " + strings.TrimSpace(line)
		default:
			return nil, fmt.Errorf("%s -h: %q has a term and no text", runner, line)
		}
	}
	if len(out) == 0 || out[0].heading != "Commands" {
		return nil, errors.New(runner + " -h lists no commands")
	}
	return out, nil
}

var optionName = regexp.MustCompile(`-([a-z-]+)`)

// runnerCommand returns what shells complete for the runner. Its options are the
// programs': what their values are is known from there.
func runnerCommand(parts []part, programs []command) (command, error) {
	c := command{name: runner}
	for _, it := range parts[0].items {
		for name := range strings.SplitSeq(it.term, ", ") {
			c.words = append(c.words, item{name, it.text})
		}
	}
	for _, p := range parts[1:] {
		for _, it := range p.items {
			short := ""
			for _, m := range optionName.FindAllStringSubmatch(it.term, -1) {
				if len(m[1]) == 1 {
					short = m[1]
					continue
				}
				o, ok := find(programs, m[1])
				if !ok {
					return c, fmt.Errorf("%s -h: no program has -%s", runner, m[1])
				}
				o.short = short
				if !strings.HasPrefix(it.text, "see ") {
					o.usage = it.text
				}
				c.flags = append(c.flags, o)
			}
		}
	}
	return c, nil
}

// find returns the flag of this name. Where several programs have it, the one that
// completes its value best counts.
func find(programs []command, name string) (option, bool) {
	var found option
	for _, c := range programs {
		for _, o := range slices.Concat(c.flags, c.verbs) {
			if o.name == name && (found.name == "" || len(o.words) > len(found.words)) {
				found = o
			}
		}
	}
	return found, found.name != ""
}

var wanted = regexp.MustCompile(`(?m)^\.\\" help: (.*)\n`)

// fill puts lists of the runner's help where a page asks for them, by a comment with the
// beginning of the list's heading.
func fill(page string, parts []part) (string, error) {
	var problems []error
	filled := wanted.ReplaceAllStringFunc(page, func(line string) string {
		heading := wanted.FindStringSubmatch(line)[1]
		i := slices.IndexFunc(parts, func(p part) bool { return strings.HasPrefix(p.heading, heading) })
		if i < 0 {
			problems = append(problems, fmt.Errorf("%s -h has no list %q", runner, heading))
			return ""
		}
		var b strings.Builder
		b.WriteString(".Bl -tag -width Ds\n")
		for _, it := range parts[i].items {
			b.WriteString(".It " + term(it.term) + "\n")
			prose(&b, sentence(strings.Replace(it.text, "see -h of ", "see ", 1)), runner)
		}
		b.WriteString(".El\n")
		return b.String()
	})
	return filled, errors.Join(problems...)
}
