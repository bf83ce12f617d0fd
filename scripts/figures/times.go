package main

import (
	"fmt"
	"math"
)

// The measures of the chart: labels at the left, lines in the middle, figures at the right.
const (
	chartWidth           = 1000
	plotLeft, plotRight  = 150, 570
	rowHeight, rowsBegin = 26, 86
	chartMargin          = 16
)

// goals says what was waited for, by the benchmark's word for it.
var goals = map[string]string{"leader": "until there is a leader", "voters": "until three servers vote"}

// defaultMultiplier is Consul's raft_multiplier if nobody sets it.
const defaultMultiplier = "5"

// times returns the picture of how long births take: for each setting a chart with one
// row a way, in the order in which they were measured.
func times(all []measurement) string {
	d := &drawing{width: chartWidth}
	d.text(chartMargin, 32, "head", "From three blank machines to a cluster, in seconds: less is better")
	d.text(chartMargin, 56, "dim", "Dot: the median birth. Line: from the fastest to the slowest. × plain: ratio of the medians, and its 95 % interval.")
	y := float64(rowsBegin)
	description := ""
	for _, s := range settings(all) {
		rows := []measurement{}
		for _, m := range all {
			if m.setting == s {
				rows = append(rows, m)
			}
		}
		y = chart(d, y, rows)
		description += summary(rows)
	}
	d.height = y
	return d.document("How long the birth of a cluster of three takes, beside plain Consul's", description)
}

// settings returns the settings in which something was measured: first all in which a
// leader was waited for, then those with three voters, each in the order of the file.
func settings(all []measurement) []setting {
	var out []setting
	seen := map[setting]bool{}
	for _, goal := range []string{"leader", "voters"} {
		for _, m := range all {
			if m.goal == goal && !seen[m.setting] {
				seen[m.setting] = true
				out = append(out, m.setting)
			}
		}
	}
	return out
}

// chart draws the rows of one setting below a height, and returns the height below it.
func chart(d *drawing, y float64, rows []measurement) float64 {
	most := 0.0
	for _, m := range rows {
		most = max(most, m.most)
	}
	step := tick(most)
	end := math.Ceil(most/step) * step
	at := func(seconds float64) float64 { return plotLeft + (plotRight-plotLeft)*seconds/end }
	d.text(chartMargin, y+6, "strong", heading(rows[0]))
	top := y + 20
	bottom := top + float64(len(rows)*rowHeight)
	for i := range int(math.Round(end/step)) + 1 {
		seconds := float64(i) * step
		d.line(at(seconds), top, at(seconds), bottom, "grid")
		d.text(at(seconds), bottom+18, "dim middle", fmt.Sprintf("%.4g", seconds))
	}
	for i, m := range rows {
		middle, class := top+(float64(i)+0.5)*rowHeight, ""
		if m.way == plain {
			class = "other "
		}
		d.text(plotLeft-12, middle+5, "end", label(m))
		d.line(at(m.least), middle, at(m.most), middle, class+"range")
		d.dot(at(m.median), middle, 6, class+"dot")
		d.text(plotRight+20, middle+5, "", figures(m))
	}
	return bottom + 56
}

// plain is the benchmark's word for Consul that was told all addresses beforehand.
const plain = "plain"

func label(m measurement) string {
	if m.way == plain {
		return "plain Consul"
	}
	return "`-birth " + m.way + "`"
}

// heading says of a chart what is measured in it.
func heading(m measurement) string {
	usual := ""
	if m.multiplier == defaultMultiplier {
		usual = ", Consul's default"
	}
	return fmt.Sprintf("Seconds %s, raft_multiplier %s%s (%g births each)", goals[m.goal], m.multiplier, usual, m.rounds)
}

// figures are the numbers that stand beside a row.
func figures(m measurement) string {
	text := fmt.Sprintf("%.2f (%.2f to %.2f)", m.median, m.least, m.most)
	if m.way != plain {
		text += fmt.Sprintf(", %.2f × plain (%.2f to %.2f)", m.ratio, m.ratioLow, m.ratioHigh)
	}
	return text
}

// summary says in words what a chart shows, for those who cannot see it.
func summary(rows []measurement) string {
	text := heading(rows[0]) + ":"
	for i, m := range rows {
		if i > 0 {
			text += ";"
		}
		name := "-birth " + m.way
		if m.way == plain {
			name = "plain Consul"
		}
		text += fmt.Sprintf(" %s %s", name, figures(m))
	}
	return text + ". "
}

// tick returns a round distance between the marks of an axis that ends at some seconds:
// of its kind the smallest with eight marks at most.
func tick(most float64) float64 {
	unit := math.Pow(10, math.Floor(math.Log10(most))-1)
	for _, step := range []float64{1, 2, 5, 10, 20} {
		if most <= 8*step*unit {
			return step * unit
		}
	}
	return 50 * unit
}
