package registry

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sort"
	"time"
)

// Errors that a [Store] wraps, beside [fs.ErrNotExist] for a key that is not
// there. None of them ever means "empty".
var (
	// ErrUnavailable reports that the store could not be reached, that it answered
	// with an error, or that what it did is unknown. [WithKind] gives
	// it to every error that wraps none of the others.
	ErrUnavailable = errors.New("the registry is not available")
	// ErrDenied reports that the store understood the request and refuses this
	// caller.
	ErrDenied = errors.New("access denied")
	// ErrConflict reports that a conditional write was refused, because the object
	// is not what the caller saw. It was written by someone else, or by this very
	// request when its first answer was lost: only a Get can tell.
	ErrConflict = errors.New("changed by another writer")
	// ErrTooLarge reports that the object has more than [MaxObject] bytes.
	ErrTooLarge = fmt.Errorf("longer than %d bytes", MaxObject)
	// ErrUnconditional reports that the store knows no conditional writes.
	ErrUnconditional = errors.New("the store does not implement conditional writes")
)

// Store is what a registry needs of a bucket or a directory. Keys are relative
// to the registry's URL, such as "servers/20140516092731-server1".
//
// Implementations are safe for concurrent use, hold no rules, and never retry a
// conditional write.
type Store interface {
	// List returns every key that begins with dir and a slash, in ascending
	// order, however many there are. A directory that does not exist is an
	// empty listing; a bucket that does not exist is an error.
	List(ctx context.Context, dir string) (Listing, error)
	// Oldest is List cut short after one request: as many keys as one answer
	// holds, the first in order, and whether there are more.
	Oldest(ctx context.Context, dir string) (Listing, error)
	// Get returns one object. A missing key is [fs.ErrNotExist], and the
	// returned object then still carries the store's time and Took.
	Get(ctx context.Context, key string) (Object, error)
	// Put writes unconditionally. Writing the same body twice is harmless, so
	// it may be retried.
	Put(ctx context.Context, key string, body []byte) error
	// Swap writes body only if the object's entity tag still is etag, or, with
	// an empty etag, only if there is no such object (R1). It is sent once (R2).
	// [ErrConflict]: refused. [fs.ErrNotExist]: there is nothing to swap. Any
	// other error: unknown, the write may have happened or happen later.
	Swap(ctx context.Context, key string, body []byte, etag string) error
	// Delete removes a key; one that is already gone is no error.
	Delete(ctx context.Context, key string) error
	// Upload creates an object of any size, up to the 5 GiB that S3 takes in one request,
	// from where body stands to its end. It never writes over an object, and it is sent
	// once. [ErrConflict]: there is such an object, which may be this very one, where an
	// earlier answer was lost. Any other error: unknown, as for Swap. Nothing bounds it in
	// time as long as bytes move, and no more than a few of them are in memory at once.
	Upload(ctx context.Context, key string, body io.ReadSeeker) error
	// Download writes an object of any size into to, and returns how many bytes it wrote,
	// also when it fails half way. A missing key is [fs.ErrNotExist]. It is bounded as
	// Upload is.
	Download(ctx context.Context, key string, to io.Writer) (int64, error)
}

// Listing is the answer to [Store.List].
type Listing struct {
	Keys  []string
	Sizes []int64   // in bytes, of the object of each key
	More  bool      // there are further keys, after these
	Time  time.Time // the store's clock when it answered, UTC, whole seconds
}

// Sort puts the keys in ascending order, each with its size.
func (l *Listing) Sort() { sort.Sort(byKey(*l)) }

type byKey Listing

func (l byKey) Len() int           { return len(l.Keys) }
func (l byKey) Less(i, j int) bool { return l.Keys[i] < l.Keys[j] }
func (l byKey) Swap(i, j int) {
	l.Keys[i], l.Keys[j] = l.Keys[j], l.Keys[i]
	l.Sizes[i], l.Sizes[j] = l.Sizes[j], l.Sizes[i]
}

// Object is the answer to [Store.Get].
type Object struct {
	Body []byte    // at most [MaxObject] bytes; a longer object is [ErrTooLarge]
	ETag string    // opaque, as [Store.Swap] takes it; empty where the answer had none
	Time time.Time // the store's clock when it answered, UTC, whole seconds
	// Took is how long the store took to answer, once the request was sent. It says what
	// a request costs better than the whole call, the first of which also connects.
	Took time.Duration
}

// MaxObject bounds how many bytes [Store.Get] reads of one object. A heartbeat
// has at most 255 and a cluster record a few thousand.
const MaxObject = 1 << 20

// Copy copies what a [Store] downloads. Its error says where it is the copy that cannot
// be written and not the object that cannot be read, and is then none of the store's.
func Copy(to io.Writer, object io.Reader) (int64, error) {
	return io.Copy(local{to}, object)
}

// local is a writer whose errors tell whose they are, and nothing else.
type local struct{ io.Writer }

// Write implements [io.Writer].
func (l local) Write(p []byte) (int, error) {
	n, err := l.Writer.Write(p)
	if err != nil {
		err = errors.New("the copy: " + err.Error())
	}
	return n, err
}
