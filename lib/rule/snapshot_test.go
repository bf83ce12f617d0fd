package rule

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"auto-consul/lib/registry"
)

// noon is a Wednesday's.
var noon = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

// snapshotAges returns snapshots of these ages at noon, the newest last, each of a later
// index.
func snapshotAges(ages ...time.Duration) []registry.ConsulSnapshot {
	var out []registry.ConsulSnapshot
	for i, age := range ages {
		out = append(out, registry.ConsulSnapshot{ClusterID: "c", Term: 1, Index: uint64(i + 1), Time: noon.Add(-age)})
	}
	return out
}

func TestSnapshotDue(t *testing.T) {
	t.Parallel()
	const interval = time.Hour
	for name, tt := range map[string]struct {
		kept []registry.ConsulSnapshot
		want time.Duration
	}{
		"none is kept":                   {nil, 0},
		"an old one":                     {snapshotAges(2*day, interval), 0},
		"one that is younger":            {snapshotAges(2*day, 20*time.Minute), 40 * time.Minute},
		"one of this moment":             {snapshotAges(0), interval},
		"one of the future":              {snapshotAges(-time.Minute), 0},
		"one of the future, and a young": {snapshotAges(30*time.Minute, -time.Minute), 30 * time.Minute},
		"an older log, written later":    {snapshotAges(10*time.Minute, 2*interval), 50 * time.Minute},
	} {
		if got := SnapshotDue(tt.kept, noon, interval); got != tt.want {
			t.Errorf("%s: got %v, want %v (R54)", name, got, tt.want)
		}
	}
}

func TestHasSnapshot(t *testing.T) {
	t.Parallel()
	kept := snapshotAges(2*time.Hour, time.Hour) // of index 1 and 2
	for _, tt := range []struct {
		term  int64
		index uint64
		want  bool
	}{{1, 1, true}, {1, 2, true}, {1, 3, false}, {2, 2, false}} {
		if got := HasSnapshot(kept, tt.term, tt.index); got != tt.want {
			t.Errorf("term %d, index %d: got %t, want %t (R54)", tt.term, tt.index, got, tt.want)
		}
	}
}

// Noon is a Wednesday's, so that the week began two and a half days before.
func TestThinSnapshots(t *testing.T) {
	t.Parallel()
	const hour = time.Hour
	for name, tt := range map[string]struct {
		ages, removed []time.Duration
	}{
		"none":                           {nil, nil},
		"the only one, of long ago":      {[]time.Duration{400 * day}, nil},
		"the newest by its key, not age": {[]time.Duration{2 * hour, 400 * day}, nil},
		"those of the last day":          {[]time.Duration{day - 1, 23 * hour, hour, 59 * time.Second, 0}, nil},
		"of the future":                  {[]time.Duration{-400 * day, -day, 0}, nil},
		"one a day, which is its newest": {[]time.Duration{35 * hour, 30 * hour, 24 * hour, hour}, []time.Duration{35 * hour, 30 * hour}},
		"that of the day before":         {[]time.Duration{60 * hour, 50 * hour, 40 * hour, hour}, []time.Duration{60 * hour, 50 * hour}},
		"a day's newest is 12 h old":     {[]time.Duration{35 * hour, 13 * hour, hour}, []time.Duration{35 * hour}},
		"one a day for a week":           {[]time.Duration{7*day - 1, 6 * day, 5 * day, 4 * day, 3 * day, 2 * day, day, 0}, nil},
		"then one a week":                {[]time.Duration{9 * day, 8 * day, 7 * day, 0}, []time.Duration{9 * day, 8 * day}},
		"a week's newest is a Sunday's":  {[]time.Duration{12 * day, 11 * day, 10 * day, 9 * day, 0}, []time.Duration{12 * day, 11 * day}},
		"one a week for a month":         {[]time.Duration{31*day - 1, 24 * day, 17 * day, 10 * day, 3 * day, 0}, nil},
		"then none":                      {[]time.Duration{400 * day, 38 * day, 31 * day, 24 * day, 0}, []time.Duration{400 * day, 38 * day, 31 * day}},
	} {
		kept := snapshotAges(tt.ages...)
		var want []string
		for _, s := range kept {
			if slices.Contains(tt.removed, noon.Sub(s.Time)) {
				want = append(want, s.Key())
			}
		}
		if got := ThinSnapshots(kept, noon); !slices.Equal(got, want) {
			t.Errorf("%s: got removed %q, want %q (R54)", name, got, want)
		}
	}
}

