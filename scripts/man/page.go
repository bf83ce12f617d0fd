package main

import (
	"fmt"
	"go/doc/comment"
	"slices"
	"strings"
	"time"
)

// page returns the manual page of a program.
func page(m manual, date time.Time) string {
	var b strings.Builder
	fmt.Fprintf(&b, ".\\\" Made from the help of %s by scripts/man.\n", m.name)
	fmt.Fprintf(&b, ".Dd %s\n.Dt %s 1\n.Os\n", date.Format("January 2, 2006"), strings.ToUpper(m.name))
	fmt.Fprintf(&b, ".Sh NAME\n.Nm %s\n.Nd %s\n", m.name, escape(strings.TrimSuffix(m.summary, ".")))
	b.WriteString(".Sh SYNOPSIS\n")
	synopsis(&b, m.name, m.usage)
	b.WriteString(".Sh DESCRIPTION\n.Nm\n")
	prose(&b, m.summary, m.name)
	for _, s := range m.sections {
		switch s.title {
		case "Exit codes":
			options(&b, m)
			environment(&b, m)
			b.WriteString(".Sh EXIT STATUS\n")
			blocks(&b, s.blocks, m.name, exitCodes)
		default:
			fmt.Fprintf(&b, ".Sh %s\n", strings.ToUpper(s.title))
			blocks(&b, s.blocks, m.name, literal)
		}
	}
	b.WriteString(".Sh SEE ALSO\n")
	for _, name := range []string{"ac-decide", "ac-exec", "ac-heartbeat", "ac-members", runner} {
		if name != m.name {
			fmt.Fprintf(&b, ".Xr %s 1 ,\n", name)
		}
	}
	b.WriteString(".Xr auto-consul.registry 5 ,\n.Xr auto-consul.protocol 7 ,\n.Xr auto-consul.recipes 7\n")
	return b.String()
}

// blocks writes paragraphs; code writes what is indented among them.
func blocks(b *strings.Builder, blocks []comment.Block, self string, code func(b *strings.Builder, text string)) {
	for i, block := range blocks {
		if c, ok := block.(*comment.Code); ok {
			code(b, c.Text)
			continue
		}
		if i > 0 {
			b.WriteString(".Pp\n")
		}
		prose(b, textOf(block), self)
	}
}

// exitCodes writes the lines "code meaning" as a list.
func exitCodes(b *strings.Builder, text string) {
	b.WriteString(".Bl -tag -width Ds\n")
	for line := range strings.Lines(text) {
		code, meaning, _ := strings.Cut(strings.TrimSpace(line), " ")
		fmt.Fprintf(b, ".It %s\n", code)
		prose(b, sentence(strings.TrimSpace(meaning)), "")
	}
	b.WriteString(".El\n")
}

// options writes both tables of flags.
func options(b *strings.Builder, m manual) {
	b.WriteString(".Sh OPTIONS\n.Bl -tag -width Ds\n")
	for _, o := range m.flags {
		entry(b, o, m.name)
	}
	b.WriteString(".El\n.Pp\nThese are taken from the command line only:\n.Bl -tag -width Ds\n")
	for _, o := range m.verbs {
		entry(b, o, m.name)
	}
	b.WriteString(".El\n")
}

func entry(b *strings.Builder, o option, self string) {
	head := "-" + o.name
	if o.short != "" {
		head += ", -" + o.short
	}
	fmt.Fprintf(b, ".It %s", term(head))
	switch {
	case o.words != nil:
		fmt.Fprintf(b, " Cm %s", strings.Join(o.words, " | "))
	case o.value != "":
		fmt.Fprintf(b, " Ar %s", argument(o.value))
	}
	b.WriteString("\n")
	prose(b, sentence(o.usage), self)
	if o.preset != "" {
		prose(b, "The default is "+o.preset+".", self)
	}
}

// environment writes the variables that stand for flags.
func environment(b *strings.Builder, m manual) {
	b.WriteString(".Sh ENVIRONMENT\n")
	prose(b, "Each of these variables stands for an option, and so does a line of the file that -config-file names, "+
		"with the name of the option and its value. The command line comes first, then the environment, then the file. "+
		"An empty variable is none.", m.name)
	widest := slices.MaxFunc(m.flags, func(a, b option) int { return len(a.env) - len(b.env) })
	fmt.Fprintf(b, ".Bl -tag -width %s -compact\n", widest.env)
	for _, o := range m.flags {
		fmt.Fprintf(b, ".It Ev %s\n.Fl %s\n", o.env, o.name)
	}
	b.WriteString(".El\n")
}
