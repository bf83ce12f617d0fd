package exit

import (
	"errors"
	"fmt"
	"testing"
)

func TestCodes(t *testing.T) {
	t.Parallel()
	base := errors.New("base")
	tests := []struct {
		name string
		err  error
		want Code
	}{
		{"nil", nil, OK},
		{"no code", base, Failure},
		{"code", With(Unavailable, base), Unavailable},
		{"wrapped", fmt.Errorf("list: %w", With(Fenced, base)), Fenced},
		{"joined", errors.Join(base, With(Undecided, base)), Undecided},
		{"outermost", With(Misuse, With(Denied, base)), Misuse},
		{"of nil", With(Denied, nil), OK},
		{"format", Withf(NotRunning, "agent: %w", base), NotRunning},
	}
	for _, tt := range tests {
		if got := Of(tt.err); got != tt.want {
			t.Errorf("%s: got %d, want %d", tt.name, got, tt.want)
		}
	}
	if err := Withf(Denied, "list: %w", base); err.Error() != "list: base" || !errors.Is(err, base) {
		t.Errorf("got %q, want the text and the cause kept", err)
	}
}

// Scripts branch on the numbers.
func TestCodeNumbers(t *testing.T) {
	t.Parallel()
	want := map[Code]int{
		OK: 0, Failure: 1, Misuse: 2, Unavailable: 69, Undecided: 75, Fenced: 76,
		Denied: 77, NotExecutable: 126, NotFound: 127, NotRunning: 255,
	}
	for code, number := range want {
		if int(code) != number || code.Meaning() == "" {
			t.Errorf("got %d (%q), want %d with a meaning", code, code.Meaning(), number)
		}
	}
	if len(meanings) != len(want) {
		t.Errorf("got %d meanings, want %d", len(meanings), len(want))
	}
	if got := Code(3).Meaning(); got != "" {
		t.Errorf("got %q for a code that is none", got)
	}
}
