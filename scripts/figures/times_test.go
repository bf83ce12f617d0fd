package main

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// A row's line and dot stand where its figures are on the axis.
func TestTimes(t *testing.T) {
	t.Parallel()
	found, err := parse(printed("BenchmarkBirth/multiplier=5/plain/leader", map[string]float64{"min-s": 2, "median-s": 4, "max-s": 6}) +
		printed("BenchmarkBirth/multiplier=5/auto/leader", map[string]float64{"min-s": 4, "median-s": 6, "max-s": 8}))
	if err != nil {
		t.Fatal(err)
	}
	document := times(found)
	rows := regexp.MustCompile(`<line x1="([0-9.]+)" y1="[0-9.]+" x2="([0-9.]+)" [^>]*range"/>\n<circle cx="([0-9.]+)"`).FindAllStringSubmatch(document, -1)
	if len(rows) != 2 {
		t.Fatalf("got %d rows, want 2:\n%s", len(rows), document)
	}
	for i, want := range [][]float64{{2, 6, 4}, {4, 8, 6}} { // the axis ends at 8
		for k, seconds := range want {
			x, err := strconv.ParseFloat(rows[i][k+1], 64)
			if got := (x - plotLeft) / (plotRight - plotLeft) * 8; err != nil || math.Abs(got-seconds) > 0.01 {
				t.Errorf("row %d: got %v and %v, want %v", i, got, err, seconds)
			}
		}
	}
	for _, want := range []string{
		"raft_multiplier 5, Consul&#39;s default (12 births each)", ">plain Consul<", ">-birth auto<",
		">4.00 (2.00 to 6.00)<", ">6.00 (4.00 to 8.00), 1.50 × plain (1.25 to 1.75)<",
	} {
		if !strings.Contains(document, want) {
			t.Errorf("the picture does not say %q:\n%s", want, document)
		}
	}
}

// Each setting has a chart of its own, with all ways that were measured in it.
func TestTimesShowsAll(t *testing.T) {
	t.Parallel()
	found := madeUpFigures(t)
	if got := len(settings(found)); got != 3 {
		t.Errorf("got %d charts, want 3", got)
	}
	p := look(t, times(found))
	if p.circles != 7 {
		t.Errorf("got %d rows, want 7", p.circles)
	}
	for _, m := range found {
		if !strings.Contains(p.desc, figures(m)) {
			t.Errorf("the description does not say %q: %s", figures(m), p.desc)
		}
	}
}

// An axis has enough marks to read a figure from it, and not so many that they touch.
func TestTick(t *testing.T) {
	t.Parallel()
	for most := 0.001; most < 3600; most *= 1.1 {
		step := tick(most)
		if marks := math.Ceil(most / step); marks < 4 || marks > 10 {
			t.Errorf("%v: got %v marks of %v", most, marks, step)
		}
	}
}
