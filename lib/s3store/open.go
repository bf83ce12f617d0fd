package s3store

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go/logging"
)

// defaultRegion is what requests are signed with where the settings name no region.
// Other stores accept it, and Amazon answers with the right one.
const defaultRegion = "us-east-1"

// maxIdle keeps connections for all who read the objects of a listing at once.
const maxIdle = 64

// Option changes how [Open] reaches the store.
type Option func(*options)

// HTTPClient sends one request; [http.Client] is one. It must keep to the
// request's context.
type HTTPClient interface {
	Do(*http.Request) (*http.Response, error)
}

type options struct {
	client                HTTPClient
	endpoint, key, secret string
	backoff               func(attempt int) time.Duration
}

// WithHTTPClient sends all requests through c, in place of a client with the
// package's own time-outs and connection pool. AWS_CA_BUNDLE must then be unset.
func WithHTTPClient(c HTTPClient) Option { return func(o *options) { o.client = c } }

// WithStatic takes the endpoint's URL, access key id and secret as given;
// environment and shared files are not read.
func WithStatic(endpoint, key, secret string) Option {
	return func(o *options) { o.endpoint, o.key, o.secret = endpoint, key, secret }
}

// WithBackoff replaces the SDK's random pauses between attempts. The first
// pause is that of attempt 1.
func WithBackoff(pause func(attempt int) time.Duration) Option {
	return func(o *options) { o.backoff = pause }
}

// Open returns the store of the registry at prefix in a bucket. The prefix may
// be empty; slashes at its ends do not count. No request is sent. An error
// means that the settings cannot be read.
func Open(ctx context.Context, bucket, prefix string, opts ...Option) (*Store, error) {
	if bucket == "" {
		return nil, errors.New("open s3: no bucket")
	}
	o := options{client: newHTTPClient()}
	for _, opt := range opts {
		opt(&o)
	}
	cfg, err := o.config(ctx)
	if err != nil {
		// Not wrapped: a settings file that is missing is no missing object.
		return nil, fmt.Errorf("open s3://%s: %s", bucket, line(err.Error()))
	}
	if prefix = strings.Trim(prefix, "/"); prefix != "" {
		prefix += "/"
	}
	return &Store{s3.NewFromConfig(cfg, o.service), newLarge(cfg.HTTPClient), bucket, prefix}, nil
}

// newHTTPClient returns a client of the SDK's kind: with any other, AWS_CA_BUNDLE is
// an error.
func newHTTPClient() HTTPClient {
	return awshttp.NewBuildableClient().
		WithTimeout(attemptTimeout).
		WithDialerOptions(func(d *net.Dialer) { d.Timeout = connectTimeout }).
		WithTransportOptions(func(t *http.Transport) {
			t.TLSHandshakeTimeout = connectTimeout
			t.MaxIdleConns, t.MaxIdleConnsPerHost = maxIdle, maxIdle
		})
}

func (o *options) config(ctx context.Context) (aws.Config, error) {
	if o.endpoint != "" {
		return aws.Config{
			Region:       defaultRegion,
			BaseEndpoint: &o.endpoint,
			Credentials:  credentials.NewStaticCredentialsProvider(o.key, o.secret, ""),
			HTTPClient:   o.client,
		}, nil
	}
	return config.LoadDefaultConfig(ctx,
		config.WithHTTPClient(o.client),
		config.WithDefaultRegion(defaultRegion),
		// The SDK would write to standard error, past the program's manners.
		config.WithLogger(logging.Nop{}))
}

// service settles what the SDK's chain leaves open.
func (o *options) service(s *s3.Options) {
	s.Logger = logging.Nop{}
	s.DisableLogOutputChecksumValidationSkipped = true
	s.HTTPClient = attempts{s.HTTPClient, attemptTimeout}
	s.Credentials = chain{s.Credentials}
	if s.BaseEndpoint != nil {
		s.UsePathStyle = true
		s.RequestChecksumCalculation = aws.RequestChecksumCalculationWhenRequired
		s.ResponseChecksumValidation = aws.ResponseChecksumValidationWhenRequired
	}
	if o.backoff != nil {
		s.Retryer = retry.NewStandard(func(r *retry.StandardOptions) {
			r.Backoff = retry.BackoffDelayerFunc(func(attempt int, _ error) (time.Duration, error) {
				return o.backoff(attempt), nil
			})
		})
	}
}

// chain marks the errors of the credential chain, which otherwise look like
// those of the store.
type chain struct{ aws.CredentialsProvider }

// Retrieve implements [aws.CredentialsProvider].
func (c chain) Retrieve(ctx context.Context) (aws.Credentials, error) {
	creds, err := c.CredentialsProvider.Retrieve(ctx)
	if err != nil {
		return creds, &credentialsError{err}
	}
	return creds, nil
}