// drawSnapshots returns months of snapshots: an interval with gaps, and days on which the
// store's clock goes back.
func drawSnapshots(random *rand.Rand) []registry.ConsulSnapshot {
	var all []registry.ConsulSnapshot
	at, interval := noon, time.Duration(1+random.IntN(24))*time.Hour
	for index := range uint64(300) {
		step := interval + time.Duration(random.IntN(60))*time.Minute
		switch random.IntN(30) {
		case 0:
			step = time.Duration(random.IntN(20)) * day // the cluster was away
		case 1:
			step = -time.Duration(random.IntN(100)) * time.Hour // the clock was wrong
		}
		at = at.Add(step)
		all = append(all, registry.ConsulSnapshot{ClusterID: "c", Term: 1 + int64(index/100), Index: index + 1, Time: at})
	}
	return all
}

// thinned returns what is left of snapshots that are thinned now.
func thinned(kept []registry.ConsulSnapshot, now time.Time) []registry.ConsulSnapshot {
	remove := ThinSnapshots(kept, now)
	return slices.DeleteFunc(slices.Clone(kept), func(s registry.ConsulSnapshot) bool { return slices.Contains(remove, s.Key()) })
}

// promises returns what thinning has taken away of what it promises to keep.
func promises(all, kept []registry.ConsulSnapshot, now time.Time) string {
	has := func(like func(registry.ConsulSnapshot) bool) bool { return slices.ContainsFunc(kept, like) }
	for _, s := range all {
		age := now.Sub(s.Time)
		switch {
		case age < 0:
		case age < day && !slices.Contains(kept, s):
			return "one of the last day"
		case age < 7*day && !has(func(k registry.ConsulSnapshot) bool { return dayOf(k.Time) == dayOf(s.Time) }):
			return "the only one of a day in the last week"
		case age < 31*day && !has(func(k registry.ConsulSnapshot) bool { return weekOf(k.Time) == weekOf(s.Time) }):
			return "the only one of a week in the last month"
		}
	}
	if len(all) > 0 && !slices.Contains(kept, all[len(all)-1]) {
		return "the newest"
	}
	return ""
}

// However often snapshots are thinned, what is promised is there, and little else; and
// thinning again and again leaves what thinning once leaves (R54).
func TestThinSnapshotsProperty(t *testing.T) {
	t.Parallel()
	for seed := range uint64(40) {
		random := rand.New(rand.NewPCG(seed, 54))
		all := drawSnapshots(random)
		var kept []registry.ConsulSnapshot
		now := all[0].Time
		for i, s := range all {
			kept = append(kept, s)
			if s.Time.After(now) {
				now = s.Time // the clock goes on, whatever the stamps are
			}
			if random.IntN(3) > 0 {
				continue
			}
			kept = thinned(kept, now)
			if gone := promises(all[:i+1], kept, now); gone != "" {
				t.Fatalf("seed %d, after %d: removed %s", seed, i+1, gone)
			}
			if once := thinned(all[:i+1], now); !slices.Equal(kept, once) {
				t.Fatalf("seed %d, after %d: %d are left, and %d of thinning once", seed, i+1, len(kept), len(once))
			}
		}
	}
}

// The control: a rule that keeps the oldest of a day, by age and not by the calendar,
// loses in the end what it promised.
func TestThinSnapshotsPropertyCanFail(t *testing.T) {
	t.Parallel()
	var all, kept []registry.ConsulSnapshot
	lost := ""
	for i := range 24 * 40 {
		now := noon.Add(time.Duration(i) * time.Hour)
		s := registry.ConsulSnapshot{ClusterID: "c", Term: 1, Index: uint64(i + 1), Time: now}
		all, kept = append(all, s), append(kept, s)
		seen := map[int64]bool{}
		kept = slices.DeleteFunc(kept, func(s registry.ConsulSnapshot) bool {
			age := int64(now.Sub(s.Time) / day)
			again := age > 0 && seen[age]
			seen[age] = true
			return again || age >= 31
		})
		if lost == "" {
			lost = promises(all, kept, now)
		}
	}
	if !strings.Contains(lost, "the only one") {
		t.Errorf("got %q lost", lost)
	}
}
