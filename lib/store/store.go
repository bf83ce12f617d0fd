// Package store opens the registry that a URL names.
package store

import (
	"context"

	"auto-consul/lib/dirstore"
	"auto-consul/lib/exit"
	"auto-consul/lib/registry"
	"auto-consul/lib/s3store"
)

// Open opens the store at a location. It makes no request. Settings that cannot be
// read are misuse. Every error of the store that it returns wraps one of the errors
// of package registry, or [io/fs.ErrNotExist].
func Open(ctx context.Context, at registry.Location) (registry.Store, error) {
	if at.Path != "" {
		s, err := dirstore.Open(at.Path)
		if err != nil {
			return nil, registry.WithKind(err)
		}
		return registry.WithKinds(s), nil
	}
	s, err := s3store.Open(ctx, at.Bucket, at.Prefix)
	if err != nil {
		return nil, exit.With(exit.Misuse, err)
	}
	return registry.WithKinds(s), nil
}
