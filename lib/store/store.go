// Package store opens the registry that a URL names, and gives what goes wrong
// with it its exit codes.
package store

import (
	"context"
	"errors"

	"auto-consul/lib/claim"
	"auto-consul/lib/cli"
	"auto-consul/lib/dirstore"
	"auto-consul/lib/registry"
	"auto-consul/lib/s3store"
)

// Open opens the store at a location. It makes no request. Settings that cannot be
// read are misuse.
func Open(ctx context.Context, at registry.Location) (registry.Store, error) {
	if at.Path != "" {
		return dirstore.Open(at.Path)
	}
	s, err := s3store.Open(ctx, at.Bucket, at.Prefix)
	if err != nil {
		return nil, cli.Fail(cli.Misuse, err)
	}
	return s, nil
}

// Fail gives an error of a store, or of the rules that read it, its exit code. An
// error that has one keeps it.
func Fail(err error) error {
	var coded *cli.Error
	switch {
	case err == nil || errors.As(err, &coded):
		return err
	case errors.Is(err, claim.ErrFenced):
		return cli.Fail(cli.Fenced, err)
	case errors.Is(err, claim.ErrUndecided):
		return cli.Fail(cli.Undecided, err)
	case errors.Is(err, registry.ErrDenied):
		return cli.Fail(cli.Denied, err)
	}
	return cli.Fail(cli.Unavailable, err)
}
