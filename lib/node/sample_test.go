package node

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"auto-consul/lib/rule"
)

func TestClients(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		status Status
		want   int
	}{
		"a hundred and three servers": {Status{Members: 103, KnownServers: 3}, 100},
		"servers alone":               {Status{Members: 3, KnownServers: 3}, 0},
		"not known":                   {Status{KnownServers: 3}, 0},
	} {
		if got := tt.status.clients(); got != tt.want {
			t.Errorf("%s: got %d clients, want %d", name, got, tt.want)
		}
	}
}

func TestBeatChance(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		sample, clients int
		ticks           time.Duration // of an expiry of two minutes
		want            float64
	}{
		"no sample":           {0, 10_000, time.Minute, 1},
		"fewer than wanted":   {100, 99, time.Minute, 1},
		"as many as wanted":   {100, 100, time.Minute, 1},
		"not known":           {100, 0, time.Minute, 1},
		"one beat an expiry":  {25, 100, 2 * time.Minute, 0.25},
		"two":                 {36, 100, time.Minute, 0.2},
		"two and a half":      {36, 100, 48 * time.Second, 0.163_489},
		"three":               {271, 1000, 40 * time.Second, 0.1},
		"one of ten thousand": {1, 10_000, time.Minute, 0.000_05},
	} {
		got := beatChance(tt.sample, tt.clients, timing{tt.ticks, 2 * time.Minute})
		if math.Abs(got-tt.want) > 1e-6 {
			t.Errorf("%s: got %v, want %v", name, got, tt.want)
		}
	}
}

// About as many clients are live at a time as are wanted, whatever their number and
// however many beats a heartbeat lives for (R47).
func TestBeatChanceKeepsTheNumberLive(t *testing.T) {
	t.Parallel()
	const expiry, rounds = 2 * time.Minute, 100
	random := rand.New(rand.NewPCG(47, 1))
	for _, ticks := range []time.Duration{2 * time.Minute, time.Minute, 50 * time.Second, 30 * time.Second} {
		for _, clients := range []int{200, 2000} {
			const sample = 100
			chance, live := beatChance(sample, clients, timing{ticks, expiry}), 0
			for range rounds * clients {
				beat := false
				for age := time.Duration(random.Float64() * float64(ticks)); age < expiry; age += ticks {
					beat = random.Float64() < chance || beat
				}
				if beat {
					live++
				}
			}
			if got := float64(live) / rounds; math.Abs(got-sample) > 0.05*sample {
				t.Errorf("%d clients, ticks of %v: got %.1f live at a time, want about %d", clients, ticks, got, sample)
			}
		}
	}
}

// A node leaves beats out only where nothing rests on them (R47).
func TestMayLeaveOut(t *testing.T) {
	t.Parallel()
	rec := &rule.Record{Servers: []rule.Slot{{Node: "s1", Address: "192.0.2.1"}}}
	client := Status{Members: 103, KnownServers: 3}
	for name, tt := range map[string]struct {
		last   sampling
		status Status
		want   bool
	}{
		"a client in its cluster":      {newSampling("a", "192.0.2.9", rec), client, true},
		"there is no record":           {newSampling("a", "192.0.2.9", nil), client, true},
		"it has not beaten":            {sampling{}, client, false},
		"it beat under another name":   {newSampling("b", "192.0.2.9", rec), client, false},
		"it beat at another address":   {newSampling("a", "192.0.2.8", rec), client, false},
		"its address is a slot's":      {newSampling("a", "192.0.2.1", rec), client, false},
		"its name is a slot's":         {newSampling("s1", "192.0.2.9", rec), client, false},
		"it knows no server":           {newSampling("a", "192.0.2.9", rec), Status{Members: 100}, false},
		"a server":                     {newSampling("a", "192.0.2.9", rec), Status{Members: 103, Server: true, Leader: "l"}, false},
		"a server that has no cluster": {newSampling("a", "192.0.2.9", rec), Status{Members: 1, Server: true}, false},
	} {
		node, address := "a", "192.0.2.9"
		if tt.last.atSlot {
			node, address = tt.last.node, tt.last.address
		}
		if got := tt.last.mayLeaveOut(node, address, tt.status); got != tt.want {
			t.Errorf("%s: got %t, want %t", name, got, tt.want)
		}
	}
}
