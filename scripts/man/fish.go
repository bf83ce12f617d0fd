package main

import (
	"fmt"
	"strings"
)

// fish returns the completion of a command for fish.
func fish(c command) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# fish completion for %s, made from its help by scripts/man\n\n", c.name)
	const rest = "contains -- -- (commandline -opc)"
	fmt.Fprintf(&b, "complete -c %s -n 'not %s' -f\n", c.name, rest)
	for _, it := range c.words {
		fmt.Fprintf(&b, "complete -c %s -n 'not %s; and not __fish_seen_subcommand_from %s' -a %s -d %s\n",
			c.name, rest, terms(c.words), it.term, fishQuote(it.text))
	}
	for _, o := range c.all() {
		fmt.Fprintf(&b, "complete -c %s -n 'not %s'", c.name, rest)
		for _, name := range o.spellings() {
			// -s would have fish read -bir as -b with the value ir.
			b.WriteString(" -o " + name[1:])
		}
		fmt.Fprintf(&b, "%s -d %s\n", fishValue(o), fishQuote(o.brief()))
	}
	if c.executes {
		fmt.Fprintf(&b, "complete -c %s -n '%s' -x -a '(__fish_complete_command)'\n", c.name, rest)
	}
	return b.String()
}

// fishValue returns what completes the value of a flag.
func fishValue(o option) string {
	switch o.kind() {
	case none:
		return ""
	case word:
		return " -x -a " + fishQuote(strings.Join(o.words, " "))
	case directory:
		return " -x -a '(__fish_complete_directories)'"
	case file:
		return " -r -F"
	case program:
		return " -x -a '(__fish_complete_command)'"
	}
	return " -x"
}

// fishQuote returns text as one word of fish.
func fishQuote(text string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(text) + "'"
}
