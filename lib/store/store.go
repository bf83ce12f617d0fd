// Package store opens the registry that a URL names.
package store

import (
	"context"
	"errors"
	"io"
	"io/fs"

	"auto-consul/lib/dirstore"
	"auto-consul/lib/exit"
	"auto-consul/lib/registry"
	"auto-consul/lib/s3store"
)

// Open opens the store at a location. It makes no request. Settings that cannot be
// read are misuse. Every error of the store that it returns wraps one of the errors
// of package registry, or [fs.ErrNotExist].
func Open(ctx context.Context, at registry.Location) (registry.Store, error) {
	if at.Path != "" {
		s, err := dirstore.Open(at.Path)
		if err != nil {
			return nil, mark(err)
		}
		return marked{s}, nil
	}
	s, err := s3store.Open(ctx, at.Bucket, at.Prefix)
	if err != nil {
		return nil, exit.With(exit.Misuse, err)
	}
	return marked{s}, nil
}

// marked is a store whose errors of no known kind are [registry.ErrUnavailable].
type marked struct{ store registry.Store }

func (m marked) List(ctx context.Context, dir string) (registry.Listing, error) {
	list, err := m.store.List(ctx, dir)
	return list, mark(err)
}

func (m marked) Oldest(ctx context.Context, dir string) (registry.Listing, error) {
	list, err := m.store.Oldest(ctx, dir)
	return list, mark(err)
}

func (m marked) Get(ctx context.Context, key string) (registry.Object, error) {
	obj, err := m.store.Get(ctx, key)
	return obj, mark(err)
}

func (m marked) Put(ctx context.Context, key string, body []byte) error {
	return mark(m.store.Put(ctx, key, body))
}

func (m marked) Swap(ctx context.Context, key string, body []byte, etag string) error {
	return mark(m.store.Swap(ctx, key, body, etag))
}

func (m marked) Delete(ctx context.Context, key string) error { return mark(m.store.Delete(ctx, key)) }

func (m marked) Upload(ctx context.Context, key string, body io.ReadSeeker) error {
	return mark(m.store.Upload(ctx, key, body))
}

func (m marked) Download(ctx context.Context, key string, to io.Writer) (int64, error) {
	n, err := m.store.Download(ctx, key, to)
	return n, mark(err)
}

// known are the errors that say more than that the store is not available.
var known = []error{registry.ErrDenied, registry.ErrConflict, registry.ErrTooLarge, registry.ErrUnconditional, fs.ErrNotExist}

func mark(err error) error {
	if err == nil {
		return nil
	}
	for _, kind := range known {
		if errors.Is(err, kind) {
			return err
		}
	}
	return unavailable{err}
}

// unavailable is an error of the store that keeps its own words.
type unavailable struct{ error }

// Unwrap returns the error as the store gave it.
func (u unavailable) Unwrap() error { return u.error }

// Is reports whether the target is [registry.ErrUnavailable].
func (unavailable) Is(target error) bool { return target == registry.ErrUnavailable }
