// Package s3store keeps a registry in an S3 bucket. It holds no rules.
//
// Settings come from the SDK's own chain: environment, shared files, container
// and instance roles. AWS_ENDPOINT_URL_S3 or AWS_ENDPOINT_URL names another
// store than Amazon's; such a store is spoken to in path style and without the
// checksums that many of them reject. Where no region is set it is us-east-1.
//
// Every time is the Date of the store's own answer. An answer without one is an
// error; the local clock never stands in.
package s3store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go/middleware"

	"auto-consul/lib/registry"
)

// Store is a [registry.Store] in a bucket, below a prefix.
type Store struct {
	client *s3.Client
	large  HTTPClient // of the same settings, for objects of any size
	bucket string
	prefix string // empty, or ends with a slash
}

var _ registry.Store = (*Store)(nil)

// List implements [registry.Store]. The listing's time is the Date of its last
// page. Heartbeat keys begin with their stamps, so the newest stand on that
// page: with an earlier page's Date they would seem to come from the future.
func (s *Store) List(ctx context.Context, dir string) (registry.Listing, error) {
	return s.list(ctx, dir, math.MaxInt)
}

// Oldest implements [registry.Store]. It returns the first page.
func (s *Store) Oldest(ctx context.Context, dir string) (registry.Listing, error) {
	return s.list(ctx, dir, 1)
}

func (s *Store) list(ctx context.Context, dir string, most int) (registry.Listing, error) {
	pages := s3.NewListObjectsV2Paginator(s.client, &s3.ListObjectsV2Input{
		Bucket: &s.bucket,
		Prefix: aws.String(s.prefix + dir + "/"),
		// A key may hold bytes that XML cannot, and would spoil the whole page.
		EncodingType: types.EncodingTypeUrl,
	}, func(o *s3.ListObjectsV2PaginatorOptions) { o.StopOnDuplicateToken = true })
	var l registry.Listing
	for n := 0; n == 0 || pages.HasMorePages(); n++ {
		if n == most {
			l.More = true
			break
		}
		page, err := pages.NextPage(ctx)
		if err == nil {
			l, err = s.add(l, page, dir)
		}
		// The paginator also stops where it is told of more but not of where.
		if err == nil && aws.ToBool(page.IsTruncated) && !pages.HasMorePages() {
			err = errors.New("the store cut the listing short")
		}
		if err != nil {
			return registry.Listing{}, s.fail(ctx, "list", dir, err)
		}
	}
	l.Sort()
	return l, nil
}

// add appends one page.
func (s *Store) add(l registry.Listing, page *s3.ListObjectsV2Output, dir string) (registry.Listing, error) {
	var err error
	if l.Time, err = serverTime(page.ResultMetadata); err != nil {
		return l, err
	}
	if page.Name == nil && page.IsTruncated == nil {
		// The SDK takes any document, such as a proxy's page, for an empty list.
		return l, errors.New("the answer is not a listing")
	}
	for _, object := range page.Contents {
		key := aws.ToString(object.Key)
		if page.EncodingType == types.EncodingTypeUrl {
			if key, err = url.QueryUnescape(key); err != nil {
				return l, err
			}
		}
		key, below := strings.CutPrefix(key, s.prefix)
		if !below || !strings.HasPrefix(key, dir+"/") {
			return l, fmt.Errorf("the store listed %q, which was not asked for", key)
		}
		l.Keys, l.Sizes = append(l.Keys, key), append(l.Sizes, aws.ToInt64(object.Size))
	}
	return l, nil
}

// Get implements [registry.Store].
func (s *Store) Get(ctx context.Context, key string) (registry.Object, error) {
	var watch stopwatch
	out, err := s.client.GetObject(watch.started(ctx), &s3.GetObjectInput{Bucket: &s.bucket, Key: s.key(key)})
	if err != nil {
		object, err := s.missing(ctx, key, err)
		object.Took = watch.took()
		return object, err
	}
	object, err := read(out)
	if err != nil {
		return registry.Object{}, s.fail(ctx, "get", key, err)
	}
	object.Took = watch.took()
	return object, nil
}

// missing returns the answer of a Get that failed. If there is no such key, the store's
// time is part of the answer.
func (s *Store) missing(ctx context.Context, key string, err error) (registry.Object, error) {
	if code(err) != noSuchKey {
		return registry.Object{}, s.fail(ctx, "get", key, err)
	}
	t, timeErr := errorTime(err)
	if timeErr != nil {
		return registry.Object{}, s.fail(ctx, "get", key, timeErr)
	}
	return registry.Object{Time: t}, s.fail(ctx, "get", key, err)
}

// read returns the object that an answer holds.
func read(out *s3.GetObjectOutput) (registry.Object, error) {
	body, err := io.ReadAll(io.LimitReader(out.Body, registry.MaxObject+1))
	if err = errors.Join(err, out.Body.Close()); err != nil {
		return registry.Object{}, err
	}
	if len(body) > registry.MaxObject {
		return registry.Object{}, registry.ErrTooLarge
	}
	t, err := serverTime(out.ResultMetadata)
	if err != nil {
		return registry.Object{}, err
	}
	// Some stores leave the tag out where an object was written by other means. Only
	// who swaps the object needs it.
	return registry.Object{Body: body, ETag: aws.ToString(out.ETag), Time: t}, nil
}

// Put implements [registry.Store].
func (s *Store) Put(ctx context.Context, key string, body []byte) error {
	_, err := s.client.PutObject(ctx, s.put(key, body))
	return s.fail(ctx, "put", key, err)
}

// Swap implements [registry.Store]. It is sent once: a retry after a lost
// answer would meet its own success and call it a conflict.
func (s *Store) Swap(ctx context.Context, key string, body []byte, etag string) error {
	in := s.put(key, body)
	if etag == "" {
		in.IfNoneMatch = aws.String("*")
	} else {
		in.IfMatch = &etag
	}
	_, err := s.client.PutObject(ctx, in, once)
	return s.fail(ctx, "swap", key, err)
}

// Delete implements [registry.Store].
func (s *Store) Delete(ctx context.Context, key string) error {
	_, err := s.client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &s.bucket, Key: s.key(key)})
	if gone(err) {
		return nil
	}
	return s.fail(ctx, "delete", key, err)
}

// once has a request sent without retries.
func once(o *s3.Options) { o.Retryer = aws.NopRetryer{} }

func (s *Store) key(key string) *string { return aws.String(s.prefix + key) }

func (s *Store) put(key string, body []byte) *s3.PutObjectInput {
	return &s3.PutObjectInput{Bucket: &s.bucket, Key: s.key(key), Body: bytes.NewReader(body)}
}

// serverTime returns the Date of an answer.
func serverTime(m middleware.Metadata) (time.Time, error) {
	t, ok := awsmiddleware.GetServerTime(m)
	if !ok {
		return time.Time{}, errNoDate
	}
	return t.UTC(), nil
}
