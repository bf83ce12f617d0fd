package main

import (
	"slices"
	"strings"
)

// kind is how a shell completes the value of a flag.
type kind int

const (
	none    kind = iota // the flag stands alone
	unknown             // nobody can guess it
	word                // one of a few words
	directory
	file
	program
)

// kind returns how the value is completed. The help calls it by what it is.
func (o option) kind() kind {
	switch {
	case o.value == "":
		return none
	case o.words != nil:
		return word
	}
	switch o.value {
	case "folder":
		return directory
	case "file":
		return file
	case "program":
		return program
	}
	return unknown
}

// all returns all flags of a command.
func (c command) all() []option { return slices.Concat(c.flags, c.verbs) }

// spellings returns the ways to write a flag, with the hyphen.
func (o option) spellings() []string {
	if o.short == "" {
		return []string{"-" + o.name}
	}
	return []string{"-" + o.name, "-" + o.short}
}

// brief returns the beginning of the usage, which fits beside a flag in a list.
func (o option) brief() string {
	text, _, _ := strings.Cut(o.usage, ";")
	return text
}

// quote returns text as one word of any of the shells.
func quote(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }
