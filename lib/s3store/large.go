package s3store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"auto-consul/lib/registry"
)

// stallTimeout is for how long a large request may stand still. The store answers an
// upload only when it has all of it safe, which may take its while.
const stallTimeout = time.Minute

// Upload implements [registry.Store]. One PUT is all: of an upload in parts not every
// store can say that it must not write over an object. The SDK signs a hash or sends a
// checksum, whichever the connection asks for, and reads body from its file for that.
func (s *Store) Upload(ctx context.Context, key string, body io.ReadSeeker) error {
	in := &s3.PutObjectInput{Bucket: &s.bucket, Key: s.key(key), Body: body, IfNoneMatch: aws.String("*")}
	_, err := s.client.PutObject(ctx, in, once, s.largely)
	return s.fail(ctx, "upload", key, err)
}

// Download implements [registry.Store]. Once bytes have come it is not tried again.
func (s *Store) Download(ctx context.Context, key string, to io.Writer) (int64, error) {
	out, err := s.client.GetObject(ctx, &s3.GetObjectInput{Bucket: &s.bucket, Key: s.key(key)}, s.largely)
	if err != nil {
		return 0, s.fail(ctx, "download", key, err)
	}
	n, err := registry.Copy(to, out.Body)
	return n, s.fail(ctx, "download", key, errors.Join(err, out.Body.Close()))
}

func (s *Store) largely(o *s3.Options) { o.HTTPClient = s.large }

// newLarge returns a client for large objects beside the one for small ones.
func newLarge(small HTTPClient) HTTPClient {
	if buildable, ok := small.(*awshttp.BuildableClient); ok {
		small = buildable.WithTimeout(0)
	}
	return streams{small, stallTimeout}
}

// streams sends requests whose bodies are never in memory as a whole. They may take any
// time as long as bytes move.
type streams struct {
	client HTTPClient
	stall  time.Duration
}

// Do implements [HTTPClient].
func (s streams) Do(r *http.Request) (*http.Response, error) {
	stalled := fmt.Errorf("nothing has moved for %v", s.stall)
	ctx, cancel := context.WithCancelCause(r.Context())
	timer := time.AfterFunc(s.stall, func() { cancel(stalled) })
	// why puts the reason in the place of the cancelled context's error.
	why := func(err error) error {
		if err != nil && err != io.EOF && context.Cause(ctx) == stalled {
			return stalled
		}
		return err
	}
	moved := func() { timer.Reset(s.stall) }
	end := func() {
		timer.Stop()
		cancel(nil)
	}
	sent := r.WithContext(ctx)
	if r.Body != nil {
		sent.Body = moving{r.Body, moved, why, func() {}}
	}
	resp, err := s.client.Do(sent)
	if err != nil {
		end()
		return nil, why(err)
	}
	resp.Body = moving{resp.Body, moved, why, end}
	if r.Method != http.MethodGet || resp.StatusCode >= http.StatusMultipleChoices {
		resp.Body = struct {
			io.Reader
			io.Closer
		}{io.LimitReader(resp.Body, maxAnswer), resp.Body}
	}
	return resp, nil
}

// moving is a body that tells of each of its bytes.
type moving struct {
	io.ReadCloser
	moved func()
	why   func(error) error
	end   func()
}

// Read implements [io.Reader].
func (m moving) Read(p []byte) (int, error) {
	n, err := m.ReadCloser.Read(p)
	m.moved()
	return n, m.why(err)
}

// Close implements [io.Closer].
func (m moving) Close() error {
	m.end()
	return m.ReadCloser.Close()
}
