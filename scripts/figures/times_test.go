package main

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// A row's line reaches from the least to the most, its dot is the median, and all rows are
// on one axis.
func TestTimes(t *testing.T) {
	t.Parallel()
	document := times(measurements(t,
		printed("BenchmarkBirth/multiplier=5/plain/leader", map[string]float64{"min-s": 2, "median-s": 4, "max-s": 7})+
			printed("BenchmarkBirth/multiplier=5/auto/leader", map[string]float64{"min-s": 4, "median-s": 6, "max-s": 8})))
	rows := regexp.MustCompile(`"M([0-9.]+),[0-9.]+L([0-9.]+),[0-9.]+"\s[^>]*stroke-width:2" />(?s:.*?)`+
		`<path d="M([0-9.]+),[0-9.]+A4,4 `).FindAllStringSubmatch(document, -1)
	if len(rows) != 2 {
		t.Fatalf("got %d rows, want 2:\n%s", len(rows), document)
	}
	at := func(row, k int) float64 {
		x, err := strconv.ParseFloat(rows[row][k], 64)
		if err != nil {
			t.Fatal(err)
		}
		return x
	}
	lower, upper := at(0, 1), at(0, 2) // of those, the seconds are 8 and 4: the last row is drawn first
	second := (upper - lower) / 4
	for i, want := range [][]float64{{4, 8, 6}, {2, 7, 4}} {
		for k, seconds := range want {
			x := at(i, k+1)
			if k == 2 {
				x -= 4 // a dot's path begins at its right
			}
			if got := 4 + (x-lower)/second; math.Abs(got-seconds) > 0.01 {
				t.Errorf("row %d: got %v, want %v", i, got, seconds)
			}
		}
	}
	for _, want := range []string{
		"raft_multiplier 5, Consul&#39;s default (12 births each)", ">plain Consul<", ">-birth auto<", ">seconds until there is a leader<",
		">4.00 (2.00 to 7.00)<", ">6.00 (4.00 to 8.00), 1.50 × plain (1.25 to 1.75)<",
	} {
		if !strings.Contains(document, want) {
			t.Errorf("the picture does not say %q:\n%s", want, document)
		}
	}
}

// Each setting has a chart of its own, with all ways that were measured in it.
func TestTimesShowsAll(t *testing.T) {
	t.Parallel()
	found := measurements(t, readFile(t, madeUp))
	p := look(t, times(found))
	var charts int
	said := map[string]int{}
	for _, l := range p.texts {
		if said[l.words]++; strings.HasPrefix(l.words, "raft_multiplier") {
			charts++
		}
	}
	if charts != 3 {
		t.Errorf("got %d charts, want 3", charts)
	}
	for _, m := range found {
		if said[figures(m)] != 1 || !strings.Contains(p.desc, figures(m)) {
			t.Errorf("picture or description do not say %q once: %v, %s", figures(m), said, p.desc)
		}
	}
}
