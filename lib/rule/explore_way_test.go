package rule_test

import (
	"regexp"
	"slices"
	"strconv"
	"unique"
)

// link says how a world was first reached, and what its nodes are called from then on.
type link struct {
	from int32
	what unique.Handle[string] // millions of links have the same few hundred words
	to   renaming
}

func newLink(from int32, what string, to renaming) link { return link{from, unique.Make(what), to} }

// way returns how the last link was reached, one step a line. Nodes have the names there
// that they had in the beginning.
func way(links []link, last link) string {
	steps := []link{last}
	for ; last.from >= 0; steps = append(steps, last) {
		last = links[last.from]
	}
	n, out := names{0, 1, 2, 3}, ""
	for _, l := range slices.Backward(steps) {
		out += "\n  " + n.of(l.what.Value())
		n = n.renamed(l.to)
	}
	return out
}

// names are what nodes were called when everything began.
type names [maxNodes]int8

var nodeNames = regexp.MustCompile(`\bn[0-9]\b`)

// of returns a step with the names from the beginning.
func (n names) of(what string) string {
	return nodeNames.ReplaceAllStringFunc(what, func(name string) string {
		i, _ := strconv.Atoi(name[1:])
		return nodeName(n[i])
	})
}

// renamed returns the names after nodes were renamed once more.
func (n names) renamed(to renaming) (out names) {
	for i, j := range to {
		out[j] = n[i]
	}
	return out
}

// joined reports whether two agents that run are connected because the first was
// started with the address of the second.
func (w world) joined(i, j int8) bool {
	a, b := w.nodes[i], w.nodes[j]
	return a.answers() && !a.paused && b.answers() && !b.paused && a.join&(1<<j) != 0
}

// hasLeader reports whether more than half of a lineage's voters serve.
func (w world) hasLeader(lineage int8) bool {
	serving := 0
	for _, n := range w.nodes {
		if n.raft == lineage && n.serves() {
			serving++
		}
	}
	return lineage != 0 && serving*2 > int(w.voters[lineage])
}
