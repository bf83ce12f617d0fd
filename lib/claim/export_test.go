package claim

import (
	"context"
	"errors"

	"auto-consul/lib/registry"
)

// ProbeStore takes all steps of a probe of the store one after the other.
func ProbeStore(ctx context.Context, store registry.Store, random string) error {
	p := &prober{store: store, key: probeKey(random)}
	err := p.conditions(ctx)
	if err == nil {
		err = p.effects(ctx)
	}
	p.startRemoval(ctx)
	return errors.Join(err, <-p.removed)
}
