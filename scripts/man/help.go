package main

import (
	"fmt"
	"go/doc/comment"
	"regexp"
	"slices"
	"strings"
)

// manual is a program's help, taken apart.
type manual struct {
	command
	summary  string // the first paragraph
	usage    string // the lines of the section Usage
	sections []section
}

// section is a chapter of the package comment.
type section struct {
	title  string
	blocks []comment.Block
}

// command is what a shell completes.
type command struct {
	name     string
	flags    []option
	verbs    []option // flags of the command line only
	words    []item   // what the first argument may be; nil for anything
	executes bool     // what comes after -- is a command
}

// option is a flag as the help shows it.
type option struct {
	name, short string
	value       string   // what its value is called; empty for a flag that stands alone
	env         string   // its environment variable; empty for a flag of the command line only
	usage       string   // what it does
	preset      string   // the value that it has where it is not given
	words       []string // the only values that it takes; nil for others
}

// item is a line of a list: a term and what it means.
type item struct{ term, text string }

// tables begin the two lists of flags that follow the package comment.
const (
	flagTable = "\nFlags (each is also an environment variable and a line of -config-file):\n\n"
	verbTable = "\nFlags of the command line only:\n\n"
)

// readHelp takes the help of a program apart.
func readHelp(name, text string) (manual, error) {
	prose, tables, found := strings.Cut(text, flagTable)
	flags, verbs, also := strings.Cut(tables, verbTable)
	if !found || !also {
		return manual{}, fmt.Errorf("%s -h has no tables of flags", name)
	}
	m := manual{command: command{name: name}}
	var err error
	if m.flags, err = readFlags(flags); err == nil {
		m.verbs, err = readFlags(verbs)
	}
	if err != nil {
		return m, fmt.Errorf("%s -h: %w", name, err)
	}
	for _, block := range new(comment.Parser).Parse(prose).Content {
		heading, isHeading := block.(*comment.Heading)
		switch {
		case isHeading:
			m.sections = append(m.sections, section{title: flat(heading.Text)})
		case len(m.sections) > 0:
			last := &m.sections[len(m.sections)-1]
			last.blocks = append(last.blocks, block)
		default:
			m.summary = strings.TrimPrefix(textOf(block), name+" ")
		}
	}
	if m.summary == "" || len(m.sections) == 0 || m.sections[0].title != "Usage" || len(m.sections[0].blocks) != 1 {
		return m, fmt.Errorf("%s -h begins with no summary and usage", name)
	}
	m.usage = textOf(m.sections[0].blocks[0])
	m.sections = m.sections[1:]
	m.executes = strings.Contains(m.usage, "-- command")
	for _, list := range [][]option{m.flags, m.verbs} {
		for i := range list {
			list[i].words = choice(m.usage, list[i].name)
		}
	}
	return m, nil
}

var flagLine = regexp.MustCompile(`^  -([a-z-]+)(?:, -([a-z]))?(?: (\S+))? {2,}(?:(AC_[A-Z_]+) +)?(\S.*?)(?: \(default (.*)\))?$`)

// readFlags reads a table of flags. A line that is none is an error: nothing may be left
// out unseen.
func readFlags(table string) ([]option, error) {
	var out []option
	for line := range strings.Lines(table) {
		m := flagLine.FindStringSubmatch(strings.TrimSuffix(line, "\n"))
		if m == nil {
			return nil, fmt.Errorf("%q shows no flag", line)
		}
		out = append(out, option{name: m[1], short: m[2], value: m[3], env: m[4], usage: m[5], preset: m[6]})
	}
	return out, nil
}

// choice returns the values between which a flag chooses, as the usage shows them with
// bars between them.
func choice(usage, flag string) []string {
	var out []string
	for _, m := range regexp.MustCompile(`(?:^|[\s\[])-`+flag+` ([a-z]+(?:\|[a-z]+)+)`).FindAllStringSubmatch(usage, -1) {
		for word := range strings.SplitSeq(m[1], "|") {
			if !slices.Contains(out, word) {
				out = append(out, word)
			}
		}
	}
	return out
}

// textOf returns the text of a paragraph or of an indented block.
func textOf(block comment.Block) string {
	switch b := block.(type) {
	case *comment.Paragraph:
		return flat(b.Text)
	case *comment.Code:
		return b.Text
	}
	return ""
}

// flat returns text without its markup, on one line.
func flat(texts []comment.Text) string {
	var b strings.Builder
	for _, t := range texts {
		switch t := t.(type) {
		case comment.Plain:
			b.WriteString(string(t))
		case comment.Italic:
			b.WriteString(string(t))
		case *comment.Link:
			b.WriteString(flat(t.Text))
		case *comment.DocLink:
			b.WriteString(flat(t.Text))
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}
