package dirstore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"auto-consul/lib/registry"
)

var (
	errMissing = errors.New("no such object")
	errKey     = errors.New("not a key")
	errParent  = errors.New("the parent of the registry's directory does not exist")
)

// opError is one failed operation, in one line. It unwraps to its kind and to
// nothing else: a directory that is missing must not pass for a missing object.
type opError struct {
	op, url, text string
	kind          error // see [registry.Store]; a context's error; or nil
}

func (e *opError) Error() string { return fmt.Sprintf("%s %s: %s", e.op, e.url, e.text) }

// Unwrap returns the error's kind.
func (e *opError) Unwrap() error { return e.kind }

// fail makes an error about a key an [opError]; nil stays nil.
func (s *Store) fail(op, key string, err error) error {
	if err == nil {
		return nil
	}
	e := &opError{op: op, url: "file://" + s.path + "/" + key}
	switch {
	case errors.Is(err, errMissing):
		e.text, e.kind = errMissing.Error(), fs.ErrNotExist
	case errors.Is(err, fs.ErrPermission):
		e.text, e.kind = fmt.Sprintf("%v (%s)", registry.ErrDenied, cause(err)), registry.ErrDenied
	default:
		e.text, e.kind = cause(err), kind(err)
	}
	return e
}

// kind returns the sentinel that is shown as it is.
func kind(err error) error {
	for _, sentinel := range []error{registry.ErrConflict, registry.ErrTooLarge, context.Canceled, context.DeadlineExceeded} {
		if errors.Is(err, sentinel) {
			return sentinel
		}
	}
	return nil
}

// cause returns the error without the names that the operation's line has already.
func cause(err error) string {
	var p *fs.PathError
	var l *os.LinkError
	switch {
	case errors.As(err, &p):
		err = p.Err
	case errors.As(err, &l):
		err = l.Err
	}
	return strings.ReplaceAll(err.Error(), "\n", "; ")
}
