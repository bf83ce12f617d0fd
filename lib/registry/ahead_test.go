package registry_test

import (
	"testing"
	"time"

	"auto-consul/lib/registry"
)

// What is later than the horizon lies in the future, and nothing does where that is not
// known (R53).
func TestAhead(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		skew time.Duration
		far  time.Duration // of the stamp from now
		want bool
	}{
		{"now", 0, 0, false},
		{"as far as clocks of one store may differ", 0, registry.DefaultSkew, false},
		{"farther", 0, registry.DefaultSkew + time.Second, true},
		{"a day", 0, 24 * time.Hour, true},
		{"clocks that differ by more", time.Hour, 30 * time.Minute, false},
		{"and farther", time.Hour, time.Hour + time.Second, true},
	}
	for _, tt := range tests {
		r := &registry.Registry{Skew: tt.skew}
		if got := registry.Ahead(now.Add(tt.far), r.Horizon(now)); got != tt.want {
			t.Errorf("%s: got %t, want %t", tt.name, got, tt.want)
		}
	}
	if registry.Ahead(now.Add(24*time.Hour), time.Time{}) {
		t.Error("a stamp is ahead of a horizon that is not known")
	}
}
