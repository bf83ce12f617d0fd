package main

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// width is how long a line of prose may be: mandoc warns of more than 80.
const width = 72

var (
	flagWord = regexp.MustCompile(`^(\(?)-([a-z][a-z-]*)(?:=([a-z]+))?([.,:;)]*)$`)
	nameWord = regexp.MustCompile(`^(\(?)(ac-(?:members|decide|exec|heartbeat)|auto-consul)([.,:;)]*)$`)
	envWord  = regexp.MustCompile(`^(\(?)([A-Z]+(?:_[A-Z0-9]+)+)([.,:;)]*)$`)
	// plainWord is one that may begin with a capital letter instead.
	plainWord = regexp.MustCompile(`^[a-z]+[,:;]?$`)
	sentEnd   = regexp.MustCompile(`[.!?][)"]*$`)
)

// prose writes text as lines of mdoc: flags, variables and programs by their macros, and
// each sentence on a line of its own, as mdoc wants it.
func prose(b *strings.Builder, text, self string) {
	line := ""
	flush := func() {
		if line != "" {
			b.WriteString(escapeLine(line) + "\n")
		}
		line = ""
	}
	for word := range strings.FieldsSeq(text) {
		if macro := macro(word, self); macro != "" {
			flush()
			b.WriteString("." + macro + "\n")
			continue
		}
		if len(line)+1+len(word) > width {
			flush()
		}
		line = strings.TrimPrefix(line+" "+word, " ")
		if sentEnd.MatchString(word) {
			flush()
		}
	}
	flush()
}

// macro returns a word by its macro; empty if it has none.
func macro(word, self string) string {
	if word == "--" {
		return "Fl -"
	}
	var open, body, after string
	if m := flagWord.FindStringSubmatch(word); m != nil {
		open, body, after = m[1], "Fl "+m[2], m[4]
		if m[3] != "" {
			body += " Ns = Ns Cm " + m[3]
		}
	} else if m := envWord.FindStringSubmatch(word); m != nil {
		open, body, after = m[1], "Ev "+m[2], m[3]
	} else if m := nameWord.FindStringSubmatch(word); m != nil {
		open, body, after = m[1], "Xr "+m[2]+" 1", m[3]
		if m[2] == self {
			body = "Nm"
		}
	}
	if open != "" {
		body = `No \&( Ns ` + body
	}
	for _, r := range after {
		body += " " + string(r)
	}
	return body
}

// sentence makes a sentence of a usage text: a capital letter and a full stop.
func sentence(text string) string {
	runes := []rune(text)
	if first, _, _ := strings.Cut(text, " "); plainWord.MatchString(first) && macro(first, "") == "" {
		runes[0] = unicode.ToUpper(runes[0])
	}
	return strings.TrimSuffix(string(runes), ".") + "."
}

// escape returns text in which roff finds nothing to interpret.
func escape(text string) string {
	var b strings.Builder
	for _, r := range text {
		switch {
		case r == '\\':
			b.WriteString(`\e`)
		case r > unicode.MaxASCII:
			fmt.Fprintf(&b, `\[u%04X]`, r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// escapeLine is [escape] of a whole line, which must not look like a request.
func escapeLine(line string) string {
	if strings.HasPrefix(line, ".") || strings.HasPrefix(line, "'") {
		return `\&` + escape(line)
	}
	return escape(line)
}

// literal writes lines as they are, with hyphens that can be copied into a shell.
func literal(b *strings.Builder, text string) {
	b.WriteString(".Bd -literal -offset indent\n")
	for line := range strings.Lines(text) {
		line = strings.ReplaceAll(strings.TrimSuffix(line, "\n"), "\t", "        ")
		b.WriteString(strings.ReplaceAll(escapeLine(line), "-", `\-`) + "\n")
	}
	b.WriteString(".Ed\n")
}

// callable are macros that are one to three letters long like words in capitals.
var callable = regexp.MustCompile(`^([A-Z][a-z][a-z]?|%[A-Z])$`)

// argument returns a word as an argument of a macro that takes none for a macro.
func argument(word string) string {
	if callable.MatchString(word) {
		return `\&` + word
	}
	return escape(strings.ReplaceAll(word, "…", " ..."))
}

// term returns the left side of a list of options, like "-r, -registry URL".
func term(text string) string {
	var out []string
	for word := range strings.FieldsSeq(text) {
		name, comma := strings.CutSuffix(word, ",")
		switch {
		case strings.HasPrefix(name, "-"):
			out = append(out, "Fl", argument(name[1:]))
		case slices.Contains(out, "Fl"):
			out = append(out, "Ar", argument(name))
		default:
			out = append(out, "Cm", argument(name))
		}
		if comma {
			out = append(out, ",")
		}
	}
	return strings.Join(out, " ")
}
