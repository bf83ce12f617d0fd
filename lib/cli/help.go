package cli

import (
	"flag"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// help returns the program's package comment and the tables of its flags.
func (f *FlagSet) help(doc string) string {
	var b strings.Builder
	b.WriteString(comment(doc))
	b.WriteString("\nFlags (each is also an environment variable and a line of -config-file):\n\n")
	table(&b, f.FlagSet, envName)
	b.WriteString("\nFlags of the command line only:\n\n")
	table(&b, f.verbs, func(string) string { return "" })
	return b.String()
}

// table writes one line for each flag; env names its environment variable.
func table(out io.Writer, flags *flag.FlagSet, env func(name string) string) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	flags.VisitAll(func(def *flag.Flag) {
		name := "-" + def.Name
		if short := aliases[def.Name]; short != "" {
			name += ", -" + short
		}
		value, usage := flag.UnquoteUsage(def)
		if def.DefValue != "" && def.DefValue != "false" && def.DefValue != "0" && def.DefValue != "0s" {
			usage += " (default " + def.DefValue + ")"
		}
		columns := []string{"  " + strings.TrimSpace(name+" "+value), env(def.Name), usage}
		if columns[1] == "" {
			columns = []string{columns[0], usage}
		}
		fmt.Fprintln(w, strings.Join(columns, "\t"))
	})
	_ = w.Flush() // a Builder takes everything
}

func envName(name string) string {
	return envPrefix + "_" + strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
}

// comment returns the text of the block comment before a file's package clause.
func comment(source string) string {
	_, rest, _ := strings.Cut(source, "/*\n")
	text, _, _ := strings.Cut(rest, "*/")
	return text
}
