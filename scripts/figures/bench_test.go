package main

import (
	"math"
	"os"
	"slices"
	"strings"
	"testing"
)

// printed is a line as the testing package prints it for the figures of a birth.
func printed(name string, change map[string]float64) string {
	figures := map[string]float64{
		"ns/op": 0, "rounds": 12, "median-s": 2, "min-s": 1, "max-s": 3, "x-plain": 1.5, "x-low": 1.25, "x-high": 1.75,
	}
	for unit, v := range change {
		if figures[unit] = v; math.IsInf(v, -1) {
			delete(figures, unit)
		}
	}
	result := testing.BenchmarkResult{N: 1_000_000_000, Extra: figures}
	return name + "\t" + result.String() + "\n"
}

func TestParse(t *testing.T) {
	t.Parallel()
	want := measurement{setting{"5", "leader"}, "auto", 12, 2, 1, 3, 1.5, 1.25, 1.75}
	for _, name := range []string{"BenchmarkBirth/multiplier=5/auto/leader-8", "BenchmarkBirth/multiplier=5/auto/leader"} {
		got, err := parse("goos: linux\n" + printed("BenchmarkStart/exec-8", nil) + printed(name, nil) + "PASS\n")
		if err != nil || !slices.Equal(got, []measurement{want}) {
			t.Errorf("%s: got %+v and %v, want %+v", name, got, err, want)
		}
	}
}

func TestParseFails(t *testing.T) {
	t.Parallel()
	const name = "BenchmarkBirth/multiplier=1/plain/voters-2"
	for want, text := range map[string]string{
		"no line of BenchmarkBirth":                "BenchmarkBirth/multiplier=1 --- FAIL\n",
		"multiplier=1/plain/voters is there twice": printed(name, nil) + printed(name, nil),
		"no figure for median-s":                   printed(name, map[string]float64{"median-s": math.Inf(-1)}),
		"median 4 and max 3":                       printed(name, map[string]float64{"median-s": 4}),
		"min 0,":                                   printed(name, map[string]float64{"min-s": 0}),
		"max +Inf":                                 printed(name, map[string]float64{"max-s": math.Inf(1)}),
		"median NaN":                               printed(name, map[string]float64{"median-s": math.NaN()}),
		"rounds: strconv":                          strings.Replace(printed(name, nil), "12.00 rounds", "many rounds", 1),
	} {
		if got, err := parse(text); err == nil || !strings.Contains(err.Error(), want) || got != nil {
			t.Errorf("got %v and %v, want an error with %q of\n%s", got, err, want, text)
		}
	}
}

func FuzzParse(f *testing.F) {
	text, err := os.ReadFile(madeUp)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(text))
	f.Add(printed("BenchmarkBirth/multiplier=9/auto/leader", nil))
	f.Fuzz(func(t *testing.T, text string) {
		if found, err := parse(text); err == nil {
			look(t, times(found))
		}
	})
}
