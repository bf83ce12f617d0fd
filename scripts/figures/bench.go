package main

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// measurement is one line of scripts/bench's BenchmarkBirth: how long births took in
// one way, in seconds. Ratio is the median's to plain Consul's.
type measurement struct {
	setting                    // where it belongs
	way                        string
	rounds                     float64
	median, least, most        float64
	ratio, ratioLow, ratioHigh float64
}

// setting is what the ways are compared in: Consul's raft_multiplier, and whether the
// time is that to a leader or to three voters.
type setting struct{ multiplier, goal string }

// benchLine matches a line of the benchmark. Its end is pairs of a number and a unit.
var benchLine = regexp.MustCompile(`(?m)^BenchmarkBirth/multiplier=(\d+)/([a-z]+)/(leader|voters)(?:-\d+)?[ \t]+\d+[ \t]+(.+)$`)

// parse returns the measurements of a benchmark's output, in its order. All other lines
// are passed over.
func parse(text string) ([]measurement, error) {
	var found []measurement
	for _, match := range benchLine.FindAllStringSubmatch(text, -1) {
		m := measurement{setting: setting{match[1], match[3]}, way: match[2]}
		name := fmt.Sprintf("multiplier=%s/%s/%s", m.multiplier, m.way, m.goal)
		if slices.ContainsFunc(found, func(other measurement) bool { return other.setting == m.setting && other.way == m.way }) {
			return nil, fmt.Errorf("%s is there twice: give the output of one run", name)
		}
		if err := m.read(match[4]); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		found = append(found, m)
	}
	if len(found) == 0 {
		return nil, errors.New("no line of BenchmarkBirth: go test -bench=Birth ./scripts/bench prints them")
	}
	return found, nil
}

// keep returns the lines of a benchmark's output that parse reads.
func keep(text string) string {
	return strings.Join(benchLine.FindAllString(text, -1), "\n") + "\n"
}

// read takes the figures from the end of a line.
func (m *measurement) read(figures string) error {
	units := map[string]*float64{
		"rounds": &m.rounds, "median-s": &m.median, "min-s": &m.least, "max-s": &m.most,
		"x-plain": &m.ratio, "x-low": &m.ratioLow, "x-high": &m.ratioHigh,
	}
	fields := strings.Fields(figures)
	for i := 0; i+1 < len(fields); i += 2 {
		value, unit := units[fields[i+1]], fields[i+1]
		if value == nil {
			continue // ns/op, or what a later benchmark adds
		}
		v, err := strconv.ParseFloat(fields[i], 64)
		if err != nil {
			return fmt.Errorf("%s: %w", unit, err)
		}
		*value = v
		delete(units, unit)
	}
	if len(units) > 0 {
		missing := make([]string, 0, len(units))
		for unit := range units {
			missing = append(missing, unit)
		}
		slices.Sort(missing)
		return fmt.Errorf("no figure for %s", strings.Join(missing, ", "))
	}
	const shortest, longest = 0.001, 3600 // what an axis has marks for
	if !(shortest <= m.least && m.least <= m.median && m.median <= m.most && m.most <= longest) {
		return fmt.Errorf("min %g, median %g and max %g are no seconds of births", m.least, m.median, m.most)
	}
	return nil
}
