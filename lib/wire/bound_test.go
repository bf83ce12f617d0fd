package wire

import (
	"strings"
	"testing"
)

func TestReadAll(t *testing.T) {
	t.Parallel()
	const most = 10
	for n, fits := range map[int]bool{0: true, most - 1: true, most: true, most + 1: false, 5 * most: false} {
		text := strings.Repeat("x", n)
		got, err := readAll(strings.NewReader(text), most)
		if fits && (err != nil || string(got) != text) {
			t.Errorf("%d bytes: got %q, %v, want them all", n, got, err)
		}
		if !fits && (err == nil || got != nil) {
			t.Errorf("%d bytes: got %q, %v, want an error", n, got, err)
		}
	}
}
