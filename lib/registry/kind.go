package registry

import (
	"context"
	"errors"
	"io"
	"io/fs"
)

// WithKinds returns a store whose errors all have a kind: those that wrap none of the
// others are [ErrUnavailable].
func WithKinds(s Store) Store { return kinds{s} }

type kinds struct{ store Store }

func (k kinds) List(ctx context.Context, dir string) (Listing, error) {
	list, err := k.store.List(ctx, dir)
	return list, WithKind(err)
}

func (k kinds) Oldest(ctx context.Context, dir string) (Listing, error) {
	list, err := k.store.Oldest(ctx, dir)
	return list, WithKind(err)
}

func (k kinds) Get(ctx context.Context, key string) (Object, error) {
	obj, err := k.store.Get(ctx, key)
	return obj, WithKind(err)
}

func (k kinds) Put(ctx context.Context, key string, body []byte) error {
	return WithKind(k.store.Put(ctx, key, body))
}

func (k kinds) Swap(ctx context.Context, key string, body []byte, etag string) error {
	return WithKind(k.store.Swap(ctx, key, body, etag))
}

func (k kinds) Delete(ctx context.Context, key string) error {
	return WithKind(k.store.Delete(ctx, key))
}

func (k kinds) Upload(ctx context.Context, key string, body io.ReadSeeker) error {
	return WithKind(k.store.Upload(ctx, key, body))
}

func (k kinds) Download(ctx context.Context, key string, to io.Writer) (int64, error) {
	n, err := k.store.Download(ctx, key, to)
	return n, WithKind(err)
}

// known are the errors that say more than that the store is not available.
var known = []error{ErrDenied, ErrConflict, ErrTooLarge, ErrUnconditional, fs.ErrNotExist}

// WithKind gives an error of a store its kind; nil stays nil.
func WithKind(err error) error {
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

// Is reports whether the target is [ErrUnavailable].
func (unavailable) Is(target error) bool { return target == ErrUnavailable }
