package s3store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"auto-consul/lib/registry"
)

// S3's error codes, as far as they are told apart.
const (
	noSuchKey    = "NoSuchKey"
	noSuchBucket = "NoSuchBucket"
	notFound     = "NotFound" // the SDK's own, for a 404 without a body
	skewed       = "RequestTimeTooSkewed"
)

var errNoDate = errors.New("the store's answer has no date")

// opError is one failed request, in one line. It unwraps to its kind and to
// nothing else: beneath may lie any error, also one of a missing settings file,
// and none of those may pass for a missing object.
type opError struct {
	op, url, text string
	kind          error // see [registry.Store]; a context's error; or nil
}

func (e *opError) Error() string { return fmt.Sprintf("%s %s: %s", e.op, e.url, e.text) }

// Unwrap returns the error's kind.
func (e *opError) Unwrap() error { return e.kind }

// credentialsError reports that the chain found no credentials, or could not renew
// them.
type credentialsError struct{ err error }

func (e *credentialsError) Error() string { return e.err.Error() }

// fail turns the SDK's error about a key into an [opError]; nil stays nil.
func (s *Store) fail(ctx context.Context, op, key string, err error) error {
	if err == nil {
		return nil
	}
	e := &opError{op: op, url: "s3://" + s.bucket + "/" + s.prefix + key}
	var creds *credentialsError
	switch resp := response(err); {
	case resp != nil:
		e.text, e.kind = answered(op, resp.StatusCode, err)
		e.text += s.elsewhere(resp)
	case ctx.Err() != nil:
		e.text, e.kind = ctx.Err().Error(), ctx.Err()
	case errors.As(err, &creds):
		e.text = "no usable AWS credentials: " + line(creds.Error())
		e.kind = registry.ErrDenied
	case errors.Is(err, registry.ErrTooLarge):
		e.text, e.kind = err.Error(), registry.ErrTooLarge
	default:
		e.text = line(cause(err).Error())
	}
	return e
}

// answered returns what an error that the store itself sent means.
func answered(op string, status int, err error) (text string, kind error) {
	code := code(err)
	reads, writes := op == "get" || op == "download", op == "swap" || op == "upload" // with a condition
	switch {
	case code == noSuchBucket:
		return "bucket does not exist", nil
	case code == noSuchKey && (reads || writes):
		return "no such object", fs.ErrNotExist
	case denied(status, code):
		return fmt.Sprintf("%v (%s)", registry.ErrDenied, naming(code, status)), registry.ErrDenied
	case !writes:
		return describe(status, err), nil
	case status == http.StatusPreconditionFailed, status == http.StatusConflict:
		return fmt.Sprintf("%v (%s)", registry.ErrConflict, naming(code, status)), registry.ErrConflict
	case status == http.StatusNotImplemented, code == "NotImplemented":
		return registry.ErrUnconditional.Error(), registry.ErrUnconditional
	}
	return describe(status, err), nil
}

// denied reports whether the store refuses this caller. A clock that is too far
// off is answered with 403 as well, but is nobody's missing right.
func denied(status int, code string) bool {
	if status == http.StatusUnauthorized || status == http.StatusForbidden {
		return code != skewed
	}
	return slices.Contains([]string{
		"AccessDenied", "XAdminUserNotFound", // versitygw's word for an unknown key
		"InvalidAccessKeyId", "SignatureDoesNotMatch",
		"ExpiredToken", "InvalidToken", "TokenRefreshRequired",
	}, code)
}

// gone reports whether a delete failed because there is nothing to delete.
func gone(err error) bool { return code(err) == noSuchKey || code(err) == notFound }

// code returns the store's error code, empty if there is none.
func code(err error) string {
	var e smithy.APIError
	if !errors.As(err, &e) {
		return ""
	}
	return e.ErrorCode()
}

// response returns the store's answer that an error holds, nil where none came.
func response(err error) *http.Response {
	var e *smithyhttp.ResponseError
	if !errors.As(err, &e) || e.Response == nil || e.Response.Response == nil || e.HTTPStatusCode() == 0 {
		return nil
	}
	return e.Response.Response
}

// errorTime returns the Date of an answer that is an error.
func errorTime(err error) (time.Time, error) {
	resp := response(err)
	if resp == nil {
		return time.Time{}, errNoDate
	}
	t, err := http.ParseTime(resp.Header.Get("Date"))
	if err != nil {
		return time.Time{}, errNoDate
	}
	return t.UTC(), nil
}

// elsewhere returns the remedy where the answer names another region.
func (s *Store) elsewhere(resp *http.Response) string {
	region := resp.Header.Get("X-Amz-Bucket-Region")
	if region == "" || region == s.client.Options().Region {
		return ""
	}
	return fmt.Sprintf("; the bucket is in region %s (AWS_REGION)", line(region))
}

// describe returns the text of an answer that has no meaning of its own here.
func describe(status int, err error) string {
	var e smithy.APIError
	if !errors.As(err, &e) {
		return fmt.Sprintf("status %d without an S3 error", status)
	}
	return line(fmt.Sprintf("%s (status %d): %s", naming(e.ErrorCode(), status), status, e.ErrorMessage()))
}

func naming(code string, status int) string {
	if code == "" {
		return fmt.Sprintf("status %d", status)
	}
	return line(code)
}

// cause returns an error without what the SDK and the HTTP client wrap around it.
func cause(err error) error {
	var send *smithyhttp.RequestSendError
	if errors.As(err, &send) {
		err = send.Err
	}
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	return err
}

// line returns a text from outside as one short line.
func line(text string) string {
	const most = 300
	text = strings.Join(strings.Fields(text), " ")
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + "…"
	}
	return text
}
