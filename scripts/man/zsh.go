package main

import (
	"fmt"
	"strings"
)

// zsh returns the completion of a command for zsh.
func zsh(c command) string {
	var b strings.Builder
	fmt.Fprintf(&b, "#compdef %s\n# zsh completion for %s, made from its help by scripts/man\n\n_arguments -S \\\n", c.name, c.name)
	for _, o := range c.all() {
		names := o.spellings()
		form := "'" + names[0]
		if len(names) > 1 {
			form = fmt.Sprintf("'(%s)'{%s}'", strings.Join(names, " "), zshForms(names, o.kind()))
		} else if o.kind() != none {
			form += "="
		}
		fmt.Fprintf(&b, "  %s[%s]%s' \\\n", form, zshText(o.brief(), "[]"), zshValue(o))
	}
	switch {
	case c.words != nil:
		fmt.Fprintf(&b, "  '1:command:((%s))' \\\n", zshItems(c.words))
		b.WriteString("  '*:argument:_files'\n")
	case c.executes:
		b.WriteString("  '*::command: _normal'\n")
	default:
		b.WriteString("  '*:argument:_files'\n")
	}
	return b.String()
}

// zshForms returns both spellings of a flag, which takes its value after = or as the next
// word.
func zshForms(names []string, k kind) string {
	if k == none {
		return strings.Join(names, ",")
	}
	return strings.Join(names, "=,") + "="
}

// zshValue returns what completes the value of a flag.
func zshValue(o option) string {
	if o.kind() == none {
		return ""
	}
	action := " "
	switch o.kind() {
	case word:
		action = "(" + strings.Join(o.words, " ") + ")"
	case directory:
		action = "_directories"
	case file:
		action = "_files"
	case program:
		action = "_command_names -e"
	}
	return ":" + o.value + ":" + action
}

func zshItems(items []item) string {
	var out []string
	for _, it := range items {
		out = append(out, it.term+`\:"`+zshText(it.text, `"`)+`"`)
	}
	return strings.Join(out, " ")
}

// zshText returns text inside quotes, with what _arguments would interpret escaped.
func zshText(text, special string) string {
	var b strings.Builder
	for _, r := range text {
		switch {
		case r == '\'':
			b.WriteString(`'\''`)
		case r == '\\' || r == ':' || strings.ContainsRune(special, r):
			b.WriteString(`\` + string(r))
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}
