package registry_test

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"auto-consul/lib/registry"
)

// now is store time in all tests of this package.
var now = time.Date(2026, 11, 23, 1, 16, 10, 0, time.UTC)

const expiry = 120 * time.Second

// ago is store time some seconds before now.
func ago(seconds int) time.Time { return now.Add(-time.Duration(seconds) * time.Second) }

// beat is the key of a heartbeat written so many seconds before now.
func beat(role registry.Role, seconds int, node string) string {
	return registry.Heartbeat{Role: role, Time: ago(seconds), Node: node}.Key()
}

// A heartbeat counts while it is younger than the expiry (R7).
func TestLive(t *testing.T) {
	t.Parallel()
	tests := []struct {
		age  int // seconds
		want bool
	}{
		{0, true},
		{119, true},
		{120, false}, // the boundary is expired
		{121, false},
		{1 << 30, false},
		{-1, true}, // from the future
		{-120, true},
		{-1 << 30, true},
	}
	for _, tt := range tests {
		h := registry.Heartbeat{Role: registry.Servers, Time: ago(tt.age), Node: "a"}
		if got := h.Live(now, expiry); got != tt.want {
			t.Errorf("%d s old: got live %t, want %t", tt.age, got, tt.want)
		}
	}
}

// Stamps that no duration can hold are judged all the same.
func TestLiveFarAway(t *testing.T) {
	t.Parallel()
	for year, want := range map[int]bool{1: false, 1500: false, 2500: true, 9999: true} {
		h := registry.Heartbeat{Time: time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC)}
		if got := h.Live(now, expiry); got != want {
			t.Errorf("year %d: got live %t, want %t", year, got, want)
		}
	}
}

// A node counts once for a role, what does not parse is left alone (R7), and what is dated in
// the future is told apart (R53).
func TestClassify(t *testing.T) {
	t.Parallel()
	const s = registry.Servers
	tests := []struct {
		name string
		keys []string
		over []string // have had their time
		want registry.Classified
	}{
		{name: "nothing"},
		{
			name: "boundary",
			keys: []string{beat(s, 120, "a"), beat(s, 119, "b")},
			want: registry.Classified{
				Live:    []registry.Member{{Node: "b", Heartbeat: ago(119), Oldest: ago(119)}},
				Expired: []string{beat(s, 120, "a")},
			},
		},
		{
			name: "one member of several heartbeats",
			keys: []string{beat(s, 200, "a"), beat(s, 90, "a"), beat(s, 60, "a"), beat(s, 30, "a")},
			want: registry.Classified{
				Live:    []registry.Member{{Node: "a", Heartbeat: ago(30), Oldest: ago(90)}},
				Expired: []string{beat(s, 200, "a")},
			},
		},
		{
			name: "any order of keys",
			keys: []string{beat(s, 60, "a"), beat(s, 30, "a"), beat(s, 90, "a")},
			want: registry.Classified{Live: []registry.Member{{Node: "a", Heartbeat: ago(30), Oldest: ago(90)}}},
		},
		{
			name: "by heartbeat, then node",
			keys: []string{beat(s, 20, "c"), beat(s, 20, "b"), beat(s, 30, "z"), beat(s, 20, "a"), beat(s, 90, "a")},
			want: registry.Classified{Live: []registry.Member{
				{Node: "z", Heartbeat: ago(30), Oldest: ago(30)},
				{Node: "a", Heartbeat: ago(20), Oldest: ago(90)},
				{Node: "b", Heartbeat: ago(20), Oldest: ago(20)},
				{Node: "c", Heartbeat: ago(20), Oldest: ago(20)},
			}},
		},
		{
			name: "a second from the future: clocks of one store differ",
			keys: []string{beat(s, 10, "a"), beat(s, -5, "a")},
			want: registry.Classified{Live: []registry.Member{{Node: "a", Heartbeat: ago(-5), Oldest: ago(10)}}},
		},
		{
			name: "from the future, and the node has others",
			keys: []string{beat(s, 10, "a"), beat(s, -6, "a"), beat(s, -3600, "a")},
			want: registry.Classified{
				Live:  []registry.Member{{Node: "a", Heartbeat: ago(10), Oldest: ago(10)}},
				Ahead: []string{beat(s, -6, "a"), beat(s, -3600, "a")},
			},
		},
		{
			name: "from the future alone: before all that are known to be fresh",
			keys: []string{beat(s, 10, "b"), beat(s, -6, "a"), beat(s, -3600, "a")},
			want: registry.Classified{
				Live: []registry.Member{
					{Node: "a", Heartbeat: ago(-3600), Oldest: ago(-6), Ahead: true},
					{Node: "b", Heartbeat: ago(10), Oldest: ago(10)},
				},
				Ahead: []string{beat(s, -6, "a"), beat(s, -3600, "a")},
			},
		},
		{
			name: "from the future, one of them long since",
			keys: []string{beat(s, -60, "a"), beat(s, -3600, "a"), beat(s, -7200, "b")},
			over: []string{beat(s, -60, "a"), beat(s, -7200, "b")},
			want: registry.Classified{
				Live:    []registry.Member{{Node: "a", Heartbeat: ago(-3600), Oldest: ago(-3600), Ahead: true}},
				Ahead:   []string{beat(s, -3600, "a")},
				Expired: []string{beat(s, -60, "a"), beat(s, -7200, "b")},
			},
		},
		{
			name: "foreign keys",
			keys: []string{"servers/", "servers/README", "servers/20140516092731-a b", beat(s, 0, "a")},
			want: registry.Classified{
				Live: []registry.Member{{Node: "a", Heartbeat: now, Oldest: now}},
				Ignored: []registry.Ignored{
					{Key: "servers/", Reason: "not a heartbeat: want YYYYMMDDhhmmss-node"},
					{Key: "servers/README", Reason: "not a heartbeat: want YYYYMMDDhhmmss-node"},
					{
						Key:    "servers/20140516092731-a b",
						Reason: `bad node name "a b": want 1 to 128 of [A-Za-z0-9._-], not beginning with a dash or a dot`,
					},
				},
			},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.want.Role = s
			over := map[string]bool{}
			for _, key := range tt.over {
				over[key] = true
			}
			at := registry.Moment{Time: now, Horizon: new(registry.Registry).Horizon(now), Expiry: expiry, Over: over}
			if got := registry.Classify(s, tt.keys, at); !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got %+v\nwant %+v", got, tt.want)
			}
		})
	}
}

func TestCheckExpiry(t *testing.T) {
	t.Parallel()
	for value, good := range map[time.Duration]bool{
		time.Second: true, expiry: true, 0: false, -time.Second: false,
		time.Millisecond: false, 1500 * time.Millisecond: false,
	} {
		if err := registry.CheckExpiry(value); (err == nil) != good {
			t.Errorf("%v: got %v, want it good: %t", value, err, good)
		}
	}
}

func TestFreshest(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		most, n int
		want    []int
	}{{3, 0, nil}, {3, 2, []int{0, 1}}, {3, 3, []int{0, 1, 2}}, {3, 5, []int{2, 3, 4}}, {0, 5, nil}} {
		if got := registry.Freshest(tt.most)(tt.n); !slices.Equal(got, tt.want) {
			t.Errorf("%d of %d: got %v, want %v", tt.most, tt.n, got, tt.want)
		}
	}
}
