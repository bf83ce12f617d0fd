package main

import (
	"fmt"
	"strings"
)

// bash returns the completion of a command for bash. It needs no other file.
func bash(c command) string {
	var b strings.Builder
	function := "_" + strings.ReplaceAll(c.name, "-", "_")
	fmt.Fprintf(&b, `# shellcheck shell=bash
# bash completion for %s, made from its help by scripts/man
%s() {
  local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} word
  # Bash takes -flag=value for three words.
  if [[ $current == = ]]; then
    current=
  elif [[ $before == = ]]; then
    before=${COMP_WORDS[COMP_CWORD - 2]}
  fi
  COMPREPLY=()
  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    if [[ $word == -- ]]; then
      %s
      return
    fi
  done
  case ${before/#--/-} in
`, c.name, function, bashRest(c))
	byCase(&b, c)
	b.WriteString("  esac\n")
	if c.words != nil {
		fmt.Fprintf(&b, "  if [[ $current != -* ]]; then\n    mapfile -t COMPREPLY < <(compgen -W %s -- \"$current\")\n    return\n  fi\n", quote(terms(c.words)))
	}
	var flags []string
	for _, o := range c.all() {
		flags = append(flags, o.spellings()...)
	}
	fmt.Fprintf(&b, "  mapfile -t COMPREPLY < <(compgen -W %s -- \"$current\")\n}\ncomplete -F %s %s\n",
		quote(strings.Join(flags, " ")), function, c.name)
	return b.String()
}

// byCase writes how the value of each flag is completed.
func byCase(b *strings.Builder, c command) {
	var free []string // flags whose value nobody can guess
	for _, o := range c.all() {
		names := strings.Join(o.spellings(), " | ")
		var do string
		switch o.kind() {
		case none:
			continue
		case unknown:
			free = append(free, names)
			continue
		case word:
			do = fmt.Sprintf("mapfile -t COMPREPLY < <(compgen -W %s -- \"$current\")", quote(strings.Join(o.words, " ")))
		case directory:
			do = bashFiles("-d")
		case file:
			do = bashFiles("-f")
		case program:
			do = bashFiles("-c")
		}
		fmt.Fprintf(b, "    %s)\n      %s\n      return\n      ;;\n", names, do)
	}
	fmt.Fprintf(b, "    %s) return ;;\n", strings.Join(free, " | "))
}

// bashFiles completes paths, which bash then ends with a slash where they are folders.
func bashFiles(action string) string {
	return "compopt -o filenames 2>/dev/null\n      mapfile -t COMPREPLY < <(compgen " + action + " -- \"$current\")"
}

// bashRest completes what comes after --.
func bashRest(c command) string {
	if c.executes {
		return bashFiles("-c")
	}
	return bashFiles("-f")
}

// terms returns the terms of a list as words.
func terms(items []item) string {
	var out []string
	for _, it := range items {
		out = append(out, it.term)
	}
	return strings.Join(out, " ")
}
