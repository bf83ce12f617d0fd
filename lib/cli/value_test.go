package cli

import (
	"testing"
	"time"
)

func TestDuration(t *testing.T) {
	t.Parallel()
	tests := []struct {
		text string
		want time.Duration // negative: refused
	}{
		{"120", 2 * time.Minute},
		{"0", 0},
		{"007", 7 * time.Second},
		{"2m", 2 * time.Minute},
		{"1h30m", 90 * time.Minute},
		{"1.5s", 1500 * time.Millisecond},
		{"250ms", 250 * time.Millisecond},
		{"", -1},
		{"s", -1},
		{"5 ", -1},
		{" 5", -1},
		{"-5", -1},
		{"+5", -1},
		{"-0", -1},
		{"-2m", -1},
		{"1e3", -1},
		{"0x10", -1},
		{"1_000", -1},
		{"1.5", -1},
		{"3n", -1},
		{"3u", -1},
		{"2m3", -1},
		{"2 m", -1},
		{"soon", -1},
		{"NaN", -1},
		{"٣", -1},
		{"9223372036", 9223372036 * time.Second},
		{"9223372037", -1},
		{"99999999999999999999", -1},
	}
	for _, tt := range tests {
		t.Run(tt.text, func(t *testing.T) {
			t.Parallel()
			before := duration(time.Hour)
			got := before
			err := got.Set(tt.text)
			switch {
			case tt.want < 0 && (err == nil || got != before):
				t.Errorf("got %v, error %v, want it refused", time.Duration(got), err)
			case tt.want >= 0 && (err != nil || time.Duration(got) != tt.want):
				t.Errorf("got %v, error %v, want %v", time.Duration(got), err, tt.want)
			}
			if parsed, also := ParseDuration(tt.text); (also == nil) != (err == nil) || parsed != max(0, tt.want) {
				t.Errorf("parsed: got %v, error %v, want %v", parsed, also, tt.want)
			}
		})
	}
}
