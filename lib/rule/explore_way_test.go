package rule_test

import (
	"regexp"
	"slices"
	"strconv"
)

// link says how a world was first reached, and what its nodes are called since.
type link struct {
	from int32
	what string
	to   renaming
}

// way is how the last link was reached, in the names of the beginning.
func way(links []link, last link) string {
	steps := []link{last}
	for ; last.from >= 0; steps = append(steps, last) {
		last = links[last.from]
	}
	n, out := names{0, 1, 2, 3}, ""
	for _, l := range slices.Backward(steps) {
		out += "\n  " + n.of(l.what)
		n = n.after(l.to)
	}
	return out
}

// names are what nodes were called when everything began.
type names [maxNodes]int8

var nodeNames = regexp.MustCompile(`\bn[0-9]\b`)

// of translates what happened to the names from the beginning.
func (n names) of(what string) string {
	return nodeNames.ReplaceAllStringFunc(what, func(name string) string {
		i, _ := strconv.Atoi(name[1:])
		return nodeName(n[i])
	})
}

func (n names) after(to renaming) (out names) {
	for i, j := range to {
		out[j] = n[i]
	}
	return out
}
