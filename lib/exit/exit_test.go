package exit

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"auto-consul/lib/claim"
	"auto-consul/lib/node"
	"auto-consul/lib/registry"
	"auto-consul/lib/rule"
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

// Every error of the packages that have no codes of their own has the code that the
// operator is promised.
func TestKinds(t *testing.T) {
	t.Parallel()
	want := map[error]Code{
		rule.ErrFenced: 76, rule.ErrUndecided: 75, registry.ErrDenied: 77,
		registry.ErrUnavailable: 69, registry.ErrConflict: 69, registry.ErrUnconditional: 69, claim.ErrIgnored: 69, registry.ErrTooLarge: 69,
		rule.ErrUnreadable: 69, rule.ErrUnwritable: 69, context.DeadlineExceeded: 69,
		node.ErrNotRunning: 255, node.ErrNoAnswer: 255, node.ErrOtherNode: 2, node.ErrNoMode: 2,
		node.ErrNoPermission: 1, context.Canceled: 1,
	}
	for err, code := range want {
		if got := Of(fmt.Errorf("read: %w", err)); got != code {
			t.Errorf("%v: got %d, want %d", err, got, code)
		}
	}
	for _, known := range byError {
		if _, ok := want[known.err]; !ok {
			t.Errorf("%v: no test knows its code", known.err)
		}
	}
	if got := Of(fmt.Errorf("%w: %w", rule.ErrUndecided, registry.ErrConflict)); got != Undecided {
		t.Errorf("got %d for a conflict that leaves a node undecided, want %d", got, Undecided)
	}
	if got := Of(With(Failure, rule.ErrFenced)); got != Failure {
		t.Errorf("got %d, want the code that was given to come first", got)
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
