package cli

import (
	"flag"
	"fmt"
	"strings"
	"text/tabwriter"
)

// help is the program's package comment and the table of its flags.
func (f *FlagSet) help(doc string) string {
	var b strings.Builder
	b.WriteString(comment(doc))
	b.WriteString("\nFlags (each is also an environment variable and a line of -config-file):\n\n")
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	f.VisitAll(func(def *flag.Flag) {
		name := "-" + def.Name
		if short := aliases[def.Name]; short != "" {
			name += ", -" + short
		}
		value, usage := flag.UnquoteUsage(def)
		if def.DefValue != "" && def.DefValue != "false" && def.DefValue != "0s" {
			usage += " (default " + def.DefValue + ")"
		}
		fmt.Fprintf(w, "  %s %s\t%s\t%s\n", name, value, envName(def.Name), usage)
	})
	_ = w.Flush() // a Builder takes everything
	return b.String()
}

func envName(name string) string {
	return envPrefix + "_" + strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
}

// comment is the text of the block comment before a file's package clause.
func comment(source string) string {
	_, rest, _ := strings.Cut(source, "/*\n")
	text, _, _ := strings.Cut(rest, "*/")
	return text
}
