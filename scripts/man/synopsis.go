package main

import "strings"

// synopsis writes the lines of a usage: each way to call the program begins with its
// name, and further lines of one are indented.
func synopsis(b *strings.Builder, name, usage string) {
	for _, call := range strings.Split("\n"+usage, "\n"+name+" ")[1:] {
		b.WriteString(".Nm\n")
		for _, words := range groups(strings.Fields(call)) {
			b.WriteString("." + strings.Join(words, " ") + "\n")
		}
	}
}

// groups returns the words of a call as macros, one line for what stands in brackets, and
// one for each flag outside with its value.
func groups(fields []string) [][]string {
	var out [][]string
	optional := false
	for _, field := range fields {
		opens := strings.HasPrefix(field, "[")
		field = strings.TrimPrefix(field, "[")
		closes := strings.HasSuffix(field, "]")
		field = strings.TrimSuffix(field, "]")
		switch {
		case opens:
			out = append(out, []string{"Op"})
			optional = true
		case !optional && (strings.HasPrefix(field, "-") || len(out) == 0 || !takesValue(out[len(out)-1])):
			out = append(out, nil)
		}
		last := &out[len(out)-1]
		*last = append(*last, usageWord(field)...)
		optional = optional && !closes
	}
	return out
}

// takesValue reports whether a line ends with a flag, whose value comes next.
func takesValue(line []string) bool {
	return len(line) == 2 && line[0] == "Fl" && line[1] != "-"
}

// usageWord returns a word of a usage as macros.
func usageWord(word string) []string {
	name, value, assigned := strings.Cut(word, "=")
	switch {
	case strings.HasPrefix(word, "-") && assigned:
		return []string{"Fl", name[1:], "Ns", "=", "Ns", "Cm", value}
	case strings.HasPrefix(word, "-"):
		return []string{"Fl", word[1:]}
	case strings.Contains(word, "|"):
		return []string{"Cm", strings.ReplaceAll(word, "|", " | ")}
	}
	return []string{"Ar", argument(word)}
}
