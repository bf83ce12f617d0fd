package main

import (
	"fmt"
	"slices"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// The measures of the picture: those of one chart, and what stands above all charts.
const (
	chartWidth, chartMargin = 375, 12
	rowHeight, axisHeight   = 33, 66
	headHeight              = 48
)

// goals says what was waited for, by the benchmark's word for it.
var goals = map[string]string{"leader": "until there is a leader", "voters": "until three servers vote"}

// defaultMultiplier is Consul's raft_multiplier if nobody sets it.
const defaultMultiplier = "5"

// times returns the picture of how long births take: for each setting a chart with one
// row a way, in the order in which they were measured. The charts of one goal stand side
// by side, those of the next below them.
func times(all []measurement) string {
	charts, most, description := grid(all)
	tiles := draw.Tiles{
		Rows: len(charts), Cols: len(charts[0]), PadX: chartMargin, PadY: chartMargin,
		PadLeft: chartMargin, PadRight: chartMargin, PadBottom: chartMargin, PadTop: headHeight,
	}
	width := vg.Length(chartWidth * max(tiles.Cols, 2)) // the words above need two
	height := vg.Length(headHeight + tiles.Rows*(most*rowHeight+axisHeight))
	canvas := vgsvg.New(width, height)
	c := draw.New(canvas)
	c.SetColor(page.light)
	c.Fill(c.Rectangle.Path())
	head, note := letters(13, ink), letters(10, dim)
	c.FillText(head, vg.Point{X: chartMargin, Y: height - 20}, "From three blank machines to a cluster, in seconds: less is better")
	c.FillText(note, vg.Point{X: chartMargin, Y: height - 37},
		"Dot: the median birth. Line: from the fastest to the slowest. × plain: ratio of the medians, and its 95 % interval.")
	for i, row := range plot.Align(charts, tiles, c) {
		for k, place := range row {
			if charts[i][k] != nil {
				charts[i][k].Draw(place)
			}
		}
	}
	return document(canvas, "How long the birth of a cluster of three takes, beside plain Consul's", description)
}

// grid returns the charts by goal and multiplier, none where nothing was measured; how
// many rows the largest has; and what they all show, in words.
func grid(all []measurement) (charts [][]*plot.Plot, most int, description string) {
	var multipliers []string
	for _, m := range all {
		if !slices.Contains(multipliers, m.multiplier) {
			multipliers = append(multipliers, m.multiplier)
		}
	}
	for _, goal := range []string{"leader", "voters"} {
		line := make([]*plot.Plot, len(multipliers))
		for i, multiplier := range multipliers {
			rows := slices.DeleteFunc(slices.Clone(all), func(m measurement) bool { return m.setting != setting{multiplier, goal} })
			if len(rows) == 0 {
				continue
			}
			line[i], most = chart(rows), max(most, len(rows))
			description += summary(rows)
		}
		if slices.ContainsFunc(line, func(p *plot.Plot) bool { return p != nil }) {
			charts = append(charts, line)
		}
	}
	return charts, most, description
}

// chart returns the chart of one setting.
func chart(rows []measurement) *plot.Plot {
	p := plot.New()
	p.BackgroundColor = nil
	p.Title.Text, p.Title.TextStyle, p.Title.Padding = heading(rows[0]), align(letters(10.5, ink), draw.XCenter, draw.YTop), 6
	p.X.Label.Text, p.X.Label.TextStyle = "seconds "+goals[rows[0].goal], align(letters(10, dim), draw.XCenter, draw.YBottom)
	p.X.Color, p.X.Tick.Color = dim.light, dim.light
	p.X.Tick.Label = align(letters(10, dim), draw.XCenter, draw.YTop)
	p.Y.Tick.Label = align(letters(10.5, ink), draw.XRight, draw.YCenter)
	p.Add(&plotter.Grid{Vertical: draw.LineStyle{Color: rule.light, Width: 0.75}})
	var names []string
	for i, m := range slices.Backward(rows) { // the axis counts upwards
		y := float64(len(rows) - 1 - i)
		names = append(names, label(m))
		paint := accent.light
		if m.way == plain {
			paint = dim.light
		}
		median := plotter.XYs{{X: m.median, Y: y}}
		p.Add(
			&plotter.XErrorBars{
				XYs: median, XErrors: plotter.XErrors{{Low: m.median - m.least, High: m.most - m.median}},
				LineStyle: draw.LineStyle{Color: paint, Width: 2}, CapWidth: 6,
			},
			&plotter.Scatter{XYs: median, GlyphStyle: draw.GlyphStyle{Color: paint, Radius: 4, Shape: draw.CircleGlyph{}}},
			&plotter.Labels{
				XYs: plotter.XYs{{X: 0, Y: y}}, Labels: []string{figures(m)},
				TextStyle: []text.Style{letters(10, ink)}, Offset: vg.Point{X: 3, Y: 6},
			},
		)
	}
	p.NominalY(names...)
	p.Y.Padding = 8
	p.Y.Min, p.Y.Max = -0.5, float64(len(rows))-0.5
	return p
}

func align(s text.Style, x text.XAlignment, y text.YAlignment) text.Style {
	s.XAlign, s.YAlign = x, y
	return s
}

// plain is the benchmark's word for Consul that was told all addresses beforehand.
const plain = "plain"

// label is the name of a row.
func label(m measurement) string {
	if m.way == plain {
		return "plain Consul"
	}
	return "-birth " + m.way
}

// heading says of a chart what is measured in it.
func heading(m measurement) string {
	usual := ""
	if m.multiplier == defaultMultiplier {
		usual = ", Consul's default"
	}
	return fmt.Sprintf("raft_multiplier %s%s (%g births each)", m.multiplier, usual, m.rounds)
}

// figures are the numbers that stand above a row.
func figures(m measurement) string {
	text := fmt.Sprintf("%.2f (%.2f to %.2f)", m.median, m.least, m.most)
	if m.way != plain {
		text += fmt.Sprintf(", %.2f × plain (%.2f to %.2f)", m.ratio, m.ratioLow, m.ratioHigh)
	}
	return text
}

// summary says in words what a chart shows, for those who cannot see it.
func summary(rows []measurement) string {
	var ways []string
	for _, m := range rows {
		ways = append(ways, label(m)+" "+figures(m))
	}
	return fmt.Sprintf("Seconds %s, %s: %s. ", goals[rows[0].goal], heading(rows[0]), strings.Join(ways, "; "))
}
