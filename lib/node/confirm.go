package node

import (
	"context"
	"fmt"
	"time"

	"auto-consul/lib/rule"
)

// Confirm asks once more whether a decision to be a server still holds, immediately
// before the agent starts (R27). A decision that rests on no claim needs no
// confirmation. Where the record cannot be read no server starts (R28), but for one
// that the operator lets do without the store (R58).
func Confirm(ctx context.Context, c rule.Claim, record func(ctx context.Context) (*rule.Record, time.Time, error), out Output) error {
	if c == (rule.Claim{}) {
		return nil
	}
	rec, now, err := record(ctx)
	switch {
	case err != nil && c.Offline: // R58
		out.Notef("the store is still away, so the decision is not confirmed: %v", err)
		return nil
	case err != nil:
		return fmt.Errorf("confirm the decision: %w", err)
	}
	return rule.Confirm(rec, now, c)
}
