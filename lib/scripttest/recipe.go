package scripttest

import (
	"fmt"
	"os"
	"strings"
)

// Recipe returns the shell script of a manual page that follows the comment "run: name",
// as a reader of the page sees it.
func Recipe(page, name string) (string, error) {
	text, err := os.ReadFile(page)
	if err != nil {
		return "", err
	}
	_, rest, found := strings.Cut(string(text), "\n.\\\" run: "+name+"\n.Bd -literal\n")
	source, _, closed := strings.Cut(rest, "\n.Ed\n")
	if !found || !closed {
		return "", fmt.Errorf("%s has no recipe %s", page, name)
	}
	var script strings.Builder
	for line := range strings.Lines(source + "\n") {
		script.WriteString(strings.NewReplacer(`\-`, `-`, `\e`, `\`, `\&`, ``).Replace(line))
	}
	return script.String(), nil
}
